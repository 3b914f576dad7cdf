import Faults
import Tensors

/// A graph under change, with the questions that rewriting rules ask.
///
/// Indices stay valid until `finish`: a removed node leaves its place empty, an inserted one gets a
/// new index. Value IDs never change; new values are appended.
struct Rewriter {
  private(set) var graph: Graph
  /// Values that must keep their name and contents: outputs and what the caller asks to keep.
  let protected: Set<ValueID>
  private let originalCount: Int
  private var producers: [Int?]
  private var readers: [Set<Int>]
  private var removed: [Bool]
  private var inserted: [Int: [Int]] = [:]
  private var names: Set<String>

  init(_ graph: Graph, keep: Set<ValueID>) {
    self.graph = graph
    self.protected = keep.union(graph.outputs)
    self.originalCount = graph.nodes.count
    self.producers = graph.producers()
    self.readers = [Set<Int>](repeating: [], count: graph.values.count)
    self.removed = [Bool](repeating: false, count: graph.nodes.count)
    self.names = Set(graph.values.map(\.name))
    for index in graph.nodes.indices { register(index) }
  }

  /// The nodes of the original graph that are left, in order.
  var indices: [Int] { (0..<originalCount).filter { !removed[$0] } }

  func isRemoved(_ index: Int) -> Bool { removed[index] }

  func node(_ index: Int) -> Node { graph.nodes[index] }

  func type(_ id: ValueID) -> TensorType? { graph[id].type }

  func constant(_ id: ValueID?) -> Tensor? { id.flatMap { graph[$0].constant } }

  /// The node that computes a value.
  func producer(of id: ValueID?) -> Int? { id.flatMap { producers[$0.index] } }

  /// Whether nothing needs the value.
  func isUnread(_ id: ValueID) -> Bool { readers[id.index].isEmpty && !protected.contains(id) }

  /// The only reader of a value that may go with it, or `nil`; it reads the value once.
  func onlyReader(of id: ValueID) -> Int? {
    guard readers[id.index].count == 1, !protected.contains(id),
      let reader = readers[id.index].first
    else { return nil }
    return graph.nodes[reader].inputs.count { $0 == id } == 1 ? reader : nil
  }

  /// Whether only the given node needs the value.
  func isRead(_ id: ValueID, onlyBy index: Int) -> Bool {
    !protected.contains(id) && readers[id.index].allSatisfy { $0 == index }
  }

  /// Whether no other node reads the value, which may be one to keep.
  func isRead(_ id: ValueID, byNoNodeBut index: Int) -> Bool {
    readers[id.index].allSatisfy { $0 == index }
  }

  /// Replaces a node's operator and inputs; its outputs stay.
  mutating func replace(_ index: Int, by op: any Operator, _ inputs: [ValueID?]) {
    unregister(index)
    graph.nodes[index].op = op
    graph.nodes[index].inputs = inputs
    register(index)
  }

  /// Lets a node compute `output` instead of its first output.
  mutating func redirect(_ index: Int, to output: ValueID) {
    producers[graph.nodes[index].outputs[0].index] = nil
    graph.nodes[index].outputs[0] = output
    producers[output.index] = index
  }

  mutating func remove(_ index: Int) {
    unregister(index)
    removed[index] = true
    for output in graph.nodes[index].outputs { producers[output.index] = nil }
  }

  /// Puts a node with one new value right before another node, and returns the value.
  mutating func insert(
    _ op: any Operator, _ inputs: [ValueID?], type: TensorType, before index: Int
  ) -> ValueID {
    let name = unusedName("\(graph.nodes[index].name)/\(op.opType)")
    let output = addValue(Value(name: name, type: type))
    let place = graph.nodes.count
    graph.nodes.append(Node(name: name, op: op, inputs: inputs, outputs: [output]))
    removed.append(false)
    producers[output.index] = place
    register(place)
    inserted[index, default: []].append(place)
    return output
  }

  /// Adds a constant, named after the node it belongs to.
  mutating func addConstant(
    _ tensor: Tensor, for node: Node, _ role: String, integers: QuantizedConstant? = nil
  ) -> ValueID {
    var value = Value(
      name: unusedName("\(node.name)/\(role)"), type: tensor.type, constant: tensor)
    value.integers = integers
    return addValue(value)
  }

  /// Lets every reader of `old` read `new`.
  mutating func substitute(_ old: ValueID, by new: ValueID) {
    for index in readers[old.index].sorted() {
      unregister(index)
      graph.nodes[index].inputs = graph.nodes[index].inputs.map { $0 == old ? new : $0 }
      register(index)
    }
  }

  mutating func setType(_ type: TensorType, of id: ValueID) { graph[id].type = type }

  /// Whether the operator gives the types the node's outputs have: the last check of a rewriting.
  func fits(_ op: any Operator, _ inputs: [ValueID?], outputsOf index: Int) -> Bool {
    guard let types = try? op.outputTypes(facts(inputs)) else { return false }
    return zip(graph.nodes[index].outputs, types).allSatisfy { type($0) == $1 }
  }

  /// What is known of values.
  func facts(_ inputs: [ValueID?]) -> [ValueFact?] {
    inputs.map { id in
      id.flatMap { id in type(id).map { ValueFact($0, constant: graph[id].constant) } }
    }
  }

  /// The graph with the changes applied and dead nodes removed.
  func finish() -> Graph {
    var result = graph
    result.nodes = []
    for index in 0..<originalCount { append(index, to: &result.nodes) }
    return result.removingDeadNodes(keep: protected)
  }

  /// Appends what was inserted before a node, and the node unless it was removed.
  private func append(_ index: Int, to nodes: inout [Node]) {
    for place in inserted[index] ?? [] { append(place, to: &nodes) }
    if !removed[index] { nodes.append(graph.nodes[index]) }
  }

  private mutating func addValue(_ value: Value) -> ValueID {
    producers.append(nil)
    readers.append([])
    return graph.addValue(value)
  }

  private mutating func register(_ index: Int) {
    for case .some(let input) in graph.nodes[index].inputs { readers[input.index].insert(index) }
  }

  private mutating func unregister(_ index: Int) {
    for case .some(let input) in graph.nodes[index].inputs {
      readers[input.index].remove(index)
    }
  }

  private mutating func unusedName(_ stem: String) -> String {
    var name = stem
    var number = 1
    while !names.insert(name).inserted {
      number += 1
      name = "\(stem)_\(number)"
    }
    return name
  }
}
