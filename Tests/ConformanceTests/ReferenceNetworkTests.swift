import Attribution
import Execution
import Faults
import Graphs
import InfercamTestSupport
import Tensors
import Testing

/// Networks of many families against logits of ONNX Runtime and maps of PyTorch's autograd.
@Suite(.enabled(if: SharedFolder.isPresent, "needs ../shared"))
struct ReferenceNetworkTests {
  static let cases = ReferenceCase.graphs + ReferenceCase.full

  @Test(arguments: cases)
  func `logits agree with the reference`(_ reference: ReferenceCase) throws {
    let loaded = try LoadedCase(reference)
    let prepared = try loaded.prepared()
    for kernels in [KernelChoice.auto, .blas] {
      let network = try Network(prepared.graph, results: [prepared.logits], kernels: kernels)
      for (image, results) in try network.results(of: loaded.images).enumerated() {
        let logits = try #require(results[prepared.logits]).elements(of: Float.self)
        let difference = relativeDifference(logits, loaded.logits[image])
        #expect(difference <= 1e-3, "image \(image), kernels \(kernels)")
      }
    }
  }

  @Test(arguments: cases)
  func `class activation maps agree with the reference`(_ reference: ReferenceCase) throws {
    let loaded = try LoadedCase(reference)
    let maps = try reference.maps()
    let explanations = try reference.explanations()
    #expect(explanations.layers.count == (reference.name == "vit" ? 1 : 2))
    #expect(explanations.ranks.count == 2)
    for layer in explanations.layers {
      let isAutomatic = layer.role == "last" && reference.name != "vit"
      let explained = try ExplainedNetwork(
        try loaded.prepared(layer: isAutomatic ? "auto" : layer.tensor))
      #expect(explained.graph[explained.layer].name == layer.tensor)
      #expect(explained.graph[explained.layer].type?.shape == Shape(layer.shape))
      for (image, forward) in try explained.network.results(of: loaded.images).enumerated() {
        for rank in explanations.ranks {
          for (name, explainer) in explained.explainers {
            let key = "\(layer.role)|\(rank.name)|\(name)|\(image)"
            let expected = try #require(maps[key], "\(key)")
            let map = try explainer.general.map(
              classIndex: rank.classes[image], forward: forward)
            #expect([map.height, map.width] == expected.shape.dimensions)
            let positive = maps["\(layer.role)|\(rank.name)|layercam|\(image)"]
            if name == "hirescam", let positive, Self.cancels(expected, positive) {
              #expect(map.degeneracy == .allZero, "\(key)")
              continue
            }
            expectSame(map, expected.elements(of: Float.self), key)
            guard explainer.direct.isClosedForm else { continue }
            let direct = try explainer.direct.map(
              classIndex: rank.classes[image], forward: forward)
            #expect(relativeDifference(direct.values, map.values) <= 1e-5, "\(key), closed form")
          }
        }
      }
    }
  }

  @Test(arguments: ReferenceCase.graphs)
  func `the map of several logits is the sum of theirs, either way`(
    _ reference: ReferenceCase
  ) throws {
    let loaded = try LoadedCase(reference)
    let layer = try #require(try reference.explanations().layers.first { $0.role == "last" })
    let explained = try ExplainedNetwork(try loaded.prepared(layer: layer.tensor))
    let explainer = try #require(explained.explainers["gradcam"])
    let forward = try #require(try explained.network.results(of: loaded.images).first)
    var scoreGradient = [Float](repeating: 0, count: explainer.general.classCount)
    scoreGradient[1] = 0.5
    scoreGradient[3] = -2
    for explainer in [explainer.general, explainer.direct] {
      let map = try explainer.map(scoreGradient: scoreGradient, forward: forward)
      let first = try explainer.map(classIndex: 1, forward: forward)
      let second = try explainer.map(classIndex: 3, forward: forward)
      let sum = zip(first.values, second.values).map { 0.5 * $0 - 2 * $1 }
      #expect(relativeDifference(map.values, sum) <= 1e-4)
    }
  }

  @Test(arguments: cases)
  func `results are the same bits at every place of every batch`(
    _ reference: ReferenceCase
  ) throws {
    let loaded = try LoadedCase(reference)
    let layer = try #require(try reference.explanations().layers.first)
    let explained = try ExplainedNetwork(try loaded.prepared(layer: layer.tensor))
    let network = explained.network
    let alone = try loaded.images.map { image in try network.results(of: [image])[0] }
    let workspace = network.makeWorkspace(maximumBatch: 8)
    for order in [[0, 1], [1], [1, 0, 0, 1, 1, 1, 0, 1], [0]] {
      let results = try network.results(of: order.map { loaded.images[$0] }, in: workspace)
      for (place, image) in order.enumerated() {
        for (value, tensor) in results[place] {
          let expected = try #require(alone[image][value])
          #expect(
            tensor.elements(of: Float.self).map(\.bitPattern)
              == expected.elements(of: Float.self).map(\.bitPattern),
            "\(explained.graph[value].name) of image \(image) at place \(place) of \(order)")
        }
      }
    }
  }

  @Test(
    arguments: cases.filter { $0.name == "vit" },
    [
      "/encoder/layers/encoder_layer_1/Add_1_output_0",
      "/encoder/layers/encoder_layer_1/self_attention/Softmax_output_0",
      "/encoder/layers/encoder_layer_1/self_attention/MatMul_2_output_0",
    ])
  func `a layer whose places reach no score, or that has none, is refused`(
    _ reference: ReferenceCase, name: String
  ) throws {
    let tokens = try LoadedCase(reference).prepared(layer: name)
    let layer = try #require(tokens.layer)
    let fault = #expect(throws: Fault.self) {
      try Explainer(tokens.graph, layer: layer, logits: tokens.logits)
    }
    #expect(fault?.code == .explainNotSupported)
  }

  /// The map does not depend on how the axes are ordered: the stored one is of [N, C, H, W].
  @Test(arguments: cases.filter { $0.name.contains("convnext") })
  func `a map in channels last order is that of the map before its transposition`(
    _ reference: ReferenceCase
  ) throws {
    let loaded = try LoadedCase(reference)
    let maps = try reference.maps()
    let explanations = try reference.explanations()
    let middle = try #require(explanations.layers.first { $0.role == "middle_conv" })
    let source = try loaded.imported.layer(named: middle.tensor)
    let reader = try #require(
      loaded.imported.nodes.first { $0.op is Transpose && $0.inputs.first == source })
    let explained = try ExplainedNetwork(try loaded.prepared(layer: reader.name))
    let rank = try #require(explanations.ranks.first)
    for (image, forward) in try explained.network.results(of: loaded.images).enumerated() {
      for (name, explainer) in explained.explainers {
        #expect(explainer.general.layout.axes == "NHWC")
        let key = "middle_conv|\(rank.name)|\(name)|\(image)"
        let expected = try #require(maps[key], "\(key)")
        let positive = maps["middle_conv|\(rank.name)|layercam|\(image)"]
        let map = try explainer.general.map(classIndex: rank.classes[image], forward: forward)
        if name == "hirescam", let positive, Self.cancels(expected, positive) { continue }
        expectSame(map, expected.elements(of: Float.self), key)
      }
    }
  }

  @Test(arguments: cases)
  func `the optimised graph has the layouts of the graph as it is`(
    _ reference: ReferenceCase
  ) throws {
    let loaded = try LoadedCase(reference)
    let graph = try loaded.imported.specialized(
      inputShapes: [loaded.imported.inputs[0].value: loaded.images[0].shape])
    let maps = FeatureMaps(graph)
    let layers = maps.candidates
    let optimized = FeatureMaps(graph.optimized(keep: Set(layers)))
    for layer in layers {
      #expect(
        (try? maps.layout(of: layer)) == (try? optimized.layout(of: layer)),
        "\(graph[layer].name)")
    }
  }

  /// Whether the terms of a map cancel up to rounding, as they do in front of a normalisation over
  /// the channels: the sum of those with a positive gradient, LayerCAM's, is then far larger.
  private static func cancels(_ map: Tensor, _ positive: Tensor) -> Bool {
    let largest = map.elements(of: Float.self).max() ?? 0
    return largest < 1e-4 * (positive.elements(of: Float.self).max() ?? 0)
  }

  /// Compares the direction closely, which is all that a heatmap shows, and then the scale.
  private func expectSame(_ map: ClassActivationMap, _ expected: [Float], _ name: String) {
    guard expected.contains(where: { $0 != 0 }) else {
      // No evidence for the class: what is left of the map after ReLU must be rounding.
      let magnitude = map.values.map { abs($0) }.max() ?? 0
      #expect((map.rectified.max() ?? 0) <= 1e-4 * magnitude, "\(name) is zero in the reference")
      return
    }
    let similarity = VectorSimilarity(map.rectified, expected)
    #expect(similarity.cosine > 0.999, "\(name)")
    // Rounding that moves one activation across a kink of ReLU6 changes a map by up to 3 percent.
    #expect(abs(similarity.scale - 1) < 0.05, "\(name)")
  }
}

/// A network that also computes what its explainers need.
private struct ExplainedNetwork {
  let graph: Graph
  let layer: ValueID
  let network: Network
  /// One for each method, by the name that the reference gives it.
  let explainers: [String: MethodExplainer]

  init(_ prepared: PreparedGraph) throws(Fault) {
    guard let layer = prepared.layer else { throw Fault(.layerNotFound, "no layer") }
    self.graph = prepared.graph
    self.layer = layer
    var explainers: [String: MethodExplainer] = [:]
    var needed: Set = [prepared.logits]
    // The heads of an attention are no places of an image, but the stored maps take them as planes.
    let isHeads = graph[layer].name.hasSuffix("self_attention/MatMul_2_output_0")
    let layout = isHeads ? graph[layer].type.map { LayerLayout(planes: $0.shape) } : nil
    for (name, method) in Self.methods {
      let explainer = MethodExplainer(
        general: try Explainer(
          graph, layer: layer, layout: layout, logits: prepared.logits, method: method,
          allowsClosedForm: false),
        direct: try Explainer(
          graph, layer: layer, layout: layout, logits: prepared.logits, method: method))
      needed.formUnion(explainer.general.requiredValues + explainer.direct.requiredValues)
      explainers[name] = explainer
    }
    self.explainers = explainers
    network = try Network(graph, results: needed.sorted(), kernels: .auto)
  }

  private static let methods: [(String, Explainer.Method)] = [
    ("gradcam", .gradCAM), ("hirescam", .hiResCAM), ("gradcam_plusplus", .gradCAMPlusPlus),
    ("xgradcam", .xGradCAM), ("layercam", .layerCAM),
  ]
}

private struct MethodExplainer {
  /// Walks back through the graph.
  let general: Explainer
  /// Takes the weights of the head where it can.
  let direct: Explainer
}
