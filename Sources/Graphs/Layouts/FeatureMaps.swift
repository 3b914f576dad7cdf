public import Faults
import Tensors

/// The feature maps of an image classifier: how the grid of the image lies in every value, and which
/// of its cells reach the scores.
public struct FeatureMaps: Sendable {
  private let graph: Graph
  private let walk: GridWalk
  private let liveness: GridLiveness?
  private let scores: ValueID?

  /// - Parameters:
  ///   - graph: specialised for one image.
  ///   - logits: the scores, those of the first output unless told otherwise.
  public init(_ graph: Graph, logits: ValueID? = nil) {
    self.graph = graph
    walk = GridWalk(graph)
    scores = logits ?? graph.logits()
    liveness = scores.map { [walk] in GridLiveness(walk, scores: $0) }
  }

  /// How the feature map lies in a value.
  /// - Throws: `Fault` with code `explain.not_supported` that says why the value is none.
  public func layout(of value: ValueID) throws(Fault) -> LayerLayout {
    switch found(value) {
    case .success(let layout): return layout
    case .failure(let obstacle):
      let name = graph[value].name
      throw Fault(
        .explainNotSupported,
        "layer \(name) is no feature map: \(obstacle.reason); choose another layer",
        details: ["layer": .string(name)])
    }
  }

  /// How the cells of a feature map lie over the image; `nil` where no regular grid describes it.
  public func geometry(of value: ValueID) -> LayerGeometry? {
    guard case .success = found(value) else { return nil }
    return walk.placements[value.index].form?.geometry
  }

  /// Refuses a feature map of which the scores depend on the tokens beside its cells alone.
  /// - Throws: `Fault` with code `explain.not_supported`, also for a value that is no feature map.
  public func checkReachesScores(_ value: ValueID) throws(Fault) {
    _ = try layout(of: value)
    guard let liveness, liveness.tokensOnly[value.index] != nil, !liveness.isOpen(value) else {
      return
    }
    let name = graph[value].name
    throw Fault(
      .explainNotSupported,
      "the scores depend on layer \(name) by the tokens beside its grid alone, every gradient by a "
        + "place is zero: choose a layer before the last attention",
      details: ["layer": .string(name)])
  }

  /// The values that the scores depend on and that may be feature maps by their shape, from the
  /// input on.
  public var candidates: [ValueID] {
    graph.nodes.flatMap(\.outputs).filter { value in
      guard liveness?.tokensOnly[value.index] != nil, let shape = walk.shape(value) else {
        return false
      }
      if case .fixed = walk.placements[value.index] { return false }
      if case .success = found(value) { return true }
      return shape.rank >= 3 && shape.dimensions.count { $0 > 1 } > 1
    }
  }

  private func found(_ value: ValueID) -> Result<LayerLayout, GridForm.Obstacle> {
    func none(_ reason: String) -> Result<LayerLayout, GridForm.Obstacle> {
      .failure(GridForm.Obstacle(reason: reason))
    }
    guard let shape = walk.shape(value) else { return none("its shape is not known") }
    switch walk.placements[value.index] {
    case .fixed: return none("it does not depend on the image")
    case .pooled: return none("it holds no places of the image")
    case .mixed(let reason), .unknown(let reason): return none(reason)
    case .grid(let form): return form.layout(shape)
    }
  }
}

extension FeatureMaps {
  /// The layer that is explained unless one is named.
  public struct AutomaticTarget: Sendable {
    public let layer: ValueID
    /// The node that takes the grid of the layer away.
    public let reader: Node
    /// Whether that is an attention, after which tokens beside the grid alone reach the scores.
    public let isReadByAttention: Bool
  }

  /// The last feature map whose cells reach the scores, on every way that they take there.
  ///
  /// That is what global pooling or flattening reads. Where a class token is read alone, it is what
  /// the last attention reads, before its projections: the convention of pytorch-grad-cam, the output
  /// of the last block's first normalisation.
  /// - Throws: `Fault` with code `explain.not_supported` when there is none.
  public func automaticTarget() throws(Fault) -> AutomaticTarget {
    if let liveness, let scores, case let ways = Ways(walk, liveness, scores), let end = ways.end {
      let reader = walk.graph.nodes[end]
      let isAttention =
        reader.factors.map { !isFixed($0.a.value) && !isFixed($0.b.value) } ?? false
      for value in ways.bottlenecks(before: end) where isLayer(value) {
        let layer = isAttention ? beforeProjection(value) : value
        return AutomaticTarget(
          layer: channelsFirst(layer), reader: reader, isReadByAttention: isAttention)
      }
    }
    throw Fault(
      .explainNotSupported,
      "the model has no feature map before its logits: name a layer that has the places of the image"
    )
  }

  private func isFixed(_ value: ValueID) -> Bool {
    if case .fixed = walk.placements[value.index] { true } else { false }
  }

  private func isLayer(_ value: ValueID) -> Bool {
    // Values beyond are of the walk alone.
    guard value.index < graph.values.count, walk.producers[value.index] != nil,
      case .success = found(value)
    else { return false }
    return true
  }

  /// What a value is projected from by constant weights, or the value itself.
  private func beforeProjection(_ value: ValueID) -> ValueID {
    var (source, isProjected) = (value, false)
    while let node = walk.producer(of: source) {
      let operands = node.inputs.compactMap(\.self).filter { !isFixed($0) }
      guard operands.count == 1, let input = operands.first else { break }
      if !isProjected, node.factors != nil || node.op is Conv {
        isProjected = true
      } else {
        guard node.op.isView || node.op is Transpose || !isProjected && node.op is Add else {
          break
        }
      }
      source = input
    }
    return isProjected && isLayer(source) ? source : value
  }

  /// Follows a map back over copies, and over a transposition to [N, H, W, C].
  private func channelsFirst(_ map: ValueID) -> ValueID {
    var value = map
    while let node = walk.producer(of: value), let input = node.inputs.first ?? nil, isLayer(input)
    {
      switch node.op {
      case is Identity, is Dropout: value = input
      case let op as Transpose where op.perm == [0, 2, 3, 1]: return input
      default: return value
      }
    }
    return value
  }
}

/// The ways of the cells from the image to the scores.
private struct Ways {
  /// The last node that takes cells and gives none; `nil` when cells never reach the scores.
  let end: Int?
  private let walk: GridWalk
  private let openInputs: [[ValueID]]
  /// For each value on the ways, the last one that all ways to it pass.
  private var before: [ValueID?]
  private var depths: [Int]
  /// Whether a value holds anything of the cells of the image.
  private var isReached: [Bool]

  init(_ walk: GridWalk, _ liveness: GridLiveness, _ scores: ValueID) {
    let graph = walk.graph
    self.walk = walk
    // What is pooled from a map and comes back to it, such as a gate, is on the ways.
    var leadsOn = graph.values.indices.map { liveness.isOpen(ValueID($0)) }
    leadsOn[scores.index] = false
    for node in graph.nodes.reversed() where node.outputs.contains(where: { leadsOn[$0.index] }) {
      for case .some(let input) in node.inputs where liveness.tokensOnly[input.index] == [] {
        if case .fixed = walk.placements[input.index] { continue }
        leadsOn[input.index] = true
      }
    }
    end = graph.nodes.indices.last { index in
      !liveness.openInputs[index].isEmpty
        && !graph.nodes[index].outputs.contains { leadsOn[$0.index] }
    }
    openInputs = zip(graph.nodes, liveness.openInputs).map { node, open in
      open + node.inputs.compactMap(\.self).filter { leadsOn[$0.index] && !liveness.isOpen($0) }
    }
    before = [ValueID?](repeating: nil, count: graph.values.count)
    depths = [Int](repeating: 0, count: graph.values.count)
    isReached = [Bool](repeating: false, count: graph.values.count)
    for input in graph.inputs { isReached[input.value.index] = true }
    for (index, node) in graph.nodes.enumerated() {
      let inputs = openInputs[index].filter { isReached[$0.index] }
      let last = common(inputs)
      for output in node.outputs where !inputs.isEmpty {
        isReached[output.index] = true
        before[output.index] = last
        depths[output.index] = (last.map { depths[$0.index] } ?? 0) + 1
      }
    }
  }

  /// The values that all ways to a node pass, the last first.
  func bottlenecks(before node: Int) -> [ValueID] {
    var result: [ValueID] = []
    var next = common(openInputs[node].filter { isReached[$0.index] })
    while let value = next {
      result.append(value)
      next = before[value.index]
    }
    return result
  }

  /// The last value that all ways to these pass.
  private func common(_ values: [ValueID]) -> ValueID? {
    var result = values.first
    for value in values.dropFirst() {
      var (a, b): (ValueID?, ValueID?) = (result, value)
      while let x = a, let y = b, x != y {
        if depths[x.index] >= depths[y.index] { a = before[x.index] } else { b = before[y.index] }
      }
      result = a == b ? a : nil
    }
    return result
  }
}
