import Faults
import InfercamTestSupport
import ONNXImport

/// What became of one case of the ONNX node suite.
enum NodeOutcome: Hashable {
  case passed
  /// Outside the supported operators or types, with the reason.
  case refused(String)
  /// Run, with a wrong result.
  case failed(String)
}

/// Runs cases of the ONNX node suite with the reference executor.
enum NodeSuiteRunner {
  static func caseNames() -> [String] {
    guard let folder = SharedFolder.path else { return [] }
    return Files.names(in: folder + "/onnx/node").sorted()
  }

  static func run(_ name: String) -> NodeOutcome {
    guard let folder = SharedFolder.path else { return .refused("no shared folder") }
    let path = folder + "/onnx/node/\(name)"
    guard let model = Files.bytes(of: path + "/model.onnx") else { return .failed("no model") }
    do throws(Fault) {
      let report = try verify(
        model: model, inputs: numbered("input", path), outputs: numbered("output", path),
        tolerance: tolerance(of: name))
      guard !report.passed else { return .passed }
      let worst = report.outputs.first { !$0.passed }
      return .failed(
        worst.map {
          $0.mismatch
            ?? "\($0.differing) of \($0.elementCount) differ by up to \($0.maxAbsoluteDifference)"
        } ?? "")
    } catch {
      return .refused("\(error)")
    }
  }

  /// The expected values of float16 attention round every step of their softmax to float16, which
  /// moves a result by two units in the last place.
  private static func tolerance(of name: String) -> Tolerance {
    name.contains("attention") && name.contains("fp16") ? Tolerance(rtol: 2e-3) : Tolerance()
  }

  private static func numbered(_ stem: String, _ path: String) -> [[UInt8]] {
    var files: [[UInt8]] = []
    while let bytes = Files.bytes(of: "\(path)/test_data_set_0/\(stem)_\(files.count).pb") {
      files.append(bytes)
    }
    return files
  }
}
