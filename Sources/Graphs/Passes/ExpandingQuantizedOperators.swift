import Faults
import Kernels
import Tensors

extension Graph {
  /// Returns the graph with operators on quantised tensors as DequantizeLinear, a float operator and
  /// QuantizeLinear, the form that the passes after this one know.
  ///
  /// Takes QLinearConv, QLinearMatMul, those of `com.microsoft`, and what moves integers that
  /// QuantizeLinear made, when all scales are constant. Results may differ by a rounding until
  /// `computingOnIntegers`.
  public func expandingQuantizedOperators(keep: Set<ValueID> = []) -> Graph {
    var rewriter = Rewriter(self, keep: keep)
    for index in rewriter.indices { rewriter.expand(index) }
    return rewriter.finish()
  }
}

extension QLinearConv {
  fileprivate func form(_ inputCount: Int) -> QuantizedForm {
    QuantizedForm(
      base: conv,
      operands: [
        QuantizedOperand(0, scale: 1, zeroPoint: 2), QuantizedOperand(3, scale: 4, zeroPoint: 5),
      ], bias: inputCount > 8 ? 8 : nil, scale: 6, zeroPoint: 7)
  }
}

extension QLinearMatMul {
  fileprivate var form: QuantizedForm {
    QuantizedForm(
      base: MatMul(),
      operands: [
        QuantizedOperand(0, scale: 1, zeroPoint: 2, axis: -2),
        QuantizedOperand(3, scale: 4, zeroPoint: 5, axis: -1),
      ], scale: 6, zeroPoint: 7)
  }
}

extension Rewriter {
  fileprivate mutating func expand(_ index: Int) {
    let node = node(index)
    switch node.op {
    case let op as QLinearConv: expand(index, op.form(node.inputs.count))
    case let op as QLinearMatMul: expand(index, op.form)
    case let op as QLinearOperator: expand(index, op.form)
    default:
      if node.op.isView || node.op is MaxPool || node.op is Transpose { move(index) }
    }
  }

  private mutating func expand(_ index: Int, _ form: QuantizedForm) {
    let node = node(index)
    guard let result = type(node.outputs[0]), hasConstantParameters(node, form) else { return }
    var floats: [ValueID?] = []
    for operand in form.operands {
      guard let value = dequantized(node, operand, before: index) else { return }
      floats.append(value)
    }
    if let bias = form.bias, let value = node.inputs.element(bias) {
      guard let constant = dequantizedBias(node, value, form) else { return }
      floats.append(constant)
    }
    let y = insert(
      form.base, floats, type: TensorType(.float32, result.shape), before: index)
    let parameters = [node.inputs.element(form.scale), form.zeroPoint.flatMap(node.inputs.element)]
    replace(index, by: QuantizeLinear(), [y] + parameters)
  }

  private func hasConstantParameters(_ node: Node, _ form: QuantizedForm) -> Bool {
    var positions: [Int?] = [form.scale, form.zeroPoint]
    for operand in form.operands { positions += [operand.scale, operand.zeroPoint] }
    return positions.allSatisfy { position in
      guard let position, let value = node.inputs.element(position) else { return true }
      return constant(value) != nil
    } && constant(node.inputs.element(form.scale))?.elementCount == 1
  }

  /// The numbers of an operand: a constant that knows its integers, or a new node's result.
  private mutating func dequantized(
    _ node: Node, _ operand: QuantizedOperand, before index: Int
  ) -> ValueID? {
    guard let value = node.inputs.element(operand.value), let shape = type(value)?.shape,
      let scale = node.inputs.element(operand.scale)
    else { return nil }
    let zeroPoint = operand.zeroPoint.flatMap { node.inputs.element($0) }
    if let integers = constant(value) {
      let inputs = [integers, constant(scale), constant(zeroPoint)].map { $0?.aligned() }
      let positioned = QuantizedOperand(0, scale: 1, zeroPoint: 2, axis: operand.axis)
      guard let numbers = try? positioned.dequantized(inputs) else { return nil }
      return addConstant(
        numbers, for: node, "numbers",
        integers: QuantizedConstant(DequantizeLinear(axis: operand.axis), inputs))
    }
    return insert(
      DequantizeLinear(axis: operand.axis), [value, scale, zeroPoint],
      type: TensorType(.float32, shape), before: index)
  }

  private mutating func dequantizedBias(
    _ node: Node, _ bias: ValueID, _ form: QuantizedForm
  ) -> ValueID? {
    guard let integers = constant(bias)?.aligned(),
      let a = constant(node.inputs.element(form.operands[0].scale))?.aligned(),
      let b = constant(node.inputs.element(form.operands[1].scale))?.aligned(),
      let unit = try? elementwise(.multiply, a.withoutAxes, b.row),
      let numbers = try? Graphs.dequantizedBias(integers, a, b)
    else { return nil }
    return addConstant(
      numbers, for: node, "bias",
      integers: QuantizedConstant(DequantizeLinear(axis: 0), [integers, unit, nil]))
  }

  /// Lets a node that moves integers move the numbers they stand for.
  private mutating func move(_ index: Int) {
    let node = node(index)
    guard node.outputs.count == 1, let value = node.inputs.first ?? nil,
      let result = type(node.outputs[0]), result.dtype == .int8 || result.dtype == .uint8,
      let producer = producer(of: value), self.node(producer).op is QuantizeLinear,
      let scale = self.node(producer).inputs[1], constant(scale)?.elementCount == 1,
      let shape = type(value)?.shape
    else { return }
    let parameters = Array(self.node(producer).inputs.dropFirst())
    let numbers = insert(
      DequantizeLinear(), [value] + parameters, type: TensorType(.float32, shape), before: index)
    let moved = insert(
      node.op, [numbers] + node.inputs.dropFirst(), type: TensorType(.float32, result.shape),
      before: index)
    replace(index, by: QuantizeLinear(outputDType: result.dtype), [moved] + parameters)
  }
}

extension [ValueID?] {
  /// The value at a position, or `nil` where it is left out.
  fileprivate func element(_ position: Int) -> ValueID? {
    position < count ? self[position] : nil
  }
}
