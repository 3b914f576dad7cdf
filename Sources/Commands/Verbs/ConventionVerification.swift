import Execution
import Faults
import FileAccess
import Graphs
import JSON
import ONNXImport
import Tensors

/// Test data of the ONNX convention: `test_data_set_*` with `input_N.pb` and `output_N.pb`.
///
/// Each set runs by the operators' reference functions, and by the plan of the project's own kernels
/// where it can: a graph with one float32 input of one image.
struct ConventionVerification {
  private let tolerance: Tolerance

  init(_ arguments: Arguments) {
    tolerance = Tolerance(rtol: arguments.relativeTolerance, atol: arguments.absoluteTolerance)
  }

  /// The verdict on each set of a folder; none without `test_data_set_*`.
  func sets(in folder: RawPath) throws(Fault) -> [JSONValue] {
    var sets: [JSONValue] = []
    var model: [UInt8]?
    for name in try namesInDirectory(folder).sorted(by: {
      $0.bytes.lexicographicallyPrecedes($1.bytes)
    }) where name.identifier.hasPrefix("test_data_set_") {
      let bytes: [UInt8]
      if let model { bytes = model } else { bytes = try read(folder.appending("model.onnx")) }
      model = bytes
      sets.append(
        try verify(bytes, name.identifier, in: folder.appending(name)))
    }
    return sets
  }

  private func verify(
    _ model: [UInt8], _ name: String, in folder: RawPath
  ) throws(Fault) -> JSONValue {
    let inputs = try numbered("input_", in: folder)
    let outputs = try numbered("output_", in: folder)
    let report = try ONNXImport.verify(
      model: model, inputs: inputs, outputs: outputs, tolerance: tolerance)
    var members: [String: JSONValue] = [
      "set": .string(name), "outputs": .array(report.outputs.map(\.json)),
    ]
    var passed = report.passed
    do throws(Fault) {
      let plan = try ONNXImport.verify(
        model: model, inputs: inputs, outputs: outputs, tolerance: tolerance, run: runPlan)
      members["plan_outputs"] = .array(plan.outputs.map(\.json))
      passed = passed && plan.passed
    } catch {
      guard error.details["reason"] == .string(Self.noImage) else { throw error }
      members["plan_skipped"] = .string(error.message)
    }
    members["passed"] = .bool(passed)
    return .object(members)
  }

  private static let noImage = "no_image"

  /// Runs a graph of one image by the plan of the project's own kernels.
  private let runPlan: GraphRunner = { (graph, values) throws(Fault) in
    guard graph.inputs.count == 1, let (input, image) = values.first, values.count == 1,
      image.dtype == .float32, image.shape.rank == 4, image.shape[0] == 1
    else {
      throw Fault(
        .modelInvalid, "the graph has other inputs than one float32 image [1, C, H, W]",
        details: ["reason": .string(noImage)])
    }
    let outputs = graph.outputs
    let optimized = graph.optimized(keep: Set(outputs)).removingDeadNodes(keep: Set(outputs))
    let network = try Network(optimized, results: outputs, kernels: .auto)
    let workspace = network.makeWorkspace(maximumBatch: 1)
    workspace.setInput(image, image: 0)
    try network.run(images: 1, in: workspace)
    return outputs.reduce(into: [:]) { $0[$1] = workspace.result($1, image: 0).copy() }
  }

  /// The files `PREFIX0.pb`, `PREFIX1.pb` and so on, as far as they go.
  private func numbered(_ prefix: String, in folder: RawPath) throws(Fault) -> [[UInt8]] {
    var files: [[UInt8]] = []
    while true {
      let path = folder.appending("\(prefix)\(files.count).pb")
      guard try FileStamp(of: path) != nil else { return files }
      files.append(try read(path))
    }
  }

  private func read(_ path: RawPath) throws(Fault) -> [UInt8] {
    try readRegularFile(path, limit: 4 << 30).bytes
  }
}

extension VerifiedOutput {
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "passed": .bool(passed), "mismatch": JSONValue(mismatch),
      "differing": JSONValue(differing), "elements": JSONValue(elementCount),
      "max_abs_difference": .double(maxAbsoluteDifference),
    ]
  }
}
