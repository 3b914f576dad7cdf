import Faults
import Graphs
import Tensors
import Testing

struct AnalysisTests {
  /// x -> conv -> pooled -> flat -> product [-> probabilities].
  private struct Classifier {
    var builder = GraphBuilder()
    let x, conv, pooled, flat, product: ValueID

    init() {
      x = builder.input("x", [1, 2, 4, 4])
      conv = builder.node(Conv(), [x, builder.random("weight", [3, 2, 1, 1])], output: "conv")
      pooled = builder.node(GlobalAveragePool(), [conv], output: "pooled")
      flat = builder.node(Flatten(), [pooled], output: "flat")
      product = builder.node(
        MatMul(), [flat, builder.random("classifier", [3, 5])], output: "product")
    }
  }

  @Test
  func `the logits are what the final Softmax reads`() throws {
    var classifier = Classifier()
    let softmax = classifier.builder.node(
      Softmax(), [classifier.product], output: "probabilities")
    let y = classifier.builder.node(Identity(), [softmax], output: "y")
    let graph = try classifier.builder.finish(outputs: [y]).specialized()
    #expect(graph.logits() == classifier.product)
  }

  @Test
  func `without a final activation the output is the logits`() throws {
    let classifier = Classifier()
    let graph = try classifier.builder.finish(outputs: [classifier.product]).specialized()
    #expect(graph.logits() == classifier.product)
  }

  @Test
  func `the target layer is what global pooling reads`() throws {
    let classifier = Classifier()
    let graph = try classifier.builder.finish(outputs: [classifier.product]).specialized()
    #expect(try graph.automaticTargetLayer() == classifier.conv)
    #expect(FeatureMaps(graph).candidates == [classifier.conv])
  }

  @Test
  func `the target layer is found before flattening and before pooling over the map`() throws {
    for op: any Operator in [
      Flatten(), AveragePool(kernelShape: [4, 4]), MaxPool(kernelShape: [4, 4]),
    ] {
      var builder = GraphBuilder()
      let x = builder.input("x", [1, 2, 4, 4])
      let map = builder.node(Relu(), [x], output: "map")
      let copy = builder.node(Identity(), [map], output: "copy")
      let y = builder.node(op, [copy], output: "y")
      let graph = try builder.finish(outputs: [y]).specialized()
      #expect(try graph.automaticTargetLayer() == map)
    }
  }

  @Test
  func `a map that is transposed before it is flattened is taken channels first`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 2, 4, 4])
    let map = builder.node(Relu(), [x], output: "map")
    let last = builder.node(Transpose(perm: [0, 2, 3, 1]), [map], output: "last")
    let y = builder.node(Flatten(), [last], output: "y")
    let graph = try builder.finish(outputs: [y]).specialized()
    #expect(try graph.automaticTargetLayer() == map)
  }

  @Test
  func `a channel shuffle is not the end of the map`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 4, 3, 3])
    let before = builder.node(Relu(), [x], output: "before")
    let split = builder.constant("split", Tensor([1, 2, 2, 3, 3] as [Int64], shape: [5]))
    let groups = builder.node(Reshape(), [before, split], output: "groups")
    let shuffled = builder.node(Transpose(perm: [0, 2, 1, 3, 4]), [groups], output: "shuffled")
    let joined = builder.constant("joined", Tensor([1, 4, 3, 3] as [Int64], shape: [4]))
    let map = builder.node(Reshape(), [shuffled, joined], output: "map")
    let y = builder.node(GlobalMaxPool(), [map], output: "y")
    let graph = try builder.finish(outputs: [y]).specialized()
    #expect(try graph.automaticTargetLayer() == map)
  }

  @Test
  func `a network without a map has no target layer`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 4])
    let y = builder.node(Relu(), [x], output: "y")
    let graph = try builder.finish(outputs: [y]).specialized()
    let fault = #expect(throws: Fault.self) { try graph.automaticTargetLayer() }
    #expect(fault?.code == .explainNotSupported)
  }

  @Test
  func `a layer is found by its tensor or its node`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 4])
    let y = builder.node(Relu(), [x], output: "features/out", name: "features/relu")
    let graph = builder.finish(outputs: [y])
    #expect(try graph.layer(named: "features/out") == y)
    #expect(try graph.layer(named: "features/relu") == y)
  }

  @Test(arguments: ["features/rellu", "relu", "FEATURES/RELU"])
  func `an unknown layer is refused with names alike`(name: String) {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 4])
    let y = builder.node(Relu(), [x], output: "z", name: "features/relu")
    let graph = builder.finish(outputs: [y])
    let fault = #expect(throws: Fault.self) { try graph.layer(named: name) }
    #expect(fault?.code == .layerNotFound)
    #expect(fault?.details["similar"] == .array([.string("features/relu")]))
  }
}
