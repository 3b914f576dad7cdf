public import Tensors

/// The place of a value in `Graph.values`.
public struct ValueID: Hashable, Sendable, Comparable {
  public let index: Int

  public init(_ index: Int) {
    self.index = index
  }

  public static func < (a: Self, b: Self) -> Bool { a.index < b.index }
}

/// A tensor that flows through the graph: an input, a constant, or a node's output.
public struct Value: Sendable {
  /// The ONNX name, unique in the graph.
  public var name: String
  /// Known after shape inference.
  public var type: TensorType?
  /// The elements of an initializer or a folded value; may be misaligned (see `Tensor.aligned`).
  public var constant: Tensor?
  /// The integers a folded DequantizeLinear made `constant` from.
  public var integers: QuantizedConstant?

  public init(name: String, type: TensorType? = nil, constant: Tensor? = nil) {
    self.name = name
    self.type = type
    self.constant = constant
  }
}

/// One operator applied to values.
public struct Node: Sendable {
  public var name: String
  public var op: any Operator
  /// `nil` stands for an optional input that is left out.
  public var inputs: [ValueID?]
  public var outputs: [ValueID]

  public init(name: String, op: any Operator, inputs: [ValueID?], outputs: [ValueID]) {
    self.name = name
    self.op = op
    self.inputs = inputs
    self.outputs = outputs
  }
}

/// An extent of a declared input: a number, or a name (or nothing) that is bound before running.
public enum Dimension: Hashable, Sendable {
  case fixed(Int)
  case symbolic(String)
}

/// An input as the model declares it.
public struct GraphInput: Sendable {
  public var value: ValueID
  public var dtype: DType
  /// `nil` when the model declares no shape.
  public var dimensions: [Dimension]?

  public init(value: ValueID, dtype: DType, dimensions: [Dimension]?) {
    self.value = value
    self.dtype = dtype
    self.dimensions = dimensions
  }
}

/// A dataflow graph: nodes in topological order over single-assignment values.
public struct Graph: Sendable {
  public var values: [Value]
  public var nodes: [Node]
  public var inputs: [GraphInput]
  public var outputs: [ValueID]

  public init(
    values: [Value] = [], nodes: [Node] = [], inputs: [GraphInput] = [], outputs: [ValueID] = []
  ) {
    self.values = values
    self.nodes = nodes
    self.inputs = inputs
    self.outputs = outputs
  }

  public subscript(id: ValueID) -> Value {
    get { values[id.index] }
    set { values[id.index] = newValue }
  }

  /// Adds a value and returns its place.
  public mutating func addValue(_ value: Value) -> ValueID {
    values.append(value)
    return ValueID(values.count - 1)
  }

  /// The value of this ONNX name, if there is one.
  public func value(named name: String) -> ValueID? {
    values.firstIndex { $0.name == name }.map(ValueID.init)
  }

  /// For each value, the nodes that read it, in order.
  public func consumers() -> [[Int]] {
    var consumers = [[Int]](repeating: [], count: values.count)
    for (index, node) in nodes.enumerated() {
      for case .some(let input) in node.inputs where consumers[input.index].last != index {
        consumers[input.index].append(index)
      }
    }
    return consumers
  }

  /// For each value, the node that computes it; `nil` for inputs and constants.
  public func producers() -> [Int?] {
    var producers = [Int?](repeating: nil, count: values.count)
    for (index, node) in nodes.enumerated() {
      for output in node.outputs { producers[output.index] = index }
    }
    return producers
  }

  /// What is known of a node's inputs, as the operators' rules want it.
  public func facts(of node: Node) -> [ValueFact?] {
    node.inputs.map { id in
      id.flatMap { id in
        let value = self[id]
        return (value.type ?? value.constant?.type).map { ValueFact($0, constant: value.constant) }
      }
    }
  }
}

extension Graph {
  /// Returns the graph with the elements of these constants on their natural alignment.
  public func aligning(_ constants: Set<ValueID>) -> Graph {
    var result = self
    for value in constants {
      result.values[value.index].constant = values[value.index].constant?.aligned()
    }
    return result
  }
}
