import Graphs
import InfercamTestSupport
import Tensors
import Testing

struct FoldingAffineTests {
  /// Conv with a bias and 3 filters of 1x1 over [1, 2, 4, 4].
  private static func convolution(_ builder: inout GraphBuilder, bias: Bool = true) -> ValueID {
    let x = builder.input("x", [1, 2, 4, 4])
    let weight = builder.random("weight", [3, 2, 1, 1])
    let inputs = bias ? [x, weight, builder.random("bias", [3])] : [x, weight]
    return builder.node(Conv(), inputs, output: "conv")
  }

  private static func normalized(_ builder: inout GraphBuilder, _ x: ValueID) -> ValueID {
    let scale = builder.random("scale", [3])
    let shift = builder.random("shift", [3])
    let mean = builder.random("mean", [3])
    let variance = builder.random("variance", [3], in: 0.1...2)
    return builder.node(
      BatchNormalization(epsilon: 1e-3), [x, scale, shift, mean, variance], output: "normalized")
  }

  @Test(arguments: [true, false])
  func `batch normalisation is folded into a convolution`(hasBias: Bool) throws {
    var builder = GraphBuilder()
    let conv = Self.convolution(&builder, bias: hasBias)
    let y = Self.normalized(&builder, conv)
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck(tolerance: 1e-6).expectSame(graph) { $0.foldingAffine() }
    #expect(after.opTypes == ["Conv"])
  }

  @Test
  func `a chain of factors and summands is folded at once`() throws {
    var builder = GraphBuilder()
    let conv = Self.convolution(&builder)
    let normalized = Self.normalized(&builder, conv)
    let factor = builder.random("factor", [3, 1, 1])
    let scaled = builder.node(Mul(), [factor, normalized], output: "scaled")
    let summand = builder.random("summand", [1, 3, 1, 1])
    let sum = builder.node(Sub(), [summand, scaled], output: "sum")
    let divisor = builder.random("divisor", [], in: 1...2)
    let divided = builder.node(Div(), [sum, divisor], output: "divided")
    let y = builder.node(Relu(), [divided], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck(tolerance: 1e-6).expectSame(graph) { $0.foldingAffine() }
    #expect(after.opTypes == ["Conv", "Relu"])
  }

  @Test
  func `a value that must survive ends the chain`() throws {
    var builder = GraphBuilder()
    let conv = Self.convolution(&builder)
    let y = Self.normalized(&builder, conv)
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph, keep: [conv]) { $0.foldingAffine(keep: [conv]) }
    #expect(after.opTypes == ["Conv", "BatchNormalization"])
  }

  @Test
  func `a value with two readers ends the chain`() throws {
    var builder = GraphBuilder()
    let conv = Self.convolution(&builder)
    let normalized = Self.normalized(&builder, conv)
    let y = builder.node(Add(), [normalized, conv], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.foldingAffine() }
    #expect(after.opTypes == ["Conv", "BatchNormalization", "Add"])
  }

  @Test(arguments: [[4], [1, 1, 4, 1], [1, 3, 4, 4], [2, 3, 1, 1]] as [Shape])
  func `a summand that is not one number for each channel stays`(shape: Shape) throws {
    var builder = GraphBuilder()
    let conv = Self.convolution(&builder)
    let summand = builder.random("summand", shape)
    let y = builder.node(Add(), [conv, summand], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.foldingAffine() }
    #expect(after.opTypes == ["Conv", "Add"])
  }

  @Test(arguments: [false, true])
  func `a matrix product and its summand become one Gemm`(transB: Bool) throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 4])
    let weight = builder.random("weight", transB ? [3, 4] : [4, 3])
    let c = builder.random("c", [1, 3])
    let product =
      transB
      ? builder.node(Gemm(alpha: 0.5, beta: 2, transB: true), [x, weight, c], output: "product")
      : builder.node(MatMul(), [x, weight], output: "product")
    let bias = builder.random("bias", [3])
    let y = builder.node(Add(), [product, bias], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck(tolerance: 1e-6).expectSame(graph) {
      $0.matrixProductsAsGemm().foldingAffine()
    }
    #expect(after.opTypes == ["Gemm"])
    #expect((after.nodes[0].op as? Gemm)?.alpha == 1)
  }

  @Test
  func `a product of stacked matrices takes factors and keeps one summand`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 5, 4])
    let weight = builder.random("weight", [4, 3])
    let product = builder.node(MatMul(), [x, weight], output: "product")
    let bias = builder.random("bias", [3])
    let sum = builder.node(Add(), [product, bias], output: "sum")
    let factor = builder.random("factor", [1, 1, 3])
    let y = builder.node(Mul(), [sum, factor], output: "y")
    let scaled = builder.finish(outputs: [y])
    let after = try PassCheck(tolerance: 1e-6).expectSame(scaled) { $0.foldingAffine() }
    #expect(after.opTypes == ["MatMul", "Add"])

    let plain = builder.finish(outputs: [sum])
    let unchanged = try PassCheck().expectSame(plain) { $0.foldingAffine() }
    #expect(unchanged.nodes.map(\.inputs) == plain.nodes.prefix(2).map(\.inputs))

    let unbiased = builder.node(Mul(), [product, factor], output: "unbiased")
    let factorOnly = builder.finish(outputs: [unbiased])
    let folded = try PassCheck(tolerance: 1e-6).expectSame(factorOnly) { $0.foldingAffine() }
    #expect(folded.opTypes == ["MatMul"])
  }

  @Test
  func `a factor that is not finite stays`() throws {
    var builder = GraphBuilder()
    let conv = Self.convolution(&builder)
    let divisor = builder.constant("zero", Tensor(scalar: Float(0)))
    let y = builder.node(Div(), [conv, divisor], output: "y")
    let graph = try builder.finish(outputs: [y]).specialized()
    #expect(graph.foldingAffine().opTypes == ["Conv", "Div"])
  }
}
