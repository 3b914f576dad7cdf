import Graphs
import InfercamTestSupport
import Tensors
import Testing

#if canImport(Glibc)
import Glibc
#endif

private let gradients = gradientCases(seed: 51) { seeded in
  [
    GradientCase(Softmax(), [seeded.uniform([3, 5])]),
    GradientCase(Softmax(axis: 1), [seeded.uniform([2, 4, 3])], "over an inner axis"),
    GradientCase(Softmax(axis: 1, flattens: true), [seeded.uniform([2, 4, 3])], "flattened"),
    GradientCase(LogSoftmax(axis: 0), [seeded.uniform([4, 3])]),
    GradientCase(LogSoftmax(), [seeded.uniform([2, 7])], "of rows"),
    GradientCase(
      PRelu(), [seeded.awayFromZero([2, 3, 4]), seeded.uniform([3, 1])]),
    GradientCase(Dropout(), [seeded.uniform([4])]),
    GradientCase(Dropout(hasMask: true), [seeded.uniform([4])], "with a mask"),
  ]
}

struct SoftmaxTests {
  @Test(arguments: gradients)
  func `the gradient is that of central differences`(_ test: GradientCase) throws {
    try test.check()
  }

  @Test(arguments: [0, 1, 2, -1])
  func `the vectors along an axis sum to one`(_ axis: Int) throws {
    var seeded = SeededTensors(seed: 52)
    let x = seeded.uniform([2, 3, 4], in: -30...30)
    let y = try Softmax(axis: axis).outputs(of: [x])[0].elements(of: Double.self)
    let logarithms = try LogSoftmax(axis: axis).outputs(of: [x])[0].elements(of: Double.self)
    let extents = [2, 3, 4]
    let positive = axis < 0 ? axis + 3 : axis
    let step = extents[(positive + 1)...].reduce(1, *)
    for first in y.indices where first / step % extents[positive] == 0 {
      let places = (0..<extents[positive]).map { first + $0 * step }
      #expect(abs(places.reduce(0) { $0 + y[$1] } - 1) < 1e-14)
      let total = places.reduce(0.0) { $0 + exp(x.elements(of: Double.self)[$1]) }
      for place in places {
        #expect(abs(y[place] - exp(x.elements(of: Double.self)[place]) / total) < 1e-14)
        #expect(abs(exp(logarithms[place]) - y[place]) < 1e-14)
      }
    }
  }

  @Test func `before version 13 all axes from the given one on form a vector`() throws {
    let x = Tensor([Float](repeating: 3, count: 24), shape: [2, 3, 4])
    let y = try Softmax(axis: 1, flattens: true).outputs(of: [x])[0]
    #expect(y.elements(of: Float.self) == [Float](repeating: 1 / 12, count: 24))
    let past = try Softmax(axis: 3, flattens: true).outputs(of: [x])[0]
    #expect(past.elements(of: Float.self) == [Float](repeating: 1, count: 24))
  }

  @Test func `large logits do not overflow and a NaN spreads`() throws {
    let x = Tensor([1000, 1000, .nan, 0] as [Float], shape: [2, 2])
    let y = try Softmax().outputs(of: [x])[0].elements(of: Float.self)
    #expect(y[..<2] == [0.5, 0.5])
    #expect(y[2].isNaN && y[3].isNaN)
  }

  @Test func `a thousand classes sum to one in float32`() throws {
    var seeded = SeededTensors(seed: 53)
    let x = seeded.uniform([1000], in: -10...10, of: Float.self)
    let y = try Softmax().outputs(of: [x])[0].elements(of: Float.self)
    let logits = x.elements(of: Float.self).map { exp(Double($0)) }
    let total = logits.reduce(0, +)
    for (value, logit) in zip(y, logits) {
      // The differences of the logits, up to 20, are rounded to 24 bits before `exp`.
      #expect(abs(Double(value) - logit / total) < 2e-6 * (logit / total))
    }
  }

  @Test func `the first of equal maxima is the hard one`() throws {
    let x = Tensor([1, 3, 3, 0] as [Float], shape: [1, 4])
    let op = Hardmax()
    #expect(try op.outputs(of: [x])[0].elements(of: Float.self) == [0, 1, 0, 0])
    #expect(throws: (any Error).self) {
      try op.backward(
        BackwardPass(inputs: [x], outputs: [x], outputGradients: [x], wanted: [true]))
    }
  }

  @Test func `dropout passes its data and a mask of ones`() throws {
    let x = Tensor([1, 2] as [Float], shape: [2])
    let mask = try Dropout(hasMask: true).outputs(of: [x])
    #expect(mask[0].elements(of: Float.self) == [1, 2])
    #expect(mask[1].elements(of: Bool.self) == [true, true])
    let old = try Dropout(hasMask: true, masksWithData: true).outputs(of: [x])
    #expect(old[1].elements(of: Float.self) == [1, 1])
    #expect(Dropout().isView && !Dropout(hasMask: true).isView)
  }

  @Test func `a slope is broadcast over the channels`() throws {
    let x = Tensor([-1, 2, -3, -4] as [Float], shape: [1, 2, 2])
    let slope = Tensor([0.5, 10] as [Float], shape: [2, 1])
    let y = try PRelu().outputs(of: [x, slope])[0]
    #expect(y.elements(of: Float.self) == [-0.5, 2, -30, -40])
  }
}
