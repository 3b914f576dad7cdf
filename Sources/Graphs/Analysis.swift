public import Faults
import Tensors

extension Graph {
  /// The scores before the final Softmax, LogSoftmax or Sigmoid; `output` itself when there is none.
  /// - Parameter output: The output to explain; the graph's first unless told otherwise.
  public func logits(of output: ValueID? = nil) -> ValueID? { head(of: output)?.logits }

  /// The last spatial feature map on the path to the logits: what global pooling or flattening reads.
  ///
  /// The value has the layout [N, C, H, W] with H · W > 1. The graph must be specialised.
  /// - Throws: `Fault` with code `explain.not_supported` when the network has no such map.
  public func automaticTargetLayer(logits: ValueID? = nil) throws(Fault) -> ValueID {
    try automaticTarget(logits: logits).layer
  }

  /// The automatic target layer, and the node that takes its grid away.
  /// - Throws: `Fault` with code `explain.not_supported` when the network has no such map.
  public func automaticTarget(
    logits: ValueID? = nil
  ) throws(Fault) -> (layer: ValueID, reader: Node) {
    let producers = producers()
    if let logits = logits ?? self.logits() {
      for node in ancestors(of: logits).reversed() {
        guard let map = collapsedMap(node, producers) else { continue }
        if let target = channelsFirst(map, producers) { return (target, node) }
      }
    }
    throw Fault(
      .explainNotSupported,
      "the model has no spatial feature map before its logits: name a layer [N, C, H, W]")
  }

  /// The spatial feature maps the logits depend on, from the input on: what a target layer may be.
  public func spatialLayers(logits: ValueID? = nil) -> [ValueID] {
    guard let logits = logits ?? self.logits() else { return [] }
    return ancestors(of: logits).flatMap(\.outputs).filter(isSpatial)
  }

  /// The nodes a value depends on through anything but constants, in topological order.
  private func ancestors(of value: ValueID) -> [Node] {
    var isNeeded = [Bool](repeating: false, count: values.count)
    isNeeded[value.index] = true
    var ancestors: [Node] = []
    for node in nodes.reversed() where node.outputs.contains(where: { isNeeded[$0.index] }) {
      for case .some(let input) in node.inputs { isNeeded[input.index] = true }
      ancestors.append(node)
    }
    return ancestors.reversed()
  }

  private func isSpatial(_ value: ValueID) -> Bool {
    guard let shape = self[value].type?.shape, shape.rank == 4 else { return false }
    return shape[2] * shape[3] > 1
  }

  /// The map whose spatial axes this node removes, if it does.
  private func collapsedMap(_ node: Node, _ producers: [Int?]) -> ValueID? {
    guard let input = node.inputs.first ?? nil, let output = node.outputs.first, isSpatial(input),
      let from = self[input].type?.shape, let to = self[output].type?.shape
    else { return nil }
    switch node.op.opType {
    case "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "AveragePool", "MaxPool", "LpPool",
      "Conv":
      return to.rank == 4 && to[2] * to[3] == 1 ? input : nil
    case "ReduceMean", "ReduceMax", "ReduceSum", "ReduceL2":
      return to.dimensions.filter { $0 > 1 } == [from[1]].filter { $0 > 1 }
        || isTransposed(input, producers) && to.dimensions.filter { $0 > 1 } == [from[3]]
        ? input : nil
    case "Flatten", "Reshape":
      return mergesSpatialAxes(from, to) && comesFromPixels(input, producers) ? input : nil
    default: return nil
    }
  }

  /// Whether two of the last three axes of a map become one: no axis begins where both begin.
  private func mergesSpatialAxes(_ from: Shape, _ to: Shape) -> Bool {
    let starts = Set(to.strides)
    return from.strides[1...2].contains { $0 > 1 && !starts.contains($0) }
  }

  /// Whether a value follows a convolution or a pooling elementwise: the heads of an attention also
  /// have four axes, but no pixels.
  private func comesFromPixels(_ value: ValueID, _ producers: [Int?]) -> Bool {
    var value = value
    while let index = producers[value.index], let input = nodes[index].inputs.first ?? nil {
      switch nodes[index].op.opType {
      case "Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "Resize", "DepthToSpace":
        return true
      case "MatMul", "Gemm", "Softmax", "Reshape", "Einsum": return false
      default:
        // An operand that is computed leads on, one that is constant does not.
        let computed = nodes[index].inputs.compactMap { $0 }.first { self[$0].constant == nil }
        value = computed ?? input
      }
    }
    return self[value].constant == nil
  }

  /// Whether a map is the [N, H, W, C] form of the input of the Transpose that makes it.
  private func isTransposed(_ map: ValueID, _ producers: [Int?]) -> Bool {
    producers[map.index].flatMap { nodes[$0].op as? Transpose }?.perm == [0, 2, 3, 1]
  }

  /// Follows a map back over copies, and over a transposition to [N, H, W, C].
  private func channelsFirst(_ map: ValueID, _ producers: [Int?]) -> ValueID? {
    var value = map
    while let index = producers[value.index], let input = nodes[index].inputs.first ?? nil {
      switch nodes[index].op.opType {
      case "Identity", "Dropout": value = input
      case "Transpose" where isTransposed(value, producers): return input
      default: return value
      }
    }
    return nil
  }
}

extension Graph {
  /// The output of this name, the first when none is named.
  /// - Throws: `Fault` with code `model.invalid` that lists the outputs.
  public func output(named name: String?) throws(Fault) -> ValueID {
    guard let first = outputs.first else { throw Fault(.modelInvalid, "the model has no output") }
    guard let name else { return first }
    guard let output = outputs.first(where: { self[$0].name == name }) else {
      let names = outputs.map { self[$0].name }.joined(separator: ", ")
      throw Fault(.modelInvalid, "the model has no output \(name), its outputs are \(names)")
    }
    return output
  }

  /// The value a user names: a tensor, or a node, which stands for its first output.
  /// - Throws: `Fault` with code `layer.not_found` that proposes names alike.
  public func layer(named name: String) throws(Fault) -> ValueID {
    if let value = value(named: name) { return value }
    if let node = nodes.first(where: { $0.name == name }), let output = node.outputs.first {
      return output
    }
    let near = names(near: name)
    let hint = near.isEmpty ? "list the layers of the model" : "did you mean \(near[0])?"
    throw Fault(
      .layerNotFound, "the model has no layer \(name): \(hint)",
      details: ["layer": .string(name), "similar": .array(near.map { .string($0) })])
  }

  /// The names of computed values and nodes that contain the text or differ in few letters.
  private func names(near name: String) -> [String] {
    var candidates: [String] = []
    for node in nodes {
      candidates.append(node.name)
      candidates += node.outputs.map { self[$0].name }
    }
    let wanted = Array(name.lowercased().utf8.prefix(256))
    var scored: [(distance: Int, name: String)] = []
    for candidate in Set(candidates) where !candidate.isEmpty && candidate.utf8.count <= 256 {
      let letters = Array(candidate.lowercased().utf8)
      let distance =
        candidate.lowercased().contains(name.lowercased())
        ? 0 : editDistance(wanted, letters)
      if distance <= max(2, wanted.count / 4) { scored.append((distance, candidate)) }
    }
    return scored.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(5).map(\.name)
  }
}

/// The number of insertions, deletions and substitutions between two byte strings.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let substituted = diagonal + (x == y ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
