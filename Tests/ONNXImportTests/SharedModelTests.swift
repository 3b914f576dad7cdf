import Graphs
import InfercamTestSupport
import ONNXImport
import Tensors
import Testing

struct SharedModelTests {
  static let models: [String] = {
    guard let folder = SharedFolder.path else { return [] }
    return Files.names(in: folder + "/models").sorted().map {
      "\(folder)/models/\($0)/1/model.onnx"
    }
  }()

  @Test(.enabled(if: SharedFolder.isPresent, "needs ../shared"), arguments: models)
  func `a real model runs, and runs alike after every pass`(path: String) throws {
    let bytes = try #require(Files.bytes(of: path))
    let graph = try importModel(bytes: bytes).graph.specialized().inFloat32()
    let input = graph.inputs[0].value
    let shape = try #require(graph[input].type?.shape)
    let target = try graph.automaticTargetLayer()
    let logits = try #require(graph.logits())
    let folded = graph.foldingInputTranspose(of: input, keep: [target])
    let optimized = folded.optimized(keep: [target, logits])
    #expect(optimized.nodes.count <= graph.nodes.count)

    let image = try Self.image(shape)
    let expected = try ReferenceExecutor(graph).run(inputs: [input: image], keep: [target, logits])
    let given = folded[input].type?.shape == shape ? image : try image.channelsFirst()
    let actual = try ReferenceExecutor(optimized).run(
      inputs: [input: given], keep: [target, logits])
    for id in [target, logits] + graph.outputs {
      let a = try #require(expected[id]).elements(of: Float.self)
      let b = try #require(actual[id]).elements(of: Float.self)
      let largest = a.map(abs).max() ?? 0
      #expect(largest > 0 && largest.isFinite)
      // Integers round other sums than floating point does, and a rounding grows.
      let isQuantized = optimized.nodes.contains { $0.op is QuantizedOperator }
      #expect(
        isQuantized
          ? relativeDifference(b, a) <= 0.5
          : zip(a, b).allSatisfy { abs($0 - $1) <= 1e-4 * largest },
        "\(graph[id].name): \(relativeDifference(b, a))")
    }
  }

  /// A smooth picture with some noise, in the range of a normalised photo.
  private static func image(_ shape: Shape) throws -> Tensor {
    var seeded = SeededTensors(seed: 11)
    return seeded.uniform(shape, of: Float.self)
  }
}

extension Tensor {
  /// [N, C, H, W] from [N, H, W, C].
  fileprivate func channelsFirst() throws -> Tensor {
    let result = Tensor(uninitialized: dtype, Shape([0, 3, 1, 2].map { shape[$0] }))
    try Transpose(perm: [0, 3, 1, 2]).evaluate([self], into: [result])
    return result
  }
}
