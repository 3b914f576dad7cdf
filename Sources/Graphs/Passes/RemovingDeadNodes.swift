import Faults
import Tensors

extension Graph {
  /// Returns the graph without the nodes that neither an output nor `keep` needs.
  ///
  /// Keeps every remaining value's bits. Constants nobody reads are let go.
  public func removingDeadNodes(keep: Set<ValueID> = []) -> Graph {
    var graph = self
    var isNeeded = [Bool](repeating: false, count: values.count)
    for id in outputs { isNeeded[id.index] = true }
    for id in keep { isNeeded[id.index] = true }
    var kept: [Node] = []
    for node in nodes.reversed() where node.outputs.contains(where: { isNeeded[$0.index] }) {
      for case .some(let input) in node.inputs { isNeeded[input.index] = true }
      kept.append(node)
    }
    graph.nodes = kept.reversed()
    for index in graph.values.indices where !isNeeded[index] { graph.values[index].constant = nil }
    return graph
  }
}
