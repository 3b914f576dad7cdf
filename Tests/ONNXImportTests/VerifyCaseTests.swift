import Faults
import InfercamTestSupport
import ONNXImport
import Tensors
import Testing

struct VerifyCaseTests {
  private static func tensor(_ values: [Float], dims: [Int]) -> [UInt8] {
    TensorMessageTests.tensor(type: 1, dims: dims) { $0.raw(9, rawBytes(values)) }
  }

  private static func report(
    expected: [Float], dims: [Int] = [1, 2], tolerance: Tolerance = Tolerance()
  ) throws -> VerifyReport {
    try verify(
      model: ImportModelTests.small(), inputs: [tensor([1, 8], dims: [1, 2])],
      outputs: [tensor(expected, dims: dims)], tolerance: tolerance)
  }

  @Test
  func `the expected output passes`() throws {
    #expect(try Self.report(expected: [2, 4]).passed)
    #expect(try Self.report(expected: [2.001, 4.003]).passed)
  }

  @Test
  func `a wrong output fails and its difference is told`() throws {
    let report = try Self.report(expected: [2, 4.5])
    #expect(!report.passed)
    #expect(report.outputs[0].name == "y")
    #expect(report.outputs[0].differing == 1)
    #expect(report.outputs[0].maxAbsoluteDifference == 0.5)
    #expect(try Self.report(expected: [2, 4.5], tolerance: Tolerance(rtol: 0.2)).passed)
    #expect(try Self.report(expected: [2, 4.5], tolerance: Tolerance(atol: 0.5)).passed)
  }

  @Test
  func `a wrong shape fails`() throws {
    let report = try Self.report(expected: [2, 4], dims: [2])
    #expect(report.outputs[0].mismatch?.contains("expected float32[2]") == true)
  }

  @Test(
    arguments: [
      ([Float.nan], [Float.nan], true), ([.infinity], [.infinity], true),
      ([.infinity], [-.infinity], false), ([1], [.nan], false), ([.nan], [1], false),
      ([1], [.infinity], false),
    ] as [([Float], [Float], Bool)])
  func `numbers that are not finite equal only themselves`(
    actual: [Float], expected: [Float], passes: Bool
  ) throws {
    let compared = try compare(
      Tensor(actual, shape: [1]), with: Tensor(expected, shape: [1]), name: "y",
      tolerance: Tolerance())
    #expect(compared.passed == passes)
  }

  @Test
  func `an integer input decides a shape`() throws {
    var model = ModelBytes()
    model.input("x", ["N", 4])
    model.input("shape", type: 7, [2])
    model.node("Reshape", ["x", "shape"], ["y"])
    model.output("y")
    let shape = TensorMessageTests.tensor(type: 7, dims: [2]) { $0.packed(7, [2, 2]) }
    let report = try verify(
      model: model.bytes(), inputs: [Self.tensor([1, 2, 3, 4], dims: [1, 4]), shape],
      outputs: [Self.tensor([1, 2, 3, 4], dims: [2, 2])])
    #expect(report.passed)
  }

  @Test
  func `a case with more inputs than the model is refused`() {
    let x = Self.tensor([1, 8], dims: [1, 2])
    #expect(throws: Fault.self) {
      try verify(model: ImportModelTests.small(), inputs: [x, x], outputs: [])
    }
  }
}
