import Graphs
import InfercamTestSupport
import Tensors
import Testing

struct ReferenceGraphTests {
  @Test(.enabled(if: SharedFolder.isPresent, "needs ../shared"), arguments: ReferenceGraph.names)
  func `the reference executor gives the logits of ONNX Runtime`(name: String) throws {
    let reference = try #require(try ReferenceGraph(name))
    let optimized = reference.graph.optimized()
    for (input, logits) in reference.samples {
      for graph in [reference.graph, optimized] {
        let values = try ReferenceExecutor(graph).run(inputs: [reference.input: input])
        let actual = try #require(values[graph.outputs[0]]).elements(of: Float.self)
        #expect(Self.worst(actual, logits) <= 1e-3)
      }
    }
  }

  @Test(.enabled(if: SharedFolder.isPresent, "needs ../shared"), arguments: ReferenceGraph.names)
  func `the automatic target layer is the last feature map`(name: String) throws {
    let reference = try #require(try ReferenceGraph(name))
    let graph = reference.graph.removingCopies()
    let target = try graph.automaticTargetLayer()
    // The stored layer of the transformer holds the heads of its last attention.
    guard name != "vit" else {
      let norm = "/encoder/layers/encoder_layer_1/ln_1/LayerNormalization_output_0"
      return #expect(graph[target].name == norm)
    }
    #expect(graph[target].name == reference.lastLayer)
  }

  /// Moves the target layer along its own gradient; the score must rise by the squared length.
  @Test(.enabled(if: SharedFolder.isPresent, "needs ../shared"), arguments: ReferenceGraph.names)
  func `the gradient by the target layer predicts how the score moves`(name: String) throws {
    let reference = try #require(try ReferenceGraph(name))
    let graph = reference.graph
    let logits = try #require(graph.logits())
    let target = try graph.automaticTargetLayer()
    let walk = try ReverseWalk(graph, from: logits, to: [target])
    let executor = ReferenceExecutor(graph)
    let forward = try executor.run(
      inputs: [reference.input: reference.samples[0].input],
      keep: walk.forwardValues.union([logits, target]))
    let score = try #require(forward[logits])
    var seed = [Float](repeating: 0, count: score.elementCount)
    seed[3] = 1
    let gradients = try walk.gradients(
      seedGradient: Tensor(seed, shape: score.shape), forward: forward)
    let gradient = try #require(gradients[target]).elements(of: Float.self).map(Double.init)
    let length = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
    try #require(length > 0)
    let activations = try #require(forward[target])
    let step = 1e-3 * Self.length(activations)
    var scores: [Double] = []
    for side in [step, -step] {
      let moved = zip(activations.elements(of: Float.self), gradient).map { value, slope in
        Float(Double(value) + side * slope / length)
      }
      let values = try executor.values(
        of: [logits],
        given: [
          target: Tensor(moved, shape: activations.shape),
          reference.input: reference.samples[0].input,
        ])
      scores.append(Double(try #require(values[logits]).elements(of: Float.self)[3]))
    }
    let slope = (scores[0] - scores[1]) / (2 * step)
    #expect(abs(slope - length) <= 0.02 * length, "\(slope) for \(length)")
  }

  private static func length(_ tensor: Tensor) -> Double {
    tensor.elements(of: Float.self).reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  /// The largest difference, as a share of the largest expected logit.
  private static func worst(_ actual: [Float], _ expected: [Float]) -> Float {
    let largest = expected.map(abs).max() ?? 1
    return zip(actual, expected).map { abs($0 - $1) / largest }.max() ?? .infinity
  }
}
