import Faults
import Graphs
import InfercamTestSupport
import Tensors
import Testing

struct ElementwiseGradientTests {
  @Test(arguments: binaryCases + unaryCases)
  func `an elementwise rule agrees with central differences`(_ test: ArrayGradientCase) throws {
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

  static let binaryCases: [ArrayGradientCase] = {
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
      ArrayGradientCase("Add by channel", Add(), [channels, scale]),
      ArrayGradientCase("Add from the left", Add(), [row, channels]),
      ArrayGradientCase("Sub by channel", Sub(), [channels, scale]),
      ArrayGradientCase("Mul by channel", Mul(), [channels, scale]),
      ArrayGradientCase("Mul by outer product", Mul(), [seeded.uniform([3, 1]), row]),
      ArrayGradientCase("Div by row", Div(), [channels, row]),
      ArrayGradientCase("Pow", Pow(), [base, exponent]),
      ArrayGradientCase(
        "Where", Where(), [mask, seeded.uniform([2, 1]), seeded.uniform([2, 3])]),
      ArrayGradientCase("Min of three", Min(), [distinct, seeded.uniform([1], in: 0.001...0.004)]),
      ArrayGradientCase("Max along rows", Max(), [ranked, seeded.uniform([4], in: 2...3), ranked]),
      ArrayGradientCase("Mean", Mean(), [channels, row, seeded.uniform([])]),
      ArrayGradientCase("Sum", Sum(), [channels, row]),
    ]
  }()

  static let unaryCases: [ArrayGradientCase] = {
    var seeded = SeededTensors(seed: 2)
    let any = seeded.awayFromZero([2, 5])
    let positive = seeded.uniform([7], in: 0.5...2)
    let unit = seeded.uniform([7], in: -0.8...0.8)
    let aboveOne = seeded.uniform([7], in: 1.2...2)
    let fractions = seeded.uniform([5], in: 0.1...0.4)
    return [
      ArrayGradientCase("Neg", Neg(), [any]), ArrayGradientCase("Abs", Abs(), [any]),
      ArrayGradientCase("Sign", Sign(), [any]), ArrayGradientCase("Sqrt", Sqrt(), [positive]),
      ArrayGradientCase("Reciprocal", Reciprocal(), [positive]),
      ArrayGradientCase("Exp", Exp(), [any]),
      ArrayGradientCase("Log", Log(), [positive]), ArrayGradientCase("Floor", Floor(), [fractions]),
      ArrayGradientCase("Ceil", Ceil(), [fractions]),
      ArrayGradientCase("Round", Round(), [fractions]),
      ArrayGradientCase("Sin", Sin(), [any]), ArrayGradientCase("Cos", Cos(), [any]),
      ArrayGradientCase("Tan", Tan(), [unit]), ArrayGradientCase("Asin", Asin(), [unit]),
      ArrayGradientCase("Acos", Acos(), [unit]), ArrayGradientCase("Atan", Atan(), [any]),
      ArrayGradientCase("Sinh", Sinh(), [any]), ArrayGradientCase("Cosh", Cosh(), [any]),
      ArrayGradientCase("Asinh", Asinh(), [any]), ArrayGradientCase("Acosh", Acosh(), [aboveOne]),
      ArrayGradientCase("Atanh", Atanh(), [unit]), ArrayGradientCase("Identity", Identity(), [any]),
      ArrayGradientCase("Cast to itself", Cast(to: .float64), [any]),
    ]
  }()
}
