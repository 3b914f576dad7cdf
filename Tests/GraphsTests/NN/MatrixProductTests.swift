import Graphs
import InfercamTestSupport
import Tensors
import Testing

private let gemms = gradientCases(seed: 31) { seeded in
  [
    GradientCase(
      Gemm(), [seeded.uniform([3, 4]), seeded.uniform([4, 5]), seeded.uniform([5])],
      wanted: [0, 1, 2]),
    GradientCase(
      Gemm(alpha: 0.5, beta: 2, transB: true),
      [seeded.uniform([3, 4]), seeded.uniform([5, 4]), seeded.uniform([3, 1])], wanted: [0, 1, 2],
      "B transposed"),
    GradientCase(
      Gemm(alpha: 1.5, transA: true),
      [seeded.uniform([4, 3]), seeded.uniform([4, 5]), seeded.uniform([])], wanted: [0, 1, 2],
      "A transposed"),
    GradientCase(
      Gemm(transA: true, transB: true), [seeded.uniform([4, 3]), seeded.uniform([5, 4])],
      wanted: [0, 1], "both transposed"),
  ]
}

struct GemmTests {
  @Test(arguments: gemms)
  func `a product equals its definition`(_ test: GradientCase) throws {
    guard let op = test.op as? Gemm, let a = test.inputs[0], let b = test.inputs[1] else {
      Issue.record("the table holds products of two matrices")
      return
    }
    let (x, w) = (a.elements(of: Double.self), b.elements(of: Double.self))
    let c = test.inputs.count > 2 ? test.inputs[2] : nil
    var expected: [Double] = []
    for i in 0..<3 {
      for j in 0..<5 {
        var sum = 0.0
        for k in 0..<4 {
          sum +=
            (op.transA ? x[k * 3 + i] : x[i * 4 + k]) * (op.transB ? w[j * 4 + k] : w[k * 5 + j])
        }
        var bias = 0.0
        if let c {
          let place = c.shape.rank == 0 ? 0 : c.shape == [5] ? j : i
          bias = c.elements(of: Double.self)[place]
        }
        expected.append(Double(op.alpha) * sum + Double(op.beta) * bias)
      }
    }
    let y = try op.outputs(of: test.inputs)[0]
    #expect(y.shape == [3, 5])
    #expect(zip(y.elements(of: Double.self), expected).allSatisfy { abs($0 - $1) < 1e-13 })
  }

  @Test(arguments: gemms)
  func `the gradient of a product is that of central differences`(_ test: GradientCase) throws {
    try test.check()
  }

  @Test func `a row has the same bits alone and among others`() throws {
    var seeded = SeededTensors(seed: 32)
    for op in [Gemm(), Gemm(transB: true)] {
      let b = seeded.uniform(op.transB ? [77, 150] : [150, 77], of: Float.self)
      let a = seeded.uniform([9, 150], of: Float.self)
      let together = try op.outputs(of: [a, b])[0].elements(of: Float.self)
      for row in 0..<9 {
        let one = Tensor(
          Array(a.elements(of: Float.self)[row * 150..<(row + 1) * 150]), shape: [1, 150])
        let alone = try op.outputs(of: [one, b])[0].elements(of: Float.self)
        #expect(alone == Array(together[row * 77..<(row + 1) * 77]))
      }
    }
  }
}
