public import Faults
import Kernels
public import Tensors

/// Where a quantised operand and its parameters stand among the inputs of a node.
public struct QuantizedOperand: Sendable {
  public var value: Int
  public var scale: Int
  public var zeroPoint: Int?
  /// The axis of several scales, counted from the last one where it is negative.
  public var axis: Int

  public init(_ value: Int, scale: Int, zeroPoint: Int?, axis: Int = 0) {
    self.value = value
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.axis = axis
  }
}

/// A node on quantised tensors as DequantizeLinear, a float operator and QuantizeLinear.
struct QuantizedForm: Sendable {
  var base: any Operator
  var operands: [QuantizedOperand]
  /// An int32 input in units of the product of the first two scales, the last of the operator.
  var bias: Int?
  var scale: Int
  var zeroPoint: Int?
}

/// An operator of ONNX Runtime's domain `com.microsoft` on quantised tensors: a float operator between
/// DequantizeLinear and QuantizeLinear.
///
/// The gradient takes rounding as the identity.
/// Source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
public struct QLinearOperator: Operator {
  public let opType: String
  let form: QuantizedForm

  /// - Parameters:
  ///   - scale: the input with the scale of the result.
  ///   - bias: an int32 input that the operator adds, in units of the product of the first two scales.
  public init(
    _ opType: String, _ base: any Operator, operands: [QuantizedOperand], bias: Int? = nil,
    scale: Int, zeroPoint: Int?
  ) {
    self.opType = opType
    self.form = QuantizedForm(
      base: base, operands: operands, bias: bias, scale: scale, zeroPoint: zeroPoint)
  }

  public var isStraightThrough: Bool { true }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 0...Swift.max(inputs.count, 1))
    var operands: [ValueFact?] = []
    for operand in form.operands {
      let value = try facts.integers(operand.value, "\(operand.value)")
      _ = try facts.floating(operand.scale, "\(operand.scale)")
      operands.append(ValueFact(TensorType(.float32, value.shape)))
    }
    if let bias = form.bias, let fact = try facts.optional(bias, "C", dtype: .int32) {
      operands.append(ValueFact(TensorType(.float32, fact.shape)))
    }
    try facts.scale(form.scale, "the scale of the result", counts: [1])
    let dtype = form.zeroPoint.flatMap { facts.optional($0)?.dtype } ?? .uint8
    return try form.base.outputTypes(operands).map { TensorType(dtype, $0.shape) }
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let result = try floatResult(try floats(inputs))
    try QuantizeLinear().evaluate(parameters(result, inputs), into: [outputs[0]])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    var gradients: [Tensor?] = pass.inputs.map { _ in nil }
    let values = form.operands.map(\.value)
    for (index, isWanted) in pass.wanted.enumerated() where isWanted && !values.contains(index) {
      throw Fault(
        .explainNotSupported,
        "\(opType) has no gradient by its input \(index): choose a layer after it",
        details: ["operator": .string(opType)])
    }
    guard pass.outputGradients[0] != nil else { return gradients }
    let operands = try floats(pass.inputs)
    let result = try floatResult(operands)
    let rounding = BackwardPass(
      inputs: parameters(result, pass.inputs), outputs: [pass.outputs[0]],
      outputGradients: pass.outputGradients, wanted: [true, false, false])
    let inner = try form.base.backward(
      BackwardPass(
        inputs: operands, outputs: [result],
        outputGradients: [try QuantizeLinear().backward(rounding)[0]],
        wanted: operands.indices.map { $0 < values.count && pass.wanted[values[$0]] }))
    for (operand, gradient) in zip(form.operands, inner) where pass.wanted[operand.value] {
      guard let gradient else { continue }
      let inputs = operand.inputs(pass.inputs)
      let step = BackwardPass(
        inputs: inputs, outputs: [gradient], outputGradients: [gradient],
        wanted: [true, false, false])
      gradients[operand.value] = try operand.dequantization(inputs).backward(step)[0]
    }
    return gradients
  }

  private func parameters(_ result: Tensor, _ inputs: [Tensor?]) -> [Tensor?] {
    [result, inputs.optional(form.scale), form.zeroPoint.flatMap { inputs.optional($0) }]
  }

  private func floatResult(_ operands: [Tensor?]) throws(Fault) -> Tensor {
    let types = try form.base.outputTypes(operands.map { $0.map { ValueFact($0.type) } })
    let result = Tensor(uninitialized: .float32, types[0].shape)
    try form.base.evaluate(operands, into: [result])
    return result
  }

  private func floats(_ inputs: [Tensor?]) throws(Fault) -> [Tensor?] {
    var operands: [Tensor?] = []
    for operand in form.operands { operands.append(try operand.dequantized(inputs)) }
    if let bias = form.bias, let integers = inputs.optional(bias) {
      operands.append(
        try dequantizedBias(
          integers, inputs.optional(form.operands[0].scale),
          inputs.optional(form.operands[1].scale)))
    }
    return operands
  }
}

extension Node {
  /// The node with its float operator on the quantised operands, where it has one.
  var withoutQuantization: Node {
    switch op {
    case let op as QLinearOperator:
      Node(
        name: name, op: op.form.base, inputs: op.form.operands.map { inputs[$0.value] },
        outputs: outputs)
    case let op as QuantizedOperator:
      Node(name: name, op: op.base, inputs: inputs, outputs: outputs)
    default: self
    }
  }
}

extension QuantizedOperand {
  fileprivate func inputs(_ inputs: [Tensor?]) -> [Tensor?] {
    [inputs.optional(value), inputs.optional(scale), zeroPoint.flatMap { inputs.optional($0) }]
  }

  fileprivate func dequantization(_ inputs: [Tensor?]) -> DequantizeLinear {
    DequantizeLinear(axis: axis)
  }

  /// The numbers of the operand.
  func dequantized(_ inputs: [Tensor?]) throws(Fault) -> Tensor {
    let operands = self.inputs(inputs)
    let result = Tensor(uninitialized: .float32, operands.present(0).shape)
    try dequantization(operands).evaluate(operands, into: [result])
    return result
  }
}

/// The numbers of an int32 bias, whose unit is the product of two scales.
func dequantizedBias(_ integers: Tensor, _ a: Tensor?, _ b: Tensor?) throws(Fault) -> Tensor {
  guard let a, let b else { throw Fault(.modelInvalid, "the scale of a bias is missing") }
  let unit = try elementwise(.multiply, a.withoutAxes, b.row)
  return try elementwise(.multiply, try cast(integers, to: .float32), unit)
}
