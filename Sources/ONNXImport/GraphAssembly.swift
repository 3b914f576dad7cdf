import Faults
import Graphs
import Tensors

/// Turns a graph message into a graph: resolves names, makes the operators, sorts the nodes.
struct GraphAssembly {
  let file: UnsafeRawBufferPointer
  let owner: AnyObject?
  let external: [String: TensorStorage]
  let opset: Int
  private var graph = Graph()
  /// The values that names stand for in the graph at hand.
  private var ids: [String: ValueID] = [:]
  /// The names that the graph at hand itself declares; those of the graphs around it may return.
  private var declared: Set<String> = []
  private var names: Set<String> = []
  /// Why a constant cannot be read; thrown only when a node or an output uses it.
  private var unreadable: [ValueID: Fault] = [:]

  init(
    file: UnsafeRawBufferPointer, owner: AnyObject?, external: [String: TensorStorage], opset: Int
  ) {
    self.file = file
    self.owner = owner
    self.external = external
    self.opset = opset
  }

  mutating func graph(from message: GraphMessage) throws(Fault) -> Graph {
    for initializer in message.initializers { try addInitializer(initializer) }
    for input in message.inputs { try addInput(input) }
    let nested = message.nestedNodes
    if !nested.isEmpty { _ = try resolution.operators(of: message.nodes + nested) }
    graph.nodes = try nodes(of: message)
    try addOutputs(message.outputs)
    return graph
  }

  private var resolution: OperatorResolution {
    OperatorResolution(file: file, owner: owner, opset: opset)
  }

  /// The nodes of a graph in topological order.
  private mutating func nodes(of message: GraphMessage) throws(Fault) -> [Node] {
    let messages = message.nodes.enumerated().map { index, node in
      var node = node
      if node.name.isEmpty { node.name = "\(node.opType)_\(index)" }
      return node
    }
    for node in messages { try declareOutputs(of: node) }
    var nodes: [Node] = []
    for (node, op) in zip(messages, try resolution.operators(of: messages)) {
      if let op {
        nodes.append(
          Node(
            name: node.name, op: op, inputs: try inputs(of: node), outputs: try outputs(of: node)))
      } else if node.opType == "If" {
        nodes.append(try conditional(node))
      }
    }
    return try sortedTopologically(nodes, valueCount: graph.values.count)
  }

  /// A node that chooses between two graphs; it reads what they read of the graph around them.
  private mutating func conditional(_ node: NodeMessage) throws(Fault) -> Node {
    let choice = If(
      then: try branch("then_branch", of: node), else: try branch("else_branch", of: node))
    let inputs = try inputs(of: node)
    guard inputs.count == 1 else {
      throw Fault(.modelInvalid, "node \(node.name) (If) has \(inputs.count) inputs, not 1")
    }
    let outputs = try outputs(of: node)
    guard choice.then.outputs.count == outputs.count, choice.else.outputs.count == outputs.count
    else {
      throw Fault(
        .modelInvalid, "node \(node.name) (If) has branches with another number of outputs")
    }
    return Node(name: node.name, op: choice, inputs: inputs + choice.captures, outputs: outputs)
  }

  private mutating func branch(
    _ name: String, of node: NodeMessage
  ) throws(Fault) -> If.Branch {
    guard let message = node.attributes.first(where: { $0.name == name })?.graph else {
      throw Fault(.modelInvalid, "node \(node.name) (If) has no \(name): export the model again")
    }
    let outer = (ids, declared)
    defer { (ids, declared) = outer }
    declared = []
    for initializer in message.initializers { try addInitializer(initializer) }
    let nodes = try nodes(of: message)
    var outputs: [ValueID] = []
    for output in message.outputs {
      outputs.append(try use(output.name, by: "the \(name) of node \(node.name)"))
    }
    return If.Branch(nodes: nodes, outputs: outputs)
  }

  private mutating func addInitializer(_ message: TensorMessage) throws(Fault) {
    guard !message.name.isEmpty else {
      throw Fault(.modelInvalid, "byte \(message.offset): an initializer has no name")
    }
    let id = try declare(message.name)
    try setConstant(message, of: id)
  }

  private mutating func setConstant(_ message: TensorMessage, of id: ValueID) throws(Fault) {
    do throws(Fault) {
      let tensor = try message.tensor(in: file, owner: owner, external: external)
      graph[id].constant = tensor
      graph[id].type = tensor.type
    } catch {
      // Elements that lie elsewhere and cannot be had are refused at once.
      guard error.code != .modelExternalData, DType(rawValue: message.dataType) == nil else {
        throw error
      }
      unreadable[id] = error
    }
  }

  /// Before IR version 4 every initializer is listed among the inputs too; it stays a constant.
  private mutating func addInput(_ input: ValueInfoMessage) throws(Fault) {
    if let id = ids[input.name], graph[id].constant != nil || unreadable[id] != nil { return }
    let id = try declare(input.name)
    guard let dataType = input.dataType, let dtype = DType(rawValue: dataType) else {
      let type = input.dataType.map(TensorMessage.typeName) ?? "not a tensor"
      unreadable[id] = Fault(
        .modelInvalid, "input \(input.name) has a type that is not supported: \(type)")
      return
    }
    graph.inputs.append(GraphInput(value: id, dtype: dtype, dimensions: input.dimensions))
  }

  private mutating func declareOutputs(of node: NodeMessage) throws(Fault) {
    for output in node.outputs where !output.isEmpty {
      let id = try declare(output)
      if node.opType == "Constant", node.domain.isEmpty || node.domain == "ai.onnx" {
        try readConstant(node, into: id)
      }
    }
  }

  /// Stores what a Constant node holds; the node itself is dropped.
  private mutating func readConstant(_ node: NodeMessage, into id: ValueID) throws(Fault) {
    guard let attribute = node.attributes.first else {
      throw Fault(.modelInvalid, "node \(node.name) (Constant) holds no value")
    }
    let tensor: Tensor
    switch attribute.value(in: file, owner: owner) {
    case .tensor(let value): tensor = value
    case .float(let value): tensor = Tensor(scalar: value)
    case .floats(let values): tensor = Tensor(values, shape: [values.count])
    case .int(let value): tensor = Tensor(scalar: Int64(value))
    case .ints(let values): tensor = Tensor(values.map(Int64.init), shape: [values.count])
    case .unreadable(let fault):
      guard fault.code != .modelExternalData else { throw fault }
      unreadable[id] = fault
      return
    case .string, .strings, .graph:
      unreadable[id] = Fault(
        .modelInvalid, "node \(node.name) (Constant) holds text, which is not supported")
      return
    }
    graph[id].constant = tensor
    graph[id].type = tensor.type
  }

  private mutating func declare(_ name: String) throws(Fault) -> ValueID {
    guard declared.insert(name).inserted else {
      throw Fault(
        .modelInvalid, "the name \(name) stands for two values: export the model again",
        details: ["value": .string(name)])
    }
    // Both branches of a node may use a name; a NUL keeps the second apart.
    let isNew = names.insert(name).inserted
    let id = graph.addValue(Value(name: isNew ? name : "\(name)\0\(graph.values.count)"))
    ids[name] = id
    return id
  }

  private func inputs(of node: NodeMessage) throws(Fault) -> [ValueID?] {
    var inputs: [ValueID?] = []
    for name in node.inputs {
      inputs.append(name.isEmpty ? nil : try use(name, by: "node \(node.name) (\(node.opType))"))
    }
    while inputs.last == .some(nil) { inputs.removeLast() }
    return inputs
  }

  private mutating func outputs(of node: NodeMessage) throws(Fault) -> [ValueID] {
    var names = node.outputs
    while names.last?.isEmpty == true { names.removeLast() }
    guard !names.isEmpty else {
      throw Fault(.modelInvalid, "node \(node.name) (\(node.opType)) has no output")
    }
    var outputs: [ValueID] = []
    for (index, name) in names.enumerated() {
      // An output nobody wants still needs a place; a NUL keeps its name apart from the model's.
      let known = name.isEmpty ? graph.addValue(Value(name: "\(node.name)\0\(index)")) : ids[name]
      if let known { outputs.append(known) }
    }
    return outputs
  }

  private func use(_ name: String, by user: String) throws(Fault) -> ValueID {
    guard let id = ids[name] else {
      throw Fault(
        .modelInvalid, "\(user) reads \(name), which nothing computes: export the model again",
        details: ["value": .string(name)])
    }
    if let fault = unreadable[id] { throw fault.prefixed(user) }
    return id
  }

  private mutating func addOutputs(_ outputs: [ValueInfoMessage]) throws(Fault) {
    guard !outputs.isEmpty else { throw Fault(.modelInvalid, "the model has no output") }
    for output in outputs {
      graph.outputs.append(try use(output.name, by: "the model's output"))
    }
  }
}
