public import Faults
import Kernels
public import Tensors

/// Converts the elements to the type `to`. Source: https://onnx.ai/onnx/operators/onnx__Cast.html
public struct Cast: Operator {
  public var to: DType

  public init(to: DType) {
    self.to = to
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    [try OperandFacts(self, inputs).type(to, OperandFacts(self, inputs)[0].shape.dimensions)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try cast(try inputs.operand(0), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try castBackward(pass)
  }
}

/// Converts the elements of input 0 to the type of input 1.
///
/// Source: https://onnx.ai/onnx/operators/onnx__CastLike.html
public struct CastLike: Operator {
  public init() {}

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    return [try operands.type(operands[1].dtype, operands[0].shape.dimensions)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try cast(try inputs.operand(0), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try castBackward(pass)
  }
}

/// Gradients pass between floating-point types; integers have none.
private func castBackward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
  let dtype = try pass.input(0).dtype
  guard let gradient = pass.gradient, dtype.isFloatingPoint,
    pass.outputs[0].dtype.isFloatingPoint
  else { return pass.noGradients }
  return pass.first(try cast(gradient, to: dtype))
}
