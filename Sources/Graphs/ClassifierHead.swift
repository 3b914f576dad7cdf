public import Faults
import Kernels
public import Tensors

/// The end of a classifier: its scores, and what the graph itself makes of them.
public struct ClassifierHead: Sendable {
  /// What turns scores into probabilities.
  public enum Activation: Sendable {
    /// Over all classes together.
    case softmax
    /// Each class on its own.
    case sigmoid
  }

  /// The scores before the activation.
  public var logits: ValueID
  /// `nil` when the graph ends in the scores.
  public var activation: Activation?
}

extension Graph {
  /// The scores before the final Softmax, LogSoftmax or Sigmoid; `output` itself when there is none.
  ///
  /// Reshaping, casting and rounding to integers after the activation is looked through. A Softmax
  /// over anything but all scores of the image is no final activation.
  /// - Parameter output: The output to explain; the graph's first unless told otherwise.
  public func head(of output: ValueID? = nil) -> ClassifierHead? {
    guard let output = output ?? outputs.first else { return nil }
    let producers = producers()
    var value = output
    while let index = producers[value.index], let input = nodes[index].inputs.first ?? nil {
      switch nodes[index].op {
      case is Sigmoid: return ClassifierHead(logits: input, activation: .sigmoid)
      case let softmax as Softmax where spansClasses(input, softmax.axis, softmax.flattens):
        return ClassifierHead(logits: input, activation: .softmax)
      case let softmax as LogSoftmax where spansClasses(input, softmax.axis, softmax.flattens):
        return ClassifierHead(logits: input, activation: .softmax)
      case is Reshape, is Squeeze, is Unsqueeze, is Flatten, is Identity, is Dropout, is Cast,
        is QuantizeLinear, is DequantizeLinear:
        value = input
      default: return ClassifierHead(logits: output, activation: nil)
      }
    }
    return ClassifierHead(logits: output, activation: nil)
  }

  /// Returns the graph as a classifier of one image: specialised, with its scores as the only output.
  ///
  /// - Parameters:
  ///   - input: The image input; no other may be left.
  ///   - shape: Its shape for one image.
  ///   - output: The output that holds the scores, by name; `nil` takes the first that can.
  ///   - keep: Values that must survive.
  /// - Throws: `Fault` with code `model.invalid`.
  public func classifying(
    _ input: ValueID, shape: Shape, output: String?, keep: Set<ValueID> = []
  ) throws(Fault) -> Graph {
    var graph = try takingOneImage(input, shape: shape)
      .specialized(inputShapes: [input: shape], keep: keep)
    graph.outputs = [try graph.scores(named: output)]
    return graph.einsumsAsProducts(keep: keep).removingDeadNodes(keep: keep)
  }

  /// Returns the graph with the output of this name alone, if one is named, and without nodes and
  /// inputs that nothing needs then.
  /// - Throws: `Fault` with code `model.invalid` that lists the outputs.
  public func restricted(toOutput name: String?) throws(Fault) -> Graph {
    var graph = self
    if name != nil { graph.outputs = [try output(named: name)] }
    graph = graph.removingDeadNodes()
    let read = Set(graph.nodes.flatMap { $0.inputs.compactMap { $0 } } + graph.outputs)
    graph.inputs.removeAll { !read.contains($0.value) }
    return graph
  }

  /// Whether an axis, with those behind it when `flattens`, holds all values of one image.
  private func spansClasses(_ scores: ValueID, _ axis: Int, _ flattens: Bool) -> Bool {
    guard let shape = self[scores].type?.shape, let axis = try? shape.normalized(axis: axis) else {
      return true
    }
    let spanned = flattens ? shape.dimensions[axis...].reduce(1, *) : shape[axis]
    return spanned == shape.dimensions.dropFirst(axis > 0 ? 1 : 0).reduce(1, *)
  }

  /// Whether a value of this type holds one number for each class: one axis longer than 1 at most,
  /// the batch aside.
  func holdsScores(_ output: ValueID) -> Bool {
    guard let type = self[output].type, type.dtype.isFloatingPoint || scale(of: output) != nil
    else {
      return false
    }
    let extents = type.shape.dimensions
    return type.shape.elementCount > 0 && extents.count { $0 > 1 } <= 1
  }

  /// The output that holds the scores of the classes: the one of this name, or the first that can.
  ///
  /// The graph must be specialised for one image.
  /// - Throws: `Fault` with code `model.invalid` that lists the outputs.
  func scores(named name: String?) throws(Fault) -> ValueID {
    var output = try self.output(named: name)
    if name == nil, let first = outputs.first(where: { holdsScores($0) }) { output = first }
    guard holdsScores(output) else {
      let listed = outputs.map { "\(self[$0].name) \(self[$0].type?.description ?? "")" }
      throw Fault(
        .modelInvalid,
        "the output \(self[output].name) does not hold one score for each class; the model gives "
          + listed.joined(separator: ", ") + ": it is no classifier, or name another output",
        details: ["output": .string(self[output].name)])
    }
    return output
  }

  /// Returns the graph with an output of integers turned back into the numbers they stand for.
  public func dequantizingScores() -> Graph {
    guard let output = outputs.first, self[output].type?.dtype.isFloatingPoint == false,
      let scale = scale(of: output)
    else { return self }
    var graph = self
    graph.outputs[0] = graph.append(
      DequantizeLinear(), [output, scale.scale, scale.zeroPoint], "\(self[output].name)/scores",
      self[output].type?.shape ?? [])
    return graph
  }

  /// The scale and zero point of a value that holds integers in the place of numbers.
  private func scale(of value: ValueID) -> (scale: ValueID?, zeroPoint: ValueID?)? {
    guard let node = nodes.first(where: { $0.outputs.contains(value) }) else { return nil }
    let place: Int
    switch node.op {
    case is QuantizeLinear: place = 1
    case is QLinearConv, is QLinearMatMul: place = 6
    default: return node.op.isView ? node.inputs.first.flatMap { $0 }.flatMap(scale) : nil
    }
    guard node.inputs.count > place, let scale = node.inputs[place],
      self[scale].type?.shape.elementCount == 1
    else { return nil }
    return (scale, node.inputs.count > place + 1 ? node.inputs[place + 1] : nil)
  }

  /// Returns the graph with the only score z of two classes as one score for each: -z and z, or 1 - p
  /// and p for a probability p.
  public func withBothClasses(
    of score: ValueID, isProbability: Bool
  ) -> (graph: Graph, scores: ValueID) {
    var graph = self
    let name = self[score].name
    func constant(_ role: String, _ tensor: Tensor) -> ValueID {
      graph.addValue(
        Value(name: "\(name)/\(role)", type: tensor.type, constant: tensor))
    }
    let shape = constant("shape", Tensor([Int64(1), 1], shape: [2]))
    let signs = constant("signs", Tensor([Float(-1), 1], shape: [1, 2]))
    let offsets = isProbability ? constant("offsets", Tensor([Float(1), 0], shape: [1, 2])) : nil
    let row = graph.append(Reshape(), [score, shape], "\(name)/row", [1, 1])
    let scores = graph.append(
      Gemm(), [row, signs] + (offsets.map { [$0] } ?? []), "\(name)/classes", [1, 2])
    return (graph, scores)
  }

  /// Adds a node with one Float32 output at the end.
  private mutating func append(
    _ op: any Operator, _ inputs: [ValueID?], _ name: String, _ shape: Shape
  ) -> ValueID {
    let output = addValue(Value(name: name, type: TensorType(.float32, shape)))
    nodes.append(Node(name: name, op: op, inputs: inputs, outputs: [output]))
    return output
  }
}
