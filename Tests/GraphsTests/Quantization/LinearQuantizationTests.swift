import Faults
import Graphs
import InfercamTestSupport
import Tensors
import Testing

struct LinearQuantizationTests {
  private static func first(_ op: any Operator, _ inputs: [Tensor?]) throws -> Tensor {
    try op.outputs(of: inputs)[0]
  }

  @Test
  func `halves round to even and values are clamped`() throws {
    let x = Tensor([Float(0.5), 1.5, -2.5, 1000, -1000, .infinity], shape: [6])
    let quantized = try Self.first(
      QuantizeLinear(), [x, Tensor(scalar: Float(1)), Tensor(scalar: Int8(0))])
    #expect(quantized.elements(of: Int8.self) == [0, 2, -2, 127, -128, 127])
  }

  @Test
  func `a zero point moves the integers, which are unsigned without one`() throws {
    let x = Tensor([Float(-1), 0, 1], shape: [3])
    let scale = Tensor(scalar: Float(0.5))
    let moved = try Self.first(QuantizeLinear(), [x, scale, Tensor(scalar: UInt8(128))])
    #expect(moved.elements(of: UInt8.self) == [126, 128, 130])
    let plain = try Self.first(QuantizeLinear(), [x, scale])
    #expect(plain.elements(of: UInt8.self) == [0, 0, 2])
  }

  @Test
  func `each channel has its own scale and zero point`() throws {
    let x = Tensor([1, 2, 3, 4] as [Int8], shape: [1, 2, 2])
    let scale = Tensor([Float(1), 10], shape: [2])
    let zero = Tensor([1, 2] as [Int8], shape: [2])
    let y = try Self.first(DequantizeLinear(axis: 1), [x, scale, zero])
    #expect(y.elements(of: Float.self) == [0, 1, 10, 20])
    let last = try Self.first(DequantizeLinear(axis: -1), [x, scale, zero])
    #expect(last.elements(of: Float.self) == [0, 0, 2, 20])
  }

  @Test(arguments: [[3], [2, 1]] as [Shape])
  func `a scale of another shape is refused`(shape: Shape) {
    let x = Tensor([1, 2, 3, 4] as [Int8], shape: [1, 2, 2])
    let scale = Tensor([Float](repeating: 1, count: shape.elementCount), shape: shape)
    #expect(throws: Fault.self) { try Self.first(DequantizeLinear(), [x, scale]) }
  }

  @Test
  func `gradients pass straight through a pair, but not where it clamps`() throws {
    let x = Tensor([Float(0.3), -0.7, 400, -400], shape: [4])
    let scale = Tensor(scalar: Float(0.5))
    let zero = Tensor(scalar: Int8(3))
    let ones = Tensor([Float](repeating: 1, count: 4), shape: [4])
    let quantized = try Self.first(QuantizeLinear(), [x, scale, zero])
    let restored = try Self.first(DequantizeLinear(), [quantized, scale, zero])
    let inner = try DequantizeLinear().backward(
      BackwardPass(
        inputs: [quantized, scale, zero], outputs: [restored], outputGradients: [ones],
        wanted: [true, false, false]))
    let outer = try QuantizeLinear().backward(
      BackwardPass(
        inputs: [x, scale, zero], outputs: [quantized], outputGradients: [inner[0]],
        wanted: [true, false, false]))
    #expect(outer[0]?.elements(of: Float.self) == [1, 1, 0, 0])
  }
}
