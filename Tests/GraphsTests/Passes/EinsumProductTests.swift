import Graphs
import InfercamTestSupport
import Tensors
import Testing

struct EinsumProductTests {
  /// Equation, shapes of the operands, and the transpositions that are left.
  static let products: [(equation: String, a: Shape, b: Shape, transposes: Int)] = [
    ("ij,jk->ik", [2, 3], [3, 4], 0),
    ("b g h i d, b g h j d -> b g h i j", [2, 3, 1, 4, 5], [2, 3, 1, 6, 5], 1),
    ("bhij,bjhd->bihd", [2, 3, 4, 5], [2, 5, 3, 6], 2),
    ("...ij,...kj->...ki", [2, 3, 4], [2, 5, 4], 2),
  ]

  private func graph(_ equation: String, _ a: Shape, _ b: Shape) throws -> Graph {
    var builder = GraphBuilder()
    let operands = [builder.input("a", a), builder.input("b", b)]
    let y = builder.node(Einsum(equation: equation), operands, output: "y")
    return try builder.finish(outputs: [y]).specialized()
  }

  @Test(arguments: products.indices)
  func `a product of matrices becomes MatMul`(index: Int) throws {
    let (equation, a, b, transposes) = Self.products[index]
    let before = try graph(equation, a, b)
    let after = before.einsumsAsProducts()
    #expect(after.nodes.count { $0.op is MatMul } == 1)
    #expect(after.nodes.count { $0.op is Transpose } == transposes)
    #expect(!after.nodes.contains { $0.op is Einsum })
    var seeded = SeededTensors(seed: 31)
    let inputs = [
      before.inputs[0].value: seeded.uniform(a, of: Float.self),
      before.inputs[1].value: seeded.uniform(b, of: Float.self),
    ]
    let expected = try #require(
      try ReferenceExecutor(before).run(inputs: inputs)[before.outputs[0]])
    let found = try #require(try ReferenceExecutor(after).run(inputs: inputs)[after.outputs[0]])
    #expect(found.shape == expected.shape)
    let pairs = zip(found.elements(of: Float.self), expected.elements(of: Float.self))
    #expect(pairs.allSatisfy { abs($0 - $1) < 1e-5 })
  }

  static let others: [(equation: String, a: Shape, b: Shape)] = [
    ("ij,ij->ij", [2, 3], [2, 3]), ("ij,jk->i", [2, 3], [3, 4]), ("bi,i->bi", [2, 3], [3]),
    ("ii,ij->ij", [2, 2], [2, 3]),
  ]

  @Test(arguments: others)
  func `another sum stays`(equation: String, a: Shape, b: Shape) throws {
    #expect(try graph(equation, a, b).einsumsAsProducts().nodes.contains { $0.op is Einsum })
  }

  @Test func `a square becomes a product, another power stays`() throws {
    for (exponent, isProduct) in [(Float(2), true), (3, false)] {
      var builder = GraphBuilder()
      let x = builder.input("x", [3])
      let power = builder.constant("power", Tensor(scalar: exponent))
      let y = builder.node(Pow(), [x, power], output: "y")
      let graph = try builder.finish(outputs: [y]).specialized().squaresAsProducts()
      #expect(graph.nodes.contains { $0.op is Mul } == isProduct)
      let values = try ReferenceExecutor(graph).run(
        inputs: [x: Tensor([Float(-3), 0.5, 2], shape: [3])])
      let expected: [Float] = isProduct ? [9, 0.25, 4] : [-27, 0.125, 8]
      #expect(values[y]?.elements(of: Float.self) == expected)
    }
  }
}
