import Graphs
import Kernels
import Tensors

/// A node with the nodes after it that its kernel computes in the same pass.
struct Fusion {
  /// The node that starts it, such as a convolution.
  var root: Int
  /// The constant operand of an addition right after a root that takes one as its bias.
  var bias: ValueID?
  /// The other operand of an addition right after the root.
  var residual: ValueID?
  var activation = FusedActivation.none
  /// The value that leaves the last node of the fusion.
  var output: ValueID
  /// Every node of the fusion, in order.
  var nodes: [Int]

  /// The last node: the operation takes its place in the order.
  var position: Int { nodes[nodes.count - 1] }
}

/// Finds the additions and activations that can ride on the kernel before them.
///
/// Only exact fusions: the fused result has the bits of the separate one, apart from a bias, with
/// which the sum then begins. A value in `keep` always leaves its kernel.
struct FusionFinder {
  let graph: Graph
  let keep: Set<ValueID>
  private let consumers: [[Int]]

  init(graph: Graph, keep: Set<ValueID>) {
    self.graph = graph
    self.keep = keep.union(graph.outputs)
    self.consumers = graph.consumers()
  }

  /// Returns the fusions by their root node.
  ///
  /// Later roots choose first: of two branches that meet in an addition, the one computed last
  /// takes it.
  /// - Parameter biasCount: the elements of the bias that a root has a place for but lacks.
  func find(
    isRoot: (Node) -> Bool, takesResidual: (Node) -> Bool, biasCount: (Node) -> Int?
  ) -> [Int: Fusion] {
    var claimed: Set<Int> = []
    var fusions: [Int: Fusion] = [:]
    for index in graph.nodes.indices.reversed() where isRoot(graph.nodes[index]) {
      guard !claimed.contains(index), let output = graph.nodes[index].outputs.first else {
        continue
      }
      var fusion = Fusion(root: index, output: output, nodes: [index])
      if let count = biasCount(graph.nodes[index]),
        let (add, bias) = bias(after: output, count: count), !claimed.contains(add)
      {
        fusion.bias = bias
        take(add, into: &fusion, &fusions, &claimed)
      }
      if fusion.activation == .none, takesResidual(graph.nodes[index]),
        let (add, other) = residual(after: fusion.output),
        !claimed.contains(add)
      {
        fusion.residual = other
        take(add, into: &fusion, &fusions, &claimed)
      }
      if fusion.activation == .none, let next = soleConsumer(of: fusion.output),
        !claimed.contains(next), let activation = FusedActivation(graph.nodes[next], in: graph)
      {
        fusion.activation = activation
        advance(&fusion, to: next, &claimed)
      }
      fusions[index] = fusion
    }
    return fusions
  }

  /// Takes an addition with what was fused to it.
  private func take(
    _ add: Int, into fusion: inout Fusion, _ fusions: inout [Int: Fusion],
    _ claimed: inout Set<Int>
  ) {
    advance(&fusion, to: add, &claimed)
    if let absorbed = fusions.removeValue(forKey: add) {
      fusion.activation = absorbed.activation
      fusion.output = absorbed.output
      fusion.nodes += absorbed.nodes.dropFirst()
    }
  }

  private func advance(_ fusion: inout Fusion, to node: Int, _ claimed: inout Set<Int>) {
    claimed.insert(node)
    fusion.output = graph.nodes[node].outputs[0]
    fusion.nodes.append(node)
  }

  private func soleConsumer(of value: ValueID) -> Int? {
    guard !keep.contains(value), consumers[value.index].count == 1 else { return nil }
    return consumers[value.index][0]
  }

  /// An addition of one constant to each column of a value.
  private func bias(after value: ValueID, count: Int) -> (add: Int, bias: ValueID)? {
    guard let add = soleConsumer(of: value), graph.nodes[add].op is Add else { return nil }
    let operands = graph.nodes[add].inputs.compactMap(\.self)
    guard operands.count == 2, let bias = operands.first(where: { $0 != value }),
      let vector = graph.floats(bias), vector.elementCount == count,
      vector.shape.dimensions.last == count,
      vector.shape.rank <= graph.knownType(value).shape.rank
    else { return nil }
    return (add, bias)
  }

  private func residual(after value: ValueID) -> (add: Int, other: ValueID)? {
    guard let add = soleConsumer(of: value), graph.nodes[add].op is Add else { return nil }
    let operands = graph.nodes[add].inputs.compactMap(\.self)
    guard operands.count == 2, let other = operands.first(where: { $0 != value }),
      graph[other].constant == nil, graph[other].type == graph[value].type
    else { return nil }
    return (add, other)
  }
}
