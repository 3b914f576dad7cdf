public import Faults
public import Kernels
public import Tensors

/// An operator on the bits of two integer operands under broadcasting.
public protocol BitwiseOperator: Operator {
  var function: BitwiseFunction { get }
}

extension BitwiseOperator {
  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    _ = try operands[1]
    let dtype = try operands.commonDType()
    guard dtype != .bool, !dtype.isFloatingPoint else {
      throw operands.fault("takes integers, not \(dtype)")
    }
    let isShift = function == .shiftLeft || function == .shiftRight
    guard !isShift || [.uint8, .uint16, .uint32, .uint64].contains(dtype) else {
      throw operands.fault("shifts unsigned integers, not \(dtype)")
    }
    return [try operands.type(dtype, try operands.commonShape().dimensions)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try bitwise(function, try inputs.operand(0), try inputs.operand(1), into: outputs[0])
  }
}

/// Shifts bits. Source: https://onnx.ai/onnx/operators/onnx__BitShift.html
public struct BitShift: BitwiseOperator {
  public enum Direction: String, Sendable {
    case left = "LEFT"
    case right = "RIGHT"
  }

  public var direction: Direction

  public init(direction: Direction) {
    self.direction = direction
  }

  public var function: BitwiseFunction { direction == .left ? .shiftLeft : .shiftRight }
}

/// Keeps the common bits. Source: https://onnx.ai/onnx/operators/onnx__BitwiseAnd.html
public struct BitwiseAnd: BitwiseOperator {
  public init() {}
  public var function: BitwiseFunction { .and }
}

/// Unites bits. Source: https://onnx.ai/onnx/operators/onnx__BitwiseOr.html
public struct BitwiseOr: BitwiseOperator {
  public init() {}
  public var function: BitwiseFunction { .or }
}

/// Keeps the bits that differ. Source: https://onnx.ai/onnx/operators/onnx__BitwiseXor.html
public struct BitwiseXor: BitwiseOperator {
  public init() {}
  public var function: BitwiseFunction { .xor }
}

/// Inverts every bit. Source: https://onnx.ai/onnx/operators/onnx__BitwiseNot.html
public struct BitwiseNot: Operator {
  public init() {}

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    guard x.dtype != .bool, !x.dtype.isFloatingPoint else {
      throw operands.fault("takes integers, not \(x.dtype)")
    }
    return [x.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try invert(try inputs.operand(0), into: outputs[0])
  }
}
