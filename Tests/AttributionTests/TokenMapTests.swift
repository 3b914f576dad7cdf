import Faults
import Graphs
import InfercamTestSupport
import Tensors
import Testing

@testable import Attribution

/// Maps of token sequences and of cells in channels last order.
struct TokenMapTests {
  @Test(arguments: TokenNetwork.Readout.allCases, Explainer.Method.allCases)
  func `a map of tokens is the method's formula over central differences`(
    readout: TokenNetwork.Readout, method: Explainer.Method
  ) throws {
    let network = TokenNetwork(blocks: 2, readout: readout)
    let graph = try network.graph()
    for layer in [network.patches, network.streams[0], network.normalized[1]] {
      let explainer = try Explainer(
        graph, layer: layer, logits: network.scores, method: method, allowsClosedForm: false)
      let forward = try Self.forward(network, graph, keep: Set(explainer.requiredValues))
      let map = try explainer.map(classIndex: 2, forward: forward)
      #expect([map.height, map.width] == [2, 3])
      let gradient = try Self.centralDifferences(network, graph, layer, classIndex: 2)
      let expected = method.map(
        explainer.layout.planes(of: try #require(forward[layer])),
        .planes(explainer.layout.planes(of: gradient)))
      let largest = expected.values.map(abs).max() ?? 0
      #expect(largest > 0)
      let isClose = zip(map.values, expected.values).allSatisfy { abs($0 - $1) <= 0.01 * largest }
      #expect(isClose, "\(graph[layer].name): \(map.values) and not \(expected.values)")
    }
  }

  @Test(arguments: Explainer.Method.allCases)
  func `the closed form of averaged tokens is the backward pass`(method: Explainer.Method) throws {
    let network = TokenNetwork(blocks: 1, readout: .mean)
    let graph = try network.graph()
    let direct = try Explainer(
      graph, layer: network.final, logits: network.scores, method: method)
    let general = try Explainer(
      graph, layer: network.final, logits: network.scores, method: method,
      allowsClosedForm: false)
    #expect(direct.isClosedForm && !general.isClosedForm)
    let forward = try Self.forward(network, graph, keep: Set(general.requiredValues))
    var largest: Float = 0
    for classIndex in 0..<5 {
      let expected = try general.map(classIndex: classIndex, forward: forward).values
      let map = try direct.map(classIndex: classIndex, forward: forward).values
      let magnitude = expected.map(abs).max() ?? 0
      let isClose = zip(map, expected).allSatisfy { abs($0 - $1) <= 1e-5 * magnitude }
      #expect(isClose, "class \(classIndex)")
      largest = max(largest, magnitude)
    }
    #expect(largest > 0)
  }

  @Test func `an attention after the layer leaves no closed form`() throws {
    let network = TokenNetwork(blocks: 1, readout: .classToken)
    let layer = network.normalized[0]
    #expect(
      try !Explainer(try network.graph(), layer: layer, logits: network.scores).isClosedForm)
  }

  @Test func `the principal component of tokens leaves the class token out`() throws {
    let network = TokenNetwork(blocks: 1, readout: .classToken)
    let graph = try network.graph()
    let method = try EigenCAM(graph, layer: network.final, logits: network.scores)
    let forward = try Self.forward(network, graph, keep: [network.final])
    let tokens = try #require(forward[network.final])
    let map = method.map(tokens)
    #expect(map == method.layout.planes(of: tokens).principalProjection())
    #expect([map.height, map.width] == [2, 3])
  }

  @Test func `a layer of integers is refused`() throws {
    var builder = GraphBuilder()
    let image = builder.input("image", [1, 3, 4, 4])
    let scale = builder.constant("scale", Tensor(scalar: Float(0.1)))
    let zero = builder.constant("zero", Tensor(scalar: UInt8(3)))
    let integers = builder.node(QuantizeLinear(), [image, scale, zero], output: "integers")
    let floats = builder.node(DequantizeLinear(), [integers, scale, zero], output: "floats")
    let y = builder.node(GlobalAveragePool(), [floats], output: "y")
    let graph = try builder.finish(outputs: [y]).specialized()
    let fault = #expect(throws: Fault.self) { try Explainer(graph, layer: integers, logits: y) }
    #expect(fault?.code == .explainNotSupported)
    #expect(fault?.message.contains("not float32") == true)
  }

  private static func image() -> Tensor {
    var seeded = SeededTensors(seed: 5)
    return seeded.uniform(TokenNetwork.imageShape, of: Float.self)
  }

  private static func forward(
    _ network: TokenNetwork, _ graph: Graph, keep: Set<ValueID>
  ) throws -> [ValueID: Tensor] {
    try ReferenceExecutor(graph).run(inputs: [network.image: image()], keep: keep)
  }

  /// The gradient of a score by every element of a layer.
  private static func centralDifferences(
    _ network: TokenNetwork, _ graph: Graph, _ layer: ValueID, classIndex: Int
  ) throws -> Tensor {
    let executor = ReferenceExecutor(graph)
    let value = try #require(try forward(network, graph, keep: [layer])[layer])
    let step: Float = 5e-3
    let gradient = try (0..<value.elementCount).map { element in
      let scores = try [step, -step].map { offset in
        let moved = value.copy()
        moved.withMutableElements(of: Float.self) { $0[element] += offset }
        let values = try executor.values(
          of: [network.scores], given: [layer: moved, network.image: image()])
        return try #require(values[network.scores]).elements(of: Float.self)[classIndex]
      }
      return (scores[0] - scores[1]) / (2 * step)
    }
    return Tensor(gradient, shape: value.shape)
  }
}
