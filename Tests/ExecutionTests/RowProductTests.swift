import Execution
import Graphs
import InfercamTestSupport
import Tensors
import Testing

/// Products of tokens with constant matrices and what rides on them.
struct RowProductTests {
  enum Tail: CaseIterable {
    case bias, biasFirst, biasAndGelu, biasAndResidual, residual, rowBias, keptSum
  }

  @Test(arguments: Tail.allCases, [3, 4])
  func `what follows a product of tokens is computed with it`(tail: Tail, rank: Int) throws {
    var random = SeededTensors(seed: 17)
    var builder = GraphBuilder()
    let image = builder.input("image", [1, 16, 9, 7])
    let planes = builder.node(Transpose(perm: [0, 2, 3, 1]), [image], output: "tokens4")
    let shape: Shape = rank == 4 ? [1, 9, 7, 16] : [1, 63, 16]
    let extents = builder.constant(
      "shape", Tensor(shape.dimensions.map(Int64.init), shape: [rank]))
    let tokens = builder.node(Reshape(), [planes, extents], output: "tokens")
    let weight = builder.constant("w", random.uniform([16, 16], in: -0.4...0.4, of: Float.self))
    let product = builder.node(MatMul(), [tokens, weight], output: "product")
    let bias = builder.constant("b", random.uniform([16], of: Float.self))
    // One summand for each row is no bias.
    let rows = builder.constant("r", random.uniform([7, 1], of: Float.self))
    var keep: [ValueID] = []
    let sum: ValueID
    switch tail {
    case .bias: sum = builder.node(Add(), [product, bias], output: "sum")
    case .biasFirst: sum = builder.node(Add(), [bias, product], output: "sum")
    case .biasAndGelu:
      sum = builder.node(
        Gelu(), [builder.node(Add(), [product, bias], output: "biased")], output: "sum")
    case .biasAndResidual:
      let biased = builder.node(Add(), [product, bias], output: "biased")
      sum = builder.node(Add(), [tokens, biased], output: "sum")
    case .residual: sum = builder.node(Add(), [product, tokens], output: "sum")
    case .rowBias:
      sum =
        rank == 4
        ? builder.node(Add(), [product, rows], output: "sum")
        : builder.node(Relu(), [product], output: "sum")
    case .keptSum:
      keep = [builder.node(Add(), [product, bias], output: "biased")]
      sum = builder.node(Relu(), [keep[0]], output: "sum")
    }
    let graph = try builder.finish(outputs: [sum]).specialized(keep: Set(keep))
    let results = [sum] + keep
    let fast = try Network(graph, results: results, kernels: .auto)
    let reference = try Network(graph, results: results, kernels: .blas)
    let images = (0..<5).map { _ in random.uniform(fast.inputShape, of: Float.self) }
    let together = try fast.outputs(of: images, results)
    let expected = try reference.outputs(of: images, results)
    for (found, expected) in zip(together, expected) {
      let scale = expected.map(abs).max() ?? 0
      let error = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
      #expect(scale > 0.1 && error <= 1e-5 * scale)
    }
    let alone = try images.flatMap { try fast.outputs(of: [$0], results) }
    #expect(alone == together)
  }
}

extension Network {
  /// The results of each image, one after the other.
  func outputs(
    of images: [Tensor], _ values: [ValueID], threads: Int = 1
  ) throws -> [[Float]] {
    let workspace = makeWorkspace(maximumBatch: images.count, threads: threads)
    for (index, image) in images.enumerated() { workspace.setInput(image, image: index) }
    try run(images: images.count, in: workspace)
    return images.indices.flatMap { image in
      values.map { workspace.result($0, image: image).elements(of: Float.self) }
    }
  }
}
