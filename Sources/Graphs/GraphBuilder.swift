public import Tensors

/// Puts a graph together in code: for tests and for graphs that come from no file.
///
/// Nodes are added in topological order; a node without a name is called after its first output.
public struct GraphBuilder {
  private var graph = Graph()

  public init() {}

  /// Adds an input of a fixed shape.
  public mutating func input(
    _ name: String, _ shape: Shape, _ dtype: DType = .float32
  ) -> ValueID {
    input(name, dimensions: shape.dimensions.map(Dimension.fixed), dtype)
  }

  /// Adds an input whose extents may be symbolic.
  public mutating func input(
    _ name: String, dimensions: [Dimension], _ dtype: DType = .float32
  ) -> ValueID {
    let id = graph.addValue(Value(name: name))
    graph.inputs.append(GraphInput(value: id, dtype: dtype, dimensions: dimensions))
    return id
  }

  /// Adds a constant.
  public mutating func constant(_ name: String, _ tensor: Tensor) -> ValueID {
    graph.addValue(Value(name: name, type: tensor.type, constant: tensor))
  }

  /// Adds a node with one output of the given name.
  public mutating func node(
    _ op: any Operator, _ inputs: [ValueID?], output: String, name: String? = nil
  ) -> ValueID {
    let id = graph.addValue(Value(name: output))
    graph.nodes.append(Node(name: name ?? output, op: op, inputs: inputs, outputs: [id]))
    return id
  }

  /// Adds a node with several outputs.
  public mutating func node(
    _ op: any Operator, _ inputs: [ValueID?], outputs: [String], name: String
  ) -> [ValueID] {
    let ids = outputs.map { graph.addValue(Value(name: $0)) }
    graph.nodes.append(Node(name: name, op: op, inputs: inputs, outputs: ids))
    return ids
  }

  /// Returns the graph with these outputs.
  public func finish(outputs: [ValueID]) -> Graph {
    var graph = graph
    graph.outputs = outputs
    return graph
  }
}
