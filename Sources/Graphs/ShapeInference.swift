public import Faults
public import Tensors

/// What a graph may claim before anything is allocated for it.
public struct GraphLimits: Sendable {
  /// Bytes of one value.
  public var tensorBytes = 2 << 30
  /// Bytes of all values of one sample together.
  public var totalBytes = 64 << 30
  /// Bytes of all constants that folding may add.
  public var foldedBytes = 2 << 30

  public init() {}
}

extension Graph {
  /// Returns the graph for one choice of input shapes: every type known, constants folded.
  ///
  /// Value IDs stay valid. Nodes that depend on constants and shapes alone are computed now, and
  /// nodes that no output needs are removed.
  /// - Parameters:
  ///   - inputShapes: Shapes of inputs. One that is left out takes the declared extents, a symbolic
  ///     first extent (the batch) being 1.
  ///   - inputConstants: Inputs that are known for good; they stop being inputs.
  ///   - keep: Values that must survive although no output needs them.
  /// - Throws: `Fault` with code `model.invalid`; the failing node is named.
  public func specialized(
    inputShapes: [ValueID: Shape] = [:], inputConstants: [ValueID: Tensor] = [:],
    keep: Set<ValueID> = [], limits: GraphLimits = GraphLimits()
  ) throws(Fault) -> Graph {
    var graph = self
    try graph.bindInputs(inputShapes, inputConstants)
    var inference = ShapeInference(graph: graph, limits: limits)
    try inference.run()
    return inference.graph.removingDeadNodes(keep: keep)
  }

  private mutating func bindInputs(
    _ shapes: [ValueID: Shape], _ constants: [ValueID: Tensor]
  ) throws(Fault) {
    var symbols: [String: Int] = [:]
    for input in inputs {
      let shape = shapes[input.value] ?? constants[input.value]?.shape
      let bound = try self.shape(of: input, given: shape, symbols: &symbols)
      self[input.value].type = TensorType(input.dtype, bound)
      guard let constant = constants[input.value] else { continue }
      guard constant.dtype == input.dtype else {
        throw Fault(
          .modelInvalid,
          "input \(self[input.value].name) is \(input.dtype), but \(constant.dtype) is given")
      }
      self[input.value].constant = constant
    }
    inputs.removeAll { constants[$0.value] != nil }
  }

  /// The shape of one input; each symbol stands for one extent in all inputs.
  private func shape(
    of input: GraphInput, given: Shape?, symbols: inout [String: Int]
  ) throws(Fault) -> Shape {
    let name = self[input.value].name
    guard let declared = input.dimensions else {
      guard let given else {
        throw Fault(.modelInvalid, "input \(name) declares no shape: give its size")
      }
      return given
    }
    if let given, given.rank != declared.count {
      throw Fault(
        .modelInvalid, "input \(name) has \(declared.count) dimensions, but \(given) is given")
    }
    var extents: [Int] = []
    for (axis, dimension) in declared.enumerated() {
      let wanted = given?[axis]
      let extent: Int
      switch dimension {
      case .fixed(let fixed): extent = fixed
      case .symbolic(let symbol):
        let bound = symbol.isEmpty ? nil : symbols[symbol]
        guard let chosen = bound ?? wanted ?? (axis == 0 ? 1 : nil) else {
          throw Fault(
            .modelInvalid,
            "dimension \(axis) of input \(name) is not fixed by the model: give its size")
        }
        if !symbol.isEmpty { symbols[symbol] = chosen }
        extent = chosen
      }
      if let wanted, wanted != extent {
        throw Fault(
          .modelInvalid,
          "dimension \(axis) of input \(name) is \(extent), but \(wanted) is given")
      }
      extents.append(extent)
    }
    return Shape(extents)
  }
}

/// One walk over the nodes that infers types and folds what is constant.
private struct ShapeInference {
  var graph: Graph
  let limits: GraphLimits
  private var totalBytes = 0
  private var foldedBytes = 0

  init(graph: Graph, limits: GraphLimits) {
    self.graph = graph
    self.limits = limits
  }

  mutating func run() throws(Fault) {
    for input in graph.inputs {
      guard let type = graph[input.value].type else { continue }
      do throws(Fault) { try account(type) } catch {
        throw error.prefixed("input \(graph[input.value].name)")
      }
    }
    var remaining: [Node] = []
    var pending = Array(graph.nodes.reversed())
    while let node = pending.popLast() {
      do throws(Fault) {
        if let choice = node.op as? If {
          let condition = (node.inputs.first ?? nil).flatMap { graph[$0].constant }
          pending += try choice.inlined(node, condition: condition?.aligned()).reversed()
        } else if try !infer(node) {
          remaining.append(node)
        }
      } catch {
        throw error.naming(node)
      }
    }
    graph.nodes = remaining
  }

  /// Sets the types of the node's outputs; returns whether the node was folded.
  private mutating func infer(_ node: Node) throws(Fault) -> Bool {
    var facts: [ValueFact?] = []
    for input in node.inputs {
      guard let input else {
        facts.append(nil)
        continue
      }
      guard let type = graph[input].type else {
        throw Fault(.modelInvalid, "the type of \(graph[input].name) is not known")
      }
      facts.append(ValueFact(type, constant: graph[input].constant))
    }
    let types = try node.op.outputTypes(facts)
    guard types.count >= node.outputs.count else {
      throw Fault(
        .modelInvalid, "has \(node.outputs.count) outputs, but the operator gives \(types.count)")
    }
    for (output, type) in zip(node.outputs, types) {
      try account(type)
      graph[output].type = type
    }
    return try fold(node, facts)
  }

  private mutating func account(_ type: TensorType) throws(Fault) {
    let bytes = try type.checkedByteCount(limit: limits.tensorBytes)
    totalBytes += bytes
    guard totalBytes <= limits.totalBytes else {
      throw Fault(
        .modelInvalid, "the values of the model take more than \(limits.totalBytes) bytes")
    }
  }

  private mutating func fold(_ node: Node, _ facts: [ValueFact?]) throws(Fault) -> Bool {
    let types = node.outputs.compactMap { graph[$0].type }
    guard let inputs = foldableInputs(node, facts), isWorthFolding(types, inputs) else {
      return false
    }
    let outputs = try node.op.run(inputs.map { $0?.aligned() }, types: types)
    for (output, tensor) in zip(node.outputs, outputs) { graph[output].constant = tensor }
    graph[node.outputs[0]].integers = QuantizedConstant(node.op, inputs)
    return true
  }

  /// The inputs to compute the node from now, or `nil` when one is not known yet.
  private func foldableInputs(_ node: Node, _ facts: [ValueFact?]) -> [Tensor?]? {
    if ["Shape", "Size"].contains(node.op.opType), let type = facts.first.flatMap({ $0?.type }) {
      return [Self.placeholder(type)]
    }
    guard facts.allSatisfy({ $0 == nil || $0?.constant != nil }) else { return nil }
    return facts.map { $0?.constant }
  }

  /// Small results, and those not much larger than what they come from (weights that are stored
  /// as integers); never a small constant blown up to a large one.
  private mutating func isWorthFolding(_ types: [TensorType], _ inputs: [Tensor?]) -> Bool {
    let bytes = types.reduce(0) { $0 + $1.shape.elementCount * $1.dtype.byteSize }
    let inputBytes = inputs.reduce(0) { $0 + ($1?.byteCount ?? 0) }
    guard bytes <= 1 << 20 || bytes / 8 <= inputBytes else { return false }
    guard bytes <= limits.foldedBytes - foldedBytes else { return false }
    foldedBytes += bytes
    return true
  }

  /// A tensor of this type without elements behind it, for operators that read its shape alone.
  private static func placeholder(_ type: TensorType) -> Tensor {
    let storage = TensorStorage(byteCount: 0)
    let claimed = TensorStorage(
      borrowing: storage.base, byteCount: type.shape.elementCount * type.dtype.byteSize,
      owner: storage)
    return Tensor(dtype: type.dtype, shape: type.shape, storage: claimed)
  }
}

extension TensorType {
  /// The bytes of a tensor of this type.
  /// - Throws: `Fault` with code `model.invalid` beyond `limit`, or when an extent is negative.
  func checkedByteCount(limit: Int = GraphLimits().tensorBytes) throws(Fault) -> Int {
    let count = try shape.checkedElementCount()
    let (bytes, overflow) = count.multipliedReportingOverflow(by: dtype.byteSize)
    guard !overflow, bytes <= limit else {
      throw Fault(.modelInvalid, "a value of type \(self) takes more than \(limit) bytes")
    }
    return bytes
  }
}
