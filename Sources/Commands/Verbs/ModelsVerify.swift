import Faults
import FileAccess
import JSON
import ONNXImport
import Options
import Requests

extension Verb {
  static let modelsVerify = Verb(
    VerbHelp(
      "models verify", "Run the test data that comes with an ONNX model", usage: "DIR… [FLAGS]",
      text: """
        DIR holds model.onnx and test_data_set_*/input_N.pb, output_N.pb. The exit status is 0 when \
        all outputs agree, 1 when one differs, 4 when the graph cannot run.
        """,
      examples: [("infercam models verify dir/ --rtol 1e-3 --atol 1e-4", "with wider tolerances")]),
    flags: Flag.tolerances, body: verifyModels)
}

private func verifyModels(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  guard !invocation.line.positionals.isEmpty else {
    throw Fault(.paramMissing, "name a folder with model.onnx and test_data_set_*")
  }
  var status = ExitStatus.success
  for word in invocation.line.positionals {
    let folder = RawPath(bytes: word)
    var members: [String: JSONValue] = ["dir": .string(folder.identifier)]
    do throws(Fault) {
      let sets = try verifySets(folder, invocation)
      let passed = sets.allSatisfy { $0["passed"]?.bool == true }
      members["sets"] = .array(sets)
      members["passed"] = .bool(passed)
      if !passed { status = max(status, ExitStatus.itemsFailed) }
    } catch {
      // With several folders each has its verdict; one alone fails as any command does.
      if invocation.line.positionals.count == 1 { throw error }
      members["passed"] = false
      members["error"] = error.errorObject(requestID: nil)
      status = max(status, ExitStatus.of(error))
    }
    let value = JSONValue.object(members)
    let isTable = invocation.printsTable
    try console.print(isTable ? sentence(value) : value.encodedText)
  }
  return status
}

private func verifySets(
  _ folder: RawPath, _ invocation: Invocation
) throws(Fault) -> [JSONValue] {
  let model = try readVerifyFile(folder.appending("model.onnx"))
  let tolerance = Tolerance(
    rtol: invocation.arguments.relativeTolerance, atol: invocation.arguments.absoluteTolerance)
  var sets: [JSONValue] = []
  for name in try namesInDirectory(folder) where name.identifier.hasPrefix("test_data_set_") {
    let data = folder.appending(name)
    let report = try verify(
      model: model, inputs: try numbered("input_", in: data),
      outputs: try numbered("output_", in: data), tolerance: tolerance)
    sets.append([
      "set": .string(name.identifier), "passed": .bool(report.passed),
      "outputs": .array(report.outputs.map(\.json)),
    ])
  }
  if sets.isEmpty {
    throw Fault(.inputNotFound, "\(folder.display) holds no test_data_set_*")
  }
  return sets
}

/// The files `PREFIX0.pb`, `PREFIX1.pb` and so on, as far as they go.
private func numbered(_ prefix: String, in folder: RawPath) throws(Fault) -> [[UInt8]] {
  var files: [[UInt8]] = []
  while true {
    let path = folder.appending("\(prefix)\(files.count).pb")
    guard try FileStamp(of: path) != nil else { return files }
    files.append(try readVerifyFile(path))
  }
}

private func readVerifyFile(_ path: RawPath) throws(Fault) -> [UInt8] {
  try readRegularFile(path, limit: 4 << 30).bytes
}

private func sentence(_ value: JSONValue) -> String {
  let verdict = value["passed"]?.bool == true ? "passed" : "FAILED"
  let outputs = (value["sets"]?.array ?? []).flatMap { $0["outputs"]?.array ?? [] }
  let differing = outputs.filter { $0["passed"]?.bool != true }.map { output in
    let reason =
      output["mismatch"]?.string
      ?? "\(output["differing"]?.int ?? 0) of \(output["elements"]?.int ?? 0) elements differ"
    return "\n  \(output["name"]?.string ?? ""): \(reason)"
  }
  let error = value["error"]?["message"]?.string.map { "\n  \($0)" } ?? ""
  return printable(value["dir"]?.string ?? "") + ": " + verdict + differing.joined() + error
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
