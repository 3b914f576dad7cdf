public import Faults
public import Tensors

/// Runs a graph node by node with the operators' own reference functions.
///
/// Slow and plain: the truth the execution plan is compared with, and the way to fold constants, to
/// verify models and to compute forward values for gradients. Views share storage; every other
/// value is released after its last use. The graph need not be specialised: a type that is not
/// known is inferred from the values at hand, so shapes may depend on them.
public struct ReferenceExecutor: Sendable {
  public let graph: Graph
  private let producers: [Int?]

  public init(_ graph: Graph) {
    self.graph = graph
    self.producers = graph.producers()
  }

  /// Runs the graph on its inputs and returns its outputs and the values of `keep`.
  /// - Throws: `Fault` of the operator that fails, with its node named.
  public func run(
    inputs: [ValueID: Tensor], keep: Set<ValueID> = []
  ) throws(Fault) -> [ValueID: Tensor] {
    try values(of: keep.union(graph.outputs), given: inputs)
  }

  /// Returns the requested values, computing no more than they need beyond the given ones.
  ///
  /// Any value may be given, also one in the middle of the graph: what leads to it is not run.
  public func values(
    of requested: Set<ValueID>, given: [ValueID: Tensor]
  ) throws(Fault) -> [ValueID: Tensor] {
    var live = Live(values: given)
    for id in given.keys.sorted() { try checkGiven(given[id], id) }
    let needed = try neededNodes(for: requested, given: given)
    let lastUse = lastUses(needed, requested: requested)
    for (position, index) in needed.enumerated() {
      let node = graph.nodes[index]
      let outputs: [Tensor]
      do throws(Fault) {
        outputs = try evaluate(node, live)
      } catch {
        throw error.naming(node)
      }
      for (id, tensor) in zip(node.outputs, outputs) where live.values[id] == nil {
        live.values[id] = tensor
      }
      for id in lastUse[position] { live.values[id] = nil }
    }
    var result: [ValueID: Tensor] = [:]
    for id in requested { result[id] = live.values[id] ?? graph[id].constant }
    return result
  }

  private struct Live {
    var values: [ValueID: Tensor]
  }

  private func checkGiven(_ tensor: Tensor?, _ id: ValueID) throws(Fault) {
    guard let tensor, let type = graph[id].type, tensor.type != type else { return }
    throw Fault(
      .modelInvalid, "\(graph[id].name) is \(type) in the model, but \(tensor.type) is given")
  }

  /// The nodes to run, in order.
  private func neededNodes(
    for requested: Set<ValueID>, given: [ValueID: Tensor]
  ) throws(Fault) -> [Int] {
    var isNeeded = [Bool](repeating: false, count: graph.nodes.count)
    var pending = requested.sorted()
    while let id = pending.popLast() {
      guard given[id] == nil, graph[id].constant == nil else { continue }
      guard let producer = producers[id.index] else {
        throw Fault(.modelInvalid, "no value is given for the input \(graph[id].name)")
      }
      guard !isNeeded[producer] else { continue }
      isNeeded[producer] = true
      pending += graph.nodes[producer].inputs.compactMap { $0 }
    }
    return graph.nodes.indices.filter { isNeeded[$0] }
  }

  /// For each node that runs, the values nobody needs after it.
  private func lastUses(_ needed: [Int], requested: Set<ValueID>) -> [[ValueID]] {
    var lastUse: [ValueID: Int] = [:]
    for (position, index) in needed.enumerated() {
      let node = graph.nodes[index]
      for id in node.outputs { lastUse[id] = position }
      for case .some(let id) in node.inputs { lastUse[id] = position }
    }
    var released = [[ValueID]](repeating: [], count: needed.count)
    for (id, position) in lastUse where !requested.contains(id) { released[position].append(id) }
    return released
  }

  private func evaluate(_ node: Node, _ live: Live) throws(Fault) -> [Tensor] {
    let inputs = node.inputs.map { id in
      id.flatMap { live.values[$0] ?? graph[$0].constant }?.aligned()
    }
    return try node.op.run(inputs, types: node.outputs.map { graph[$0].type })
  }
}

extension Operator {
  /// Evaluates the operator into new tensors, or views the first input where that is all it does.
  ///
  /// Types that are `nil` are inferred from the inputs.
  func run(_ inputs: [Tensor?], types: [TensorType?]) throws(Fault) -> [Tensor] {
    var known = types.compactMap { $0 }
    if known.count < types.count {
      known = try outputTypes(inputs.map { $0.map { ValueFact($0.type, constant: $0) } })
      try known.check()
    }
    if isView, types.count == 1, let type = known.first,
      case .some(.some(let input)) = inputs.first,
      input.elementCount == type.shape.elementCount, input.dtype == type.dtype
    {
      return [input.reshaped(type.shape)]
    }
    let outputs = known.map { Tensor(uninitialized: $0.dtype, $0.shape) }
    try evaluate(inputs, into: outputs)
    return outputs
  }
}

extension [TensorType] {
  /// Refuses types that no tensor may have.
  func check() throws(Fault) {
    for type in self { _ = try type.checkedByteCount() }
  }
}

extension Fault {
  /// The fault with the node's name before its message and in its details.
  func naming(_ node: Node) -> Fault {
    prefixed("node \(node.name) (\(node.op.opType))").adding("node", .string(node.name))
      .adding("operator", .string(node.op.opType))
  }
}
