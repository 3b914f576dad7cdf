public import Faults

extension Graph {
  /// The scores before the final Softmax, LogSoftmax or Sigmoid; `output` itself when there is none.
  /// - Parameter output: The output to explain; the graph's first unless told otherwise.
  public func logits(of output: ValueID? = nil) -> ValueID? { head(of: output)?.logits }

  /// The layer that is explained unless one is named (`FeatureMaps.automaticTarget`).
  ///
  /// The graph must be specialised.
  /// - Throws: `Fault` with code `explain.not_supported` when the network has none.
  public func automaticTargetLayer(logits: ValueID? = nil) throws(Fault) -> ValueID {
    try FeatureMaps(self, logits: logits).automaticTarget().layer
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
