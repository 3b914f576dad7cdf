public import Faults
public import Tensors

/// The outputs of one of two graphs, as a condition says that is known before running.
///
/// It never runs: `Graph.specialized` puts the nodes of the chosen graph in its place. Inputs: the
/// condition, then all that the graphs read of the graph around them.
/// Source: ONNX If-1, -11, -13, -16.
public struct If: Operator {
  /// One of the graphs; its values are those of the graph around it.
  public struct Branch: Sendable {
    public var nodes: [Node]
    public var outputs: [ValueID]

    public init(nodes: [Node], outputs: [ValueID]) {
      self.nodes = nodes
      self.outputs = outputs
    }

    /// What the branch reads and does not compute.
    fileprivate var captures: [ValueID] {
      let own = Set(nodes.flatMap(\.outputs))
      return (nodes.flatMap { $0.inputs.compactMap { $0 } } + outputs).filter { !own.contains($0) }
    }
  }

  public var then: Branch
  public var `else`: Branch

  public init(then: Branch, else: Branch) {
    self.then = then
    self.else = `else`
  }

  /// What the branches read of the graph around them, each once.
  public var captures: [ValueID] { Set(then.captures + self.else.captures).sorted() }

  /// The nodes that compute what a node with this operator does.
  /// - Throws: `Fault` with code `model.unsupported_operator` when the condition is not constant.
  func inlined(_ node: Node, condition: Tensor?) throws(Fault) -> [Node] {
    guard let condition, condition.dtype == .bool, condition.elementCount == 1 else {
      throw Fault(
        .modelUnsupportedOperator,
        "the condition depends on the image, which is not supported: export the model without it")
    }
    let branch = condition.elements(of: Bool.self)[0] ? then : self.else
    let copies = zip(branch.outputs, node.outputs).enumerated().map { index, pair in
      Node(
        name: "\(node.name)/\(index)", op: Identity(), inputs: [pair.0], outputs: [pair.1])
    }
    return branch.nodes + copies
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    throw Fault(.modelInvalid, "a choice between graphs has no types of its own")
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    throw Fault(.internalError, "a choice between graphs does not run")
  }
}
