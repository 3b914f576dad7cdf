import InfercamTestSupport
import Testing

/// The ONNX operator conformance cases, counted: none may give a wrong result.
struct NodeSuiteTests {
  @Test(.enabled(if: SharedFolder.isPresent, "needs ../shared"))
  func `the node suite gives no wrong result and passes at least the known cases`() {
    var passed = 0
    var refused = 0
    var failures: [String] = []
    for name in NodeSuiteRunner.caseNames() {
      switch NodeSuiteRunner.run(name) {
      case .passed: passed += 1
      case .refused: refused += 1
      case .failed(let why): failures.append("\(name): \(why)")
      }
    }
    print("node suite: \(passed) passed, \(refused) refused, \(failures.count) failed")
    #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
    #expect(passed >= Self.passedFloor)
  }

  /// Raised whenever more cases pass.
  static let passedFloor = 949
}
