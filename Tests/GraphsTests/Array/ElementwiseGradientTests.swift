import Faults
import Graphs
import InfercamTestSupport
import Tensors
import Testing

/// An operator with inputs at which its gradient rule is compared with central differences.
struct GradientCase: CustomTestStringConvertible, Sendable {
  let name: String
  let op: any Operator
  let inputs: [Tensor?]

  init(_ name: String, _ op: any Operator, _ inputs: [Tensor?]) {
    self.name = name
    self.op = op
    self.inputs = inputs
  }

  var testDescription: String { name }
}

struct ElementwiseGradientTests {
  @Test(arguments: binaryCases + unaryCases)
  func `an elementwise rule agrees with central differences`(_ test: GradientCase) throws {
    let mismatches = try GradientCheck().mismatches(of: test.op, inputs: test.inputs)
    #expect(mismatches.isEmpty, "\(mismatches.prefix(3))")
  }

  @Test func `a gradient that is not wanted is not computed`() throws {
    var seeded = SeededTensors(seed: 4)
    let (a, b) = (seeded.uniform([2]), seeded.uniform([2]))
    let gradients = try Mul().backward(
      BackwardPass(
        inputs: [a, b], outputs: try Mul().outputs(of: [a, b]), outputGradients: [a],
        wanted: [false, true]))
    #expect(gradients[0] == nil)
    #expect(gradients[1]?.shape == [2])
  }

  @Test func `operators without a rule say so`() {
    let zero = Tensor(zeros: .int32, [1])
    #expect(throws: Fault.self) {
      try BitwiseNot().backward(
        BackwardPass(inputs: [zero], outputs: [zero], outputGradients: [zero], wanted: [true]))
    }
  }

  static let binaryCases: [GradientCase] = {
    var seeded = SeededTensors(seed: 1)
    let channels = seeded.uniform([2, 3, 2, 2])
    let scale = seeded.uniform([1, 3, 1, 1], in: 0.5...2)
    let row = seeded.uniform([2], in: 0.5...2)
    let base = seeded.uniform([2, 3], in: 0.5...2)
    let exponent = seeded.uniform([3], in: -2...2)
    let mask = Tensor([true, false, true], shape: [3])
    let distinct = seeded.distinct([3, 2, 2])
    let ranked = seeded.distinct([3, 4])
    return [
      GradientCase("Add by channel", Add(), [channels, scale]),
      GradientCase("Add from the left", Add(), [row, channels]),
      GradientCase("Sub by channel", Sub(), [channels, scale]),
      GradientCase("Mul by channel", Mul(), [channels, scale]),
      GradientCase("Mul by outer product", Mul(), [seeded.uniform([3, 1]), row]),
      GradientCase("Div by row", Div(), [channels, row]),
      GradientCase("Pow", Pow(), [base, exponent]),
      GradientCase("Where", Where(), [mask, seeded.uniform([2, 1]), seeded.uniform([2, 3])]),
      GradientCase("Min of three", Min(), [distinct, seeded.uniform([1], in: 0.001...0.004)]),
      GradientCase("Max along rows", Max(), [ranked, seeded.uniform([4], in: 2...3), ranked]),
      GradientCase("Mean", Mean(), [channels, row, seeded.uniform([])]),
      GradientCase("Sum", Sum(), [channels, row]),
    ]
  }()

  static let unaryCases: [GradientCase] = {
    var seeded = SeededTensors(seed: 2)
    let any = seeded.awayFromZero([2, 5])
    let positive = seeded.uniform([7], in: 0.5...2)
    let unit = seeded.uniform([7], in: -0.8...0.8)
    let aboveOne = seeded.uniform([7], in: 1.2...2)
    let fractions = seeded.uniform([5], in: 0.1...0.4)
    return [
      GradientCase("Neg", Neg(), [any]), GradientCase("Abs", Abs(), [any]),
      GradientCase("Sign", Sign(), [any]), GradientCase("Sqrt", Sqrt(), [positive]),
      GradientCase("Reciprocal", Reciprocal(), [positive]), GradientCase("Exp", Exp(), [any]),
      GradientCase("Log", Log(), [positive]), GradientCase("Floor", Floor(), [fractions]),
      GradientCase("Ceil", Ceil(), [fractions]), GradientCase("Round", Round(), [fractions]),
      GradientCase("Sin", Sin(), [any]), GradientCase("Cos", Cos(), [any]),
      GradientCase("Tan", Tan(), [unit]), GradientCase("Asin", Asin(), [unit]),
      GradientCase("Acos", Acos(), [unit]), GradientCase("Atan", Atan(), [any]),
      GradientCase("Sinh", Sinh(), [any]), GradientCase("Cosh", Cosh(), [any]),
      GradientCase("Asinh", Asinh(), [any]), GradientCase("Acosh", Acosh(), [aboveOne]),
      GradientCase("Atanh", Atanh(), [unit]), GradientCase("Identity", Identity(), [any]),
      GradientCase("Cast to itself", Cast(to: .float64), [any]),
    ]
  }()
}
