public import Faults
public import Graphs
public import Kernels
public import Tensors

/// Computes class activation maps of one layer from its activations, by reverse-mode
/// differentiation of the part of the graph after it.
public final class Explainer: Sendable {
  /// The layer that is explained.
  public let layer: ValueID
  /// How the feature map lies in it.
  public let layout: LayerLayout
  /// The class scores, one per class.
  public let logits: ValueID
  /// The values that `map` needs of the forward pass: the layer, what the scores depend on besides
  /// it, and what the slopes of a head of matrices are taken from.
  public let requiredValues: [ValueID]
  /// How the maps are made.
  public let method: Method
  /// The number of class scores.
  public let classCount: Int
  private let graph: Graph
  let rule: Rule

  enum Rule {
    case closedForm(PooledHead)
    case dense(DenseHead)
    case reverse(ReverseWalk)
  }

  /// Plans the maps of `layer`.
  /// - Parameters:
  ///   - graph: specialised for one sample.
  ///   - layout: how the feature map lies in the layer; `nil` asks the graph, and refuses a layer
  ///     that is none.
  ///   - method: how the maps are made.
  ///   - allowsClosedForm: whether a head that is one matrix after a spatial mean is solved
  ///     directly, and one of several matrices for several images at once; the general walk gives
  ///     the same up to rounding.
  ///   - kernels: what multiplies with several matrices; `nil` leaves them to the general walk.
  ///   - others: explainers of other layers of this graph, to share packed matrices with.
  /// - Throws: `Fault` with code `explain.not_supported` when the layer is no feature map, or the
  ///   scores do not depend on it.
  public init(
    _ graph: Graph, layer: ValueID, layout: LayerLayout? = nil, logits: ValueID,
    method: Method = .gradCAM, allowsClosedForm: Bool = true, kernels: BlockedKernels? = .best,
    sharing others: [Explainer] = []
  ) throws(Fault) {
    try graph.checkFloat(layer)
    if let layout {
      self.layout = layout
    } else {
      self.layout = try graph.featureLayout(of: layer, logits: logits, needsGradient: true)
    }
    guard let classCount = graph[logits].type?.shape.elementCount else {
      throw Fault(
        .explainNotSupported, "the number of scores of \(graph[logits].name) is not known")
    }
    // Once for all images: the weights of a file may lie on any byte.
    let constants = try ReverseWalk(graph, from: logits, to: [layer]).constants
    self.method = method
    self.classCount = classCount
    self.layer = layer
    self.logits = logits
    if allowsClosedForm,
      let head = PooledHead(
        graph, layer: layer, layout: self.layout, logits: logits)
    {
      self.graph = graph
      self.rule = .closedForm(head)
      self.requiredValues = [layer]
    } else if allowsClosedForm, let kernels,
      let head = try DenseHead(
        graph, layer: layer, layout: self.layout, logits: logits, method: method,
        kernels: kernels, sharing: others.compactMap(\.denseHead))
    {
      self.graph = graph
      self.rule = .dense(head)
      let side = Self.sideValues(graph, layer: layer, logits: head.vector)
      self.requiredValues = [layer] + Set(side + head.requiredValues).subtracting([layer]).sorted()
    } else {
      let aligned = graph.aligning(constants)
      self.graph = aligned
      self.rule = .reverse(try ReverseWalk(aligned, from: logits, to: [layer]))
      self.requiredValues = [layer] + Self.sideValues(graph, layer: layer, logits: logits)
    }
  }

  private var denseHead: DenseHead? {
    if case .dense(let head) = rule { head } else { nil }
  }

  /// Whether the maps come from the head's weights alone, without a backward pass.
  public var isClosedForm: Bool {
    if case .closedForm = rule { true } else { false }
  }

  /// The map of one class's logit for one image.
  /// - Parameters:
  ///   - classIndex: counts the logits from 0.
  ///   - forward: at least `requiredValues`, of one image.
  /// - Throws: `Fault` with code `explain.not_supported` when an operator after the layer has no
  ///   gradient rule.
  public func map(
    classIndex: Int, forward: [ValueID: Tensor]
  ) throws(Fault) -> ClassActivationMap {
    guard (0..<classCount).contains(classIndex) else {
      throw Fault(
        .paramOutOfRange, "class \(classIndex) does not exist: the model has \(classCount) outputs")
    }
    return try map(scoreGradient: unitGradient(classIndex), forward: forward)
  }

  /// The gradient of one logit by each.
  func unitGradient(_ classIndex: Int) -> [Float] {
    var gradient = [Float](repeating: 0, count: classCount)
    gradient[classIndex] = 1
    return gradient
  }

  /// The map of a function of the logits for one image.
  /// - Parameters:
  ///   - scoreGradient: the gradient of the function by each logit.
  ///   - forward: at least `requiredValues`, of one image.
  /// - Throws: `Fault` with code `explain.not_supported` when an operator after the layer has no
  ///   gradient rule.
  public func map(
    scoreGradient: [Float], forward: [ValueID: Tensor]
  ) throws(Fault) -> ClassActivationMap {
    precondition(scoreGradient.count == classCount)
    let activations = try activations(forward)
    switch rule {
    case .closedForm(let head):
      return method.map(activations, .uniform(head.channelGradient(scoreGradient)))
    case .dense(let head):
      let query = Query(scoreGradient: scoreGradient, forward: forward)
      return try maps([query], head)[0]
    case .reverse(let walk):
      let gradient = try gradient(walk, scoreGradient: scoreGradient, forward: forward)
      return method.map(activations, .planes(layout.planes(of: gradient)))
    }
  }

  /// One map that is asked for: the gradient of a function by each logit of one image, and at least
  /// `requiredValues` of that image.
  public struct Query {
    public var scoreGradient: [Float]
    public var forward: [ValueID: Tensor]

    public init(scoreGradient: [Float], forward: [ValueID: Tensor]) {
      self.scoreGradient = scoreGradient
      self.forward = forward
    }
  }

  /// The maps of several queries, the same as of each alone.
  ///
  /// The matrices of a head are read once for all of them.
  public func maps(_ queries: [Query]) -> [Result<ClassActivationMap, Fault>] {
    guard case .dense(let head) = rule else {
      return queries.map { query in
        Result { () throws(Fault) in
          try map(scoreGradient: query.scoreGradient, forward: query.forward)
        }
      }
    }
    var results: [Result<ClassActivationMap, Fault>] = []
    while results.count < queries.count {
      let part = Array(queries[results.count...].prefix(Self.largestPart))
      do throws(Fault) {
        results += try maps(part, head).map { .success($0) }
      } catch {
        results += part.map { _ in .failure(error) }
      }
    }
    return results
  }

  /// Queries that a head answers together, so that their gradients take little memory.
  private static let largestPart = 32

  private func maps(
    _ queries: [Query], _ head: DenseHead
  ) throws(Fault) -> [ClassActivationMap] {
    let gradients = try head.gradients(queries, layer: layer, layout: layout)
    var maps: [ClassActivationMap] = []
    for (query, gradient) in zip(queries, gradients) {
      maps.append(method.map(try activations(query.forward), gradient))
    }
    return maps
  }

  /// The activations of the layer in a forward pass, as planes [1, C, H, W].
  func activations(_ forward: [ValueID: Tensor]) throws(Fault) -> Tensor {
    guard let value = forward[layer] else {
      throw Fault(.internalError, "the activations of \(graph[layer].name) are missing")
    }
    return layout.planes(of: value)
  }

  private func gradient(
    _ walk: ReverseWalk, scoreGradient: [Float], forward: [ValueID: Tensor]
  ) throws(Fault) -> Tensor {
    var values = try ReferenceExecutor(graph).values(
      of: walk.forwardValues.union([logits]), given: forward)
    for (value, tensor) in forward { values[value] = tensor }
    guard let scores = values[logits] else {
      throw Fault(.internalError, "the scores \(graph[logits].name) are missing")
    }
    let seed = Tensor(scoreGradient, shape: scores.shape)
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
