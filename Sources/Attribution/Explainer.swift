public import Faults
public import Graphs
public import Tensors

/// Computes class activation maps of one layer from its activations, by reverse-mode
/// differentiation of the part of the graph after it.
///
/// Source: Selvaraju et al., Grad-CAM, https://arxiv.org/abs/1610.02391. The weight of a channel is
/// the mean of the gradient of the class score over the channel's grid; the map is the weighted sum
/// of the activations.
public final class Explainer: Sendable {
  /// The layer that is explained, [1, C, H, W].
  public let layer: ValueID
  /// The class scores, one per class.
  public let logits: ValueID
  /// The values that `map` needs of the forward pass: the layer, and what the scores depend on
  /// besides it.
  public let requiredValues: [ValueID]
  private let graph: Graph
  private let rule: Rule

  private enum Rule {
    case closedForm(PooledHead)
    case reverse(ReverseWalk)
  }

  /// Plans the maps of `layer`.
  /// - Parameters:
  ///   - graph: specialised for one sample.
  ///   - allowsClosedForm: whether a head that is one matrix after a spatial mean is solved
  ///     directly; the general walk gives the same up to rounding.
  /// - Throws: `Fault` with code `explain.not_supported` when the layer is no feature map, or the
  ///   scores do not depend on it.
  public init(
    _ graph: Graph, layer: ValueID, logits: ValueID, allowsClosedForm: Bool = true
  ) throws(Fault) {
    let name = graph[layer].name
    guard let type = graph[layer].type, type.dtype == .float32, type.shape.rank == 4,
      type.shape[0] == 1, type.shape.elementCount > 0
    else {
      let found = graph[layer].type.map { "\($0)" } ?? "of unknown type"
      throw Fault(
        .explainNotSupported,
        "layer \(name) is \(found), not feature planes [1, C, H, W]: choose another layer",
        details: ["layer": .string(name)])
    }
    let walk = try ReverseWalk(graph, from: logits, to: [layer])
    self.graph = graph
    self.layer = layer
    self.logits = logits
    if allowsClosedForm, let head = PooledHead(graph, layer: layer, logits: logits) {
      self.rule = .closedForm(head)
      self.requiredValues = [layer]
    } else {
      self.rule = .reverse(walk)
      self.requiredValues = [layer] + Self.sideValues(graph, layer: layer, logits: logits)
    }
  }

  /// Whether the maps come from the head's weights alone, without a backward pass.
  public var isClosedForm: Bool {
    if case .closedForm = rule { true } else { false }
  }

  /// The map of one class for one image.
  /// - Parameters:
  ///   - classIndex: counts the logits from 0.
  ///   - forward: at least `requiredValues`, of one image.
  /// - Throws: `Fault` with code `explain.not_supported` when an operator after the layer has no
  ///   gradient rule.
  public func map(
    classIndex: Int, forward: [ValueID: Tensor]
  ) throws(Fault) -> ClassActivationMap {
    guard let activations = forward[layer] else {
      throw Fault(.internalError, "the activations of \(graph[layer].name) are missing")
    }
    switch rule {
    case .closedForm(let head):
      return activations.weightedSum(head.channelWeights(classIndex: classIndex))
    case .reverse(let walk):
      let gradient = try gradient(walk, classIndex: classIndex, forward: forward)
      return activations.weightedSum(gradient.channelMeans())
    }
  }

  private func gradient(
    _ walk: ReverseWalk, classIndex: Int, forward: [ValueID: Tensor]
  ) throws(Fault) -> Tensor {
    var values = try ReferenceExecutor(graph).values(
      of: walk.forwardValues.union([logits]), given: forward)
    for (value, tensor) in forward { values[value] = tensor }
    guard let scores = values[logits], classIndex < scores.elementCount else {
      throw Fault(
        .paramOutOfRange, "class \(classIndex) does not exist: the model has fewer outputs")
    }
    let seed = Tensor(zeros: .float32, scores.shape)
    seed.withMutableElements(of: Float.self) { $0[classIndex] = 1 }
    let gradients = try walk.gradients(seedGradient: seed, forward: values)
    guard let gradient = gradients[layer] else {
      throw Fault(.internalError, "the gradient by \(graph[layer].name) is missing")
    }
    return gradient
  }

  /// The values beside the layer's descendants that the way from the layer to the logits reads.
  private static func sideValues(_ graph: Graph, layer: ValueID, logits: ValueID) -> [ValueID] {
    var needed = [Bool](repeating: false, count: graph.values.count)
    needed[logits.index] = true
    for node in graph.nodes.reversed() where node.outputs.contains(where: { needed[$0.index] }) {
      for case .some(let input) in node.inputs { needed[input.index] = true }
    }
    var descends = [Bool](repeating: false, count: graph.values.count)
    descends[layer.index] = true
    var side: Set<ValueID> = []
    for node in graph.nodes where node.outputs.contains(where: { needed[$0.index] }) {
      let inputs = node.inputs.compactMap(\.self)
      guard inputs.contains(where: { descends[$0.index] }) else { continue }
      for output in node.outputs { descends[output.index] = true }
      side.formUnion(
        inputs.filter { !descends[$0.index] && graph[$0].constant == nil })
    }
    return side.sorted()
  }
}
