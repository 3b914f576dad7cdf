import Faults
import Graphs
import InfercamTestSupport
import Tensors
import Testing

struct IntegerOperatorTests {
  private static func first(_ op: any Operator, _ inputs: [Tensor?]) throws -> Tensor {
    try op.outputs(of: inputs)[0]
  }

  @Test
  func `padding counts as the zero point, and each filter has its own`() throws {
    let x = Tensor([2, 3, 4, 5] as [UInt8], shape: [1, 1, 2, 2])
    let weight = Tensor([1, 1, 1, 1, -1, 0, 0, 3] as [Int8], shape: [2, 1, 2, 2])
    let sums = try Self.first(
      ConvInteger(Conv(pads: [1, 1, 0, 0])),
      [x, weight, Tensor(scalar: UInt8(2)), Tensor([0, 1] as [Int8], shape: [2])])
    // x without its zero point: 0 1 / 2 3; the second filter: -2 -1 / -1 2.
    #expect(sums.elements(of: Int32.self) == [0, 1, 2, 6, 0, 2, 4, 3])
  }

  @Test
  func `sums of many large products are exact`() throws {
    let count = 3001
    let a = Tensor([UInt8](repeating: 255, count: count), shape: [1, count])
    let b = Tensor([UInt8](repeating: 255, count: count), shape: [count, 1])
    let sum = try Self.first(MatMulInteger(), [a, b])
    #expect(sum.elements(of: Int32.self) == [Int32(count) * 65025])
  }

  @Test
  func `sums beyond 32 bits wrap around`() throws {
    let count = 40000
    let a = Tensor([UInt8](repeating: 255, count: count), shape: [1, count])
    let b = Tensor([UInt8](repeating: 255, count: count), shape: [count, 1])
    let sum = try Self.first(MatMulInteger(), [a, b])
    #expect(sum.elements(of: Int32.self) == [Int32(truncatingIfNeeded: count * 65025)])
  }

  @Test
  func `rows and columns have zero points of their own`() throws {
    let a = Tensor([1, 2, 3, 4] as [UInt8], shape: [2, 2])
    let b = Tensor([1, 0, 0, 1] as [Int8], shape: [2, 2])
    let product = try Self.first(
      MatMulInteger(),
      [a, b, Tensor([1, 3] as [UInt8], shape: [2]), Tensor([0, 1] as [Int8], shape: [2])])
    // a: 0 1 / 0 1, b: 1 -1 / 0 0.
    #expect(product.elements(of: Int32.self) == [0, 0, 0, 0])
    let plain = try Self.first(MatMulInteger(), [a, b, nil, Tensor([0, 1] as [Int8], shape: [2])])
    #expect(plain.elements(of: Int32.self) == [1, -1, 3, -3])
  }

  @Test
  func `a dynamic scale holds zero, and zeros get a scale of one`() throws {
    let x = Tensor([Float(1), 2, 5.1], shape: [3])
    let outputs = try DynamicQuantizeLinear().outputs(of: [x])
    #expect(outputs[0].elements(of: UInt8.self) == [50, 100, 255])
    #expect(outputs[1].elements(of: Float.self) == [5.1 / 255])
    #expect(outputs[2].elements(of: UInt8.self) == [0])
    let zeros = try DynamicQuantizeLinear().outputs(of: [Tensor(zeros: .float32, [2])])
    #expect(zeros[0].elements(of: UInt8.self) == [0, 0])
    #expect(zeros[1].elements(of: Float.self) == [1])
  }

  @Test
  func `products are rounded half to even before the zero point is added, and clamped`() throws {
    let weight = Tensor([1, 3, 5, 127] as [Int8], shape: [1, 4])
    let inputs: [Tensor?] = [
      Tensor([1] as [UInt8], shape: [1, 1]), Tensor(scalar: Float(0.5)), Tensor(scalar: UInt8(0)),
      weight, Tensor(scalar: Float(1)), Tensor(scalar: Int8(0)), Tensor(scalar: Float(1)),
      Tensor(scalar: Int8(101)),
    ]
    let y = try Self.first(QLinearMatMul(), inputs)
    #expect(y.elements(of: Int8.self) == [101, 103, 103, 127])
  }

  @Test(arguments: Self.refused)
  func `operands that do not fit are refused`(_ change: (index: Int, tensor: Tensor)) throws {
    var inputs = try Self.convolution()
    inputs[change.index] = change.tensor
    let fault = #expect(throws: Fault.self) { try Self.first(QLinearConv(Conv()), inputs) }
    #expect(fault?.code == .modelInvalid)
  }

  static let refused: [(index: Int, tensor: Tensor)] = [
    (0, Tensor(zeros: .int16, [1, 2, 3, 3])), (1, Tensor(zeros: .float32, [2])),
    (2, Tensor(scalar: Int8(0))), (4, Tensor(zeros: .float32, [2])),
    (5, Tensor(scalar: UInt8(0))), (6, Tensor(scalar: Int32(1))), (7, Tensor(scalar: Int16(0))),
    (8, Tensor(zeros: .float32, [3])),
  ]

  /// The operands of a convolution of 2 channels with 3 filters of 2 x 2.
  private static func convolution(bias: Bool = true) throws -> [Tensor?] {
    var seeded = SeededTensors(seed: 7)
    return [
      seeded.integers([1, 2, 3, 3], in: 0...255, of: UInt8.self), Tensor(scalar: Float(0.02)),
      Tensor(scalar: UInt8(120)), seeded.integers([3, 2, 2, 2], in: -128...127, of: Int8.self),
      Tensor([Float(0.01), 0.02, 0.03], shape: [3]), Tensor([1, 0, -1] as [Int8], shape: [3]),
      Tensor(scalar: Float(0.1)), Tensor(scalar: UInt8(100)),
      bias ? Tensor([100, -200, 5000] as [Int32], shape: [3]) : nil,
    ]
  }

  @Test
  func `a quantised convolution is that of the dequantised tensors, and so is its gradient`() throws
  {
    let inputs = try Self.convolution()
    let y = try Self.first(QLinearConv(Conv()), inputs)
    let x = try Self.first(DequantizeLinear(), Array(inputs[0...2]))
    let weight = try Self.first(DequantizeLinear(axis: 0), Array(inputs[3...5]))
    let bias = try #require(inputs[8]).elements(of: Int32.self)
    let scales: [Float] = [0.01, 0.02, 0.03]
    let realBias = Tensor(zip(bias, scales).map { Float($0) * 0.02 * $1 }, shape: [3])
    let real = try Self.first(Conv(), [x, weight, realBias])
    let scale = Tensor(scalar: Float(0.1))
    let zeroPoint = Tensor(scalar: UInt8(100))
    let expected = try Self.first(QuantizeLinear(), [real, scale, zeroPoint])
    for (a, b) in zip(y.elements(of: UInt8.self), expected.elements(of: UInt8.self)) {
      // Float products of the real numbers may fall on the other side of a half.
      #expect(abs(Int(a) - Int(b)) <= 1)
    }
    #expect(y.elements(of: UInt8.self).contains { $0 > 0 && $0 < 255 })

    let ones = Tensor([Float](repeating: 1, count: y.elementCount), shape: y.shape)
    let gradient = try QLinearConv(Conv()).backward(
      BackwardPass(
        inputs: inputs, outputs: [y], outputGradients: [ones],
        wanted: [true] + [Bool](repeating: false, count: 8)))
    let throughQuantise = try QuantizeLinear().backward(
      BackwardPass(
        inputs: [real, scale, zeroPoint], outputs: [expected], outputGradients: [ones],
        wanted: [true, false, false]))
    let throughConv = try Conv().backward(
      BackwardPass(
        inputs: [x, weight, realBias], outputs: [real], outputGradients: [throughQuantise[0]],
        wanted: [true, false, false]))
    let wanted = try #require(throughConv[0]).elements(of: Float.self).map { $0 * 0.02 }
    let found = try #require(gradient[0]).elements(of: Float.self)
    #expect(relativeDifference(found, wanted) < 1e-5)
  }

  @Test
  func `the gradient of a quantised product is that of its factor`() throws {
    let inputs: [Tensor?] = [
      Tensor([3, 5] as [UInt8], shape: [1, 2]), Tensor(scalar: Float(0.5)),
      Tensor(scalar: UInt8(1)), Tensor([2, 100, -3, 100] as [Int8], shape: [2, 2]),
      Tensor(scalar: Float(2)), Tensor(scalar: Int8(1)), Tensor(scalar: Float(1)),
      Tensor(scalar: Int8(0)),
    ]
    let y = try Self.first(QLinearMatMul(), inputs)
    #expect(y.elements(of: Int8.self) == [-14, 127])
    let gradient = try QLinearMatMul().backward(
      BackwardPass(
        inputs: inputs, outputs: [y],
        outputGradients: [Tensor([Float(1), 1], shape: [1, 2])],
        wanted: [true] + [Bool](repeating: false, count: 7)))
    // The second column is clamped.
    #expect(gradient[0]?.elements(of: Float.self) == [1, -4])
  }

  @Test
  func `a dynamically quantised product is refused as a way back, not taken for a zero`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 2])
    let weight = builder.constant("weight", Tensor([1, 2] as [Int8], shape: [2, 1]))
    let integers = builder.node(DynamicQuantizeLinear(), [x], output: "integers")
    let sums = builder.node(MatMulInteger(), [integers, weight], output: "sums")
    let y = builder.node(Cast(to: .float32), [sums], output: "y")
    let graph = try builder.finish(outputs: [y]).specialized()
    let fault = #expect(throws: Fault.self) { try ReverseWalk(graph, from: y, to: [x]) }
    #expect(fault?.code == .explainNotSupported)
    #expect(fault?.message.contains("DynamicQuantizeLinear") == true)
  }
}
