public import Faults
public import Kernels
public import Tensors

/// An operator that compares two operands of one element type under broadcasting.
public protocol ComparisonOperator: Operator {
  var function: ComparisonFunction { get }
}

extension ComparisonOperator {
  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    _ = try operands[1]
    _ = try operands.commonDType()
    return [try operands.type(.bool, try operands.commonShape().dimensions)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try compare(function, try inputs.operand(0), try inputs.operand(1), into: outputs[0])
  }
}

/// Tells where `a == b`. Source: https://onnx.ai/onnx/operators/onnx__Equal.html
public struct Equal: ComparisonOperator {
  public init() {}
  public var function: ComparisonFunction { .equal }
}

/// Tells where `a > b`. Source: https://onnx.ai/onnx/operators/onnx__Greater.html
public struct Greater: ComparisonOperator {
  public init() {}
  public var function: ComparisonFunction { .greater }
}

/// Tells where `a >= b`. Source: https://onnx.ai/onnx/operators/onnx__GreaterOrEqual.html
public struct GreaterOrEqual: ComparisonOperator {
  public init() {}
  public var function: ComparisonFunction { .greaterOrEqual }
}

/// Tells where `a < b`. Source: https://onnx.ai/onnx/operators/onnx__Less.html
public struct Less: ComparisonOperator {
  public init() {}
  public var function: ComparisonFunction { .less }
}

/// Tells where `a <= b`. Source: https://onnx.ai/onnx/operators/onnx__LessOrEqual.html
public struct LessOrEqual: ComparisonOperator {
  public init() {}
  public var function: ComparisonFunction { .lessOrEqual }
}

/// An operator on two operands of booleans under broadcasting.
public protocol LogicalOperator: Operator {
  var function: BitwiseFunction { get }
}

extension LogicalOperator {
  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let (a, b) = (try operands[0], try operands[1])
    guard a.dtype == .bool, b.dtype == .bool else {
      throw operands.fault("takes booleans, not \(a.dtype) and \(b.dtype)")
    }
    return [try operands.type(.bool, try operands.commonShape().dimensions)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try bitwise(function, try inputs.operand(0), try inputs.operand(1), into: outputs[0])
  }
}

/// Tells where both hold. Source: https://onnx.ai/onnx/operators/onnx__And.html
public struct And: LogicalOperator {
  public init() {}
  public var function: BitwiseFunction { .and }
}

/// Tells where either holds. Source: https://onnx.ai/onnx/operators/onnx__Or.html
public struct Or: LogicalOperator {
  public init() {}
  public var function: BitwiseFunction { .or }
}

/// Tells where exactly one holds. Source: https://onnx.ai/onnx/operators/onnx__Xor.html
public struct Xor: LogicalOperator {
  public init() {}
  public var function: BitwiseFunction { .xor }
}

/// Inverts booleans. Source: https://onnx.ai/onnx/operators/onnx__Not.html
public struct Not: Operator {
  public init() {}

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    guard x.dtype == .bool else { throw operands.fault("takes booleans, not \(x.dtype)") }
    return [x.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try invert(try inputs.operand(0), into: outputs[0])
  }
}

/// Takes `x` where the condition holds, otherwise `y`, under broadcasting.
///
/// Source: https://onnx.ai/onnx/operators/onnx__Where.html
public struct Where: Operator {
  public init() {}

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let (condition, x, y) = (try operands[0], try operands[1], try operands[2])
    guard condition.dtype == .bool else {
      throw operands.fault("the condition holds \(condition.dtype), not booleans")
    }
    guard x.dtype == y.dtype else {
      throw operands.fault("the inputs mix \(x.dtype) and \(y.dtype): insert a Cast")
    }
    return [try operands.type(x.dtype, try operands.commonShape().dimensions)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try select(
      try inputs.operand(0), try inputs.operand(1), try inputs.operand(2), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    var gradients = pass.noGradients
    guard let gradient = pass.gradient else { return gradients }
    let condition = try pass.input(0)
    let zero = Tensor(zeros: gradient.dtype, [])
    for index in 1...2 where pass.wants(index) {
      let part = Tensor(uninitialized: gradient.dtype, gradient.shape)
      let (chosen, other) = index == 1 ? (gradient, zero) : (zero, gradient)
      try select(condition, chosen, other, into: part)
      gradients[index] = try unbroadcast(part, to: try pass.input(index).shape)
    }
    return gradients
  }
}
