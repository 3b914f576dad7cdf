import Graphs
import InfercamTestSupport
import Tensors
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// An activation with its definition, and the places where its slope jumps.
private struct Case: CustomTestStringConvertible, Sendable {
  var op: any ActivationOperator
  var kinks: [Double] = []
  var definition: @Sendable (Double) -> Double

  var testDescription: String { op.opType }

  /// Numbers around zero, some large, none at a kink.
  var points: [Double] {
    var seeded = SeededTensors(seed: 21)
    let numbers = (0..<60).map { seeded.number(in: $0 % 3 == 0 ? -20...20 : -4...4) }
    return numbers.filter { number in kinks.allSatisfy { abs(number - $0) > 1e-3 } }
  }
}

private let cases = [
  Case(op: Relu(), kinks: [0]) { max($0, 0) },
  Case(op: LeakyRelu(alpha: 0.25), kinks: [0]) { max($0, 0) + 0.25 * min($0, 0) },
  Case(op: ThresholdedRelu(alpha: 1.5), kinks: [1.5]) { $0 > 1.5 ? $0 : 0 },
  Case(op: Elu(alpha: 2), kinks: [0]) { $0 > 0 ? $0 : 2 * (exp($0) - 1) },
  Case(op: Selu(alpha: 1.5, gamma: 1.25), kinks: [0]) {
    1.25 * ($0 > 0 ? $0 : 1.5 * (exp($0) - 1))
  },
  Case(op: Celu(alpha: 2)) { max($0, 0) + min(0, 2 * (exp($0 / 2) - 1)) },
  Case(op: Sigmoid()) { 1 / (1 + exp(-$0)) },
  Case(op: HardSigmoid(alpha: 0.25, beta: 0.5), kinks: [-2, 2]) {
    max(0, min(1, 0.25 * $0 + 0.5))
  },
  Case(op: HardSwish(), kinks: [-3, 3]) { $0 * max(0, min(1, $0 / 6 + 0.5)) },
  Case(op: Swish(alpha: 1.5)) { $0 / (1 + exp(-1.5 * $0)) },
  Case(op: Gelu()) { 0.5 * $0 * erfc(-$0 / 2.0.squareRoot()) },
  Case(op: Gelu(approximate: .tanh)) {
    0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)))
  },
  Case(op: Erf()) { erf($0) },
  Case(op: Tanh()) { tanh($0) },
  Case(op: Softplus()) { log1p(exp($0)) },
  Case(op: Softsign()) { $0 / (1 + abs($0)) },
  Case(op: Mish()) { $0 * tanh(log1p(exp($0))) },
  Case(op: Shrink(bias: 0.5, lambd: 1), kinks: [-1, 1]) {
    $0 < -1 ? $0 + 0.5 : $0 > 1 ? $0 - 0.5 : 0
  },
]

struct ActivationTests {
  @Test(arguments: cases)
  private func `an activation equals its definition`(_ test: Case) throws {
    let x = Tensor(test.points, shape: [test.points.count])
    let y = try test.op.outputs(of: [x])[0].elements(of: Double.self)
    for (point, value) in zip(test.points, y) {
      #expect(abs(value - test.definition(point)) < 1e-13 * (1 + abs(point)))
    }
  }

  @Test(arguments: cases)
  private func `float32 is as accurate as the type allows`(_ test: Case) throws {
    let points = test.points.map(Float.init)
    let x = Tensor(points, shape: [points.count])
    let y = try test.op.outputs(of: [x])[0].elements(of: Float.self)
    for (point, value) in zip(points, y) {
      let expected = test.definition(Double(point))
      #expect(abs(Double(value) - expected) < 5e-7 * (1 + abs(expected)))
    }
  }

  @Test(arguments: cases)
  private func `the gradient of an activation is that of central differences`(
    _ test: Case
  ) throws {
    let x = Tensor(test.points, shape: [test.points.count])
    try GradientCase(test.op, [x]).check()
  }

  @Test(arguments: cases)
  private func `NaN stays NaN`(_ test: Case) throws {
    let x = Tensor([Float.nan, 1], shape: [2])
    let y = try test.op.outputs(of: [x])[0].elements(of: Float.self)
    #expect(y[0].isNaN && !y[1].isNaN)
  }

  @Test func `the rectifier takes signed integers`() throws {
    let x = Tensor([-5, 0, 7] as [Int32], shape: [3])
    #expect(try Relu().outputs(of: [x])[0].elements(of: Int32.self) == [0, 0, 7])
  }

  @Test func `limits come from inputs before attributes`() throws {
    let x = Tensor([-2, 0.5, 9] as [Float], shape: [3])
    let op = Clip(min: 0, max: 6)
    #expect(try op.outputs(of: [x])[0].elements(of: Float.self) == [0, 0.5, 6])
    let lower = Tensor(scalar: Float(-1))
    #expect(try op.outputs(of: [x, lower, nil])[0].elements(of: Float.self) == [-1, 0.5, 6])
    let bytes = Tensor([1, 5, 9] as [UInt8], shape: [3])
    let limits = [Tensor(scalar: UInt8(2)), Tensor(scalar: UInt8(8))]
    #expect(
      try Clip().outputs(of: [bytes, limits[0], limits[1]])[0].elements(of: UInt8.self) == [
        2, 5, 8,
      ])
  }

  @Test func `where the limits cross the upper one counts`() throws {
    let x = Tensor([-2, 1.5, 9] as [Float], shape: [3])
    let y = try Clip().outputs(of: [x, Tensor(scalar: Float(2)), Tensor(scalar: Float(1))])[0]
    #expect(y.elements(of: Float.self) == [1, 1, 1])
  }

  @Test func `the gradient of a limit is zero at the limits and beyond`() throws {
    var seeded = SeededTensors(seed: 22)
    let limits = [Tensor(scalar: -2.0), Tensor(scalar: 2.0)]
    try GradientCase(
      Clip(), [seeded.awayFromZero([40], magnitudes: 0...1.9), limits[0], limits[1]]
    )
    .check()
    try GradientCase(Clip(min: 0, max: 6), [seeded.uniform([40], in: 0.1...12)]).check()
    let x = Tensor([-1, 0, 1, 6, 7] as [Double], shape: [5])
    let ones = Tensor([Double](repeating: 1, count: 5), shape: [5])
    let gradients = try Clip(min: 0, max: 6).backward(
      BackwardPass(inputs: [x], outputs: [x], outputGradients: [ones], wanted: [true]))
    #expect(gradients[0]?.elements(of: Double.self) == [0, 0, 1, 0, 0])
  }
}
