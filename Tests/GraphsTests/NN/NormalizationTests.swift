import Graphs
import InfercamTestSupport
import Tensors
import Testing

private let cases = gradientCases(seed: 41) { seeded in
  let x = seeded.uniform([2, 6, 3, 4])
  let (scale, bias) = (seeded.uniform([6], in: 0.5...2), seeded.uniform([6]))
  let (mean, variance) = (seeded.uniform([6]), seeded.uniform([6], in: 0.1...2))
  return [
    GradientCase(BatchNormalization(), [x, scale, bias, mean, variance]),
    GradientCase(
      BatchNormalization(epsilon: 0.1, spatial: false),
      [x] + (0..<4).map { _ in seeded.uniform([6, 3, 4], in: 0.1...2) }, "of each element"),
    GradientCase(InstanceNormalization(epsilon: 0.01), [x, scale, bias]),
    GradientCase(GroupNormalization(numGroups: 2), [x, scale, bias]),
    GradientCase(
      GroupNormalization(numGroups: 3, scalesGroups: true),
      [x, seeded.uniform([3]), seeded.uniform([3])], "scaling groups"),
    GradientCase(
      LayerNormalization(axis: -1), [seeded.uniform([2, 5, 7]), seeded.uniform([7])], "by its input"
    ),
    GradientCase(
      LayerNormalization(axis: 1, epsilon: 0.1),
      [x, seeded.uniform([3, 1]), seeded.uniform([6, 3, 4])], "over planes"),
    GradientCase(RMSNormalization(axis: 2), [x, seeded.uniform([3, 4])]),
    GradientCase(LRN(size: 3, alpha: 0.5, beta: 0.6, bias: 1.5), [x]),
    GradientCase(LRN(size: 4, alpha: 0.9, beta: 0.75, bias: 2), [x], "of even size"),
    GradientCase(LRN(size: 99, alpha: 0.9), [x], "of all channels"),
  ]
}

struct NormalizationTests {
  @Test(arguments: cases)
  func `the gradient of a normalisation is that of central differences`(
    _ test: GradientCase
  ) throws {
    try test.check()
  }

  @Test func `stored statistics normalise each channel`() throws {
    let x = Tensor([1, 2, 3, 4] as [Float], shape: [1, 2, 2])
    let parameters = [[2, 10], [1, 0], [1, 3], [3.75, 0.75]].map {
      Tensor($0 as [Float], shape: [2])
    }
    let y = try BatchNormalization(epsilon: 0.25).outputs(of: [x] + parameters)[0]
    #expect(y.elements(of: Float.self) == [1, 2, 0, 10])
  }

  @Test func `a float16 input may have float32 statistics`() throws {
    let x = Tensor([1, 2] as [Float16], shape: [1, 2])
    let ones = Tensor([1, 1] as [Float], shape: [2])
    let zeros = Tensor([0, 0] as [Float], shape: [2])
    let y = try BatchNormalization(epsilon: 0).outputs(of: [x, ones, ones, zeros, ones])[0]
    #expect(y.elements(of: Float16.self) == [2, 3])
  }

  @Test func `a layer normalisation tells its mean and inverse deviation`() throws {
    let x = Tensor([1, 3, 10, 10] as [Double], shape: [2, 2])
    let scale = Tensor([1, 2] as [Double], shape: [2])
    let bias = Tensor([0, 1] as [Double], shape: [2])
    let outputs = try LayerNormalization(epsilon: 0, outputCount: 3).outputs(
      of: [x.firstRow, scale, bias])
    #expect(outputs[0].elements(of: Double.self) == [-1, 3])
    #expect(outputs[1].elements(of: Float.self) == [2])
    #expect(outputs[2].elements(of: Float.self) == [1])
    #expect(outputs[1].shape == [1, 1])
    let flat = try LayerNormalization(epsilon: 0.25).outputs(of: [x, scale, bias])[0]
    #expect(flat.elements(of: Double.self)[2...] == [0, 1])
  }

  @Test func `groups of channels share their statistics`() throws {
    let x = Tensor([1, 3, 4, 6, 8, 10] as [Double], shape: [1, 6, 1])
    let ones = Tensor([Double](repeating: 1, count: 6), shape: [6])
    let bias = Tensor([0, 0, 0, 1, 0, 0] as [Double], shape: [6])
    let y = try GroupNormalization(numGroups: 3, epsilon: 0).outputs(of: [x, ones, bias])[0]
    #expect(y.elements(of: Double.self) == [-1, 1, -1, 2, -1, 1])
  }

  @Test func `neighbouring channels damp a response`() throws {
    let x = Tensor([1, 2, 3] as [Double], shape: [1, 3, 1, 1])
    let y = try LRN(size: 2, alpha: 2, beta: 1, bias: 1).outputs(of: [x])[0]
    // Windows of two start at their own channel: 1 + 1·(1 + 4), 1 + 1·(4 + 9), 1 + 1·9.
    let expected: [Double] = [1 / 6, 2 / 14, 3 / 10]
    for (value, quotient) in zip(y.elements(of: Double.self), expected) {
      #expect(abs(value - quotient) < 1e-15)
    }
  }

  @Test func `mean and variance are taken over the axes`() throws {
    let x = Tensor([1, 10, 3, 30] as [Double], shape: [2, 2])
    let y = try MeanVarianceNormalization(axes: [0]).outputs(of: [x])[0]
    for (value, expected) in zip(y.elements(of: Double.self), [-1.0, -1, 1, 1]) {
      #expect(abs(value - expected) < 1e-8)
    }
  }
}

extension Tensor {
  fileprivate var firstRow: Tensor {
    Tensor(dtype: dtype, shape: [1, shape[1]], storage: storage, byteOffset: byteOffset)
  }
}
