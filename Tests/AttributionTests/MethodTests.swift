import Tensors
import Testing

@testable import Attribution

struct MethodTests {
  /// Two channels of 1 x 2.
  static let activations = Tensor([1, 3, -2, 4] as [Float], shape: [1, 2, 1, 2])
  static let gradient = Tensor([2, 0, -1, 1] as [Float], shape: [1, 2, 1, 2])

  @Test(arguments: [
    (Explainer.Method.gradCAM, [1, 3]),
    (.hiResCAM, [4, 4]),
    (.layerCAM, [2, 4]),
    // The weights are 2 / 4 and 6 / 2.
    (.xGradCAM, [-5.5, 13.5]),
    // The weights are 8 / (8 + 4 * 8) and 1 / (2 + 2 * 1).
    (.gradCAMPlusPlus, [-0.3, 1.6]),
  ])
  func `maps follow the formulas of their papers`(method: Explainer.Method, expected: [Float]) {
    let map = method.map(Self.activations, .planes(Self.gradient))
    expectClose(map.values, expected)
    #expect([map.height, map.width] == [1, 2])
  }

  @Test(arguments: Explainer.Method.allCases)
  func `a gradient that is the same on a plane gives the same map either way`(
    method: Explainer.Method
  ) {
    let weights: [Float] = [0.5, -0.25]
    let planes = Tensor([0.5, 0.5, -0.25, -0.25] as [Float], shape: [1, 2, 1, 2])
    let general = method.map(Self.activations, .planes(planes))
    let uniform = method.map(Self.activations, .uniform(weights))
    expectClose(uniform.values, general.values)
    #expect(general.values.contains { $0 != 0 })
  }

  @Test(arguments: Explainer.Method.allCases)
  func `a channel that is zero everywhere adds nothing`(method: Explainer.Method) {
    let silent = Tensor([1, 3, 0, 0] as [Float], shape: [1, 2, 1, 2])
    let alone = method.map(
      Tensor([1, 3] as [Float], shape: [1, 1, 1, 2]),
      .planes(Tensor([2, 0] as [Float], shape: [1, 1, 1, 2])))
    expectClose(method.map(silent, .planes(Self.gradient)).values, alone.values)
  }

  @Test func `terms that cancel up to rounding are no evidence`() {
    let gradient = Tensor([3, -1, -1, 1 / 3] as [Float], shape: [1, 2, 1, 2])
    let activations = Tensor([1, 1, 3.000001, 3] as [Float], shape: [1, 2, 1, 2])
    #expect(Explainer.Method.hiResCAM.map(activations, .planes(gradient)).degeneracy == .allZero)
    #expect(Explainer.Method.layerCAM.map(activations, .planes(gradient)).values == [3, 1])
  }

  private func expectClose(_ values: [Float], _ expected: [Float]) {
    let isClose =
      values.count == expected.count
      && zip(values, expected).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($1)) }
    #expect(isClose, "\(values) and not \(expected)")
  }
}
