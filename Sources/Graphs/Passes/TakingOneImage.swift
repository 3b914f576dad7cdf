public import Faults
public import Tensors

extension Graph {
  /// Returns the graph for one image where the model fixes a batch of several.
  ///
  /// Reshapes that name the batch are given its share of one image. The result stands only if then
  /// every value is that of the batch with the first extent divided, so that no step mixes images.
  /// - Parameters:
  ///   - input: The image input.
  ///   - shape: Its shape for one image.
  /// - Returns: The graph itself when the batch is free or 1.
  /// - Throws: `Fault` with code `model.invalid` when the graph cannot be taken apart.
  public func takingOneImage(_ input: ValueID, shape: Shape) throws(Fault) -> Graph {
    guard let place = inputs.firstIndex(where: { $0.value == input }),
      case .fixed(let batch)? = inputs[place].dimensions?.first, batch > 1, shape.rank > 0,
      let several = try? specialized(
        inputShapes: [input: Shape([batch] + shape.dimensions.dropFirst())])
    else { return self }
    var graph = self
    graph.inputs[place].dimensions?[0] = .fixed(1)
    for index in nodes.indices where nodes[index].op is Reshape || nodes[index].op is Expand {
      graph.shareOut(index, batch: batch, several)
    }
    guard let one = try? graph.specialized(inputShapes: [input: shape]),
      one.nodes.flatMap(\.outputs).allSatisfy({ one.isShare(of: $0, batch: batch, several) })
    else {
      throw Fault(
        .modelInvalid,
        "the model takes exactly \(batch) images at once and cannot be taken apart: export it with "
          + "a batch of 1 or a dynamic batch", details: ["declared": .int(batch)])
    }
    return graph
  }

  /// Divides the first extent of a constant target shape by the batch.
  private mutating func shareOut(_ index: Int, batch: Int, _ several: Graph) {
    let node = nodes[index]
    guard node.inputs.count > 1, let target = node.inputs[1],
      let extents = self[target].constant?.elements(of: Int64.self), let first = extents.first,
      let extent = several[node.outputs[0]].type?.shape.dimensions.first, first == Int64(extent),
      extent % batch == 0
    else { return }
    let shared = Tensor(
      [first / Int64(batch)] + extents.dropFirst(), shape: [extents.count])
    nodes[index].inputs[1] = addValue(
      Value(name: "\(node.name)/shape", type: shared.type, constant: shared))
  }

  private func isShare(of value: ValueID, batch: Int, _ several: Graph) -> Bool {
    guard let one = self[value].type?.shape.dimensions,
      let all = several[value].type?.shape.dimensions, let first = one.first
    else { return false }
    return all == [first * batch] + one.dropFirst()
  }
}
