import Graphs
import InfercamTestSupport
import Tensors
import Testing

private let gradients = gradientCases(seed: 21) { seeded in
  [
    GradientCase(LpNormalization(), [seeded.uniform([3, 5])]),
    GradientCase(LpNormalization(axis: 1), [seeded.uniform([2, 4, 3])], "of channels"),
    GradientCase(LpNormalization(axis: 0, p: 1), [seeded.distinct([4, 2])], "of sums"),
  ]
}

struct LpNormalizationTests {
  static let norms: [(p: Int, expected: [Float])] = [
    (2, [0.6, 0.8, 0, 0, -1, 0]), (1, [3 / 7, 4 / 7, 0, 0, -1, 0]),
  ]

  @Test(arguments: norms)
  func `vectors get the norm one and zeros stay`(p: Int, expected: [Float]) throws {
    let x = Tensor([3, 4, 0, 0, -2, 0] as [Float], shape: [3, 2])
    let op = LpNormalization(p: p)
    let y = Tensor(uninitialized: .float32, x.shape)
    try op.evaluate([x], into: [y])
    #expect(y.elements(of: Float.self) == expected)
  }

  @Test(arguments: gradients)
  func `the gradient is that of central differences`(sample: GradientCase) throws {
    try sample.check()
  }
}
