public import Faults
public import Kernels
public import Tensors

/// An operator that applies one function to every number.
public protocol UnaryOperator: Operator {
  var function: UnaryFunction { get }
}

extension UnaryOperator {
  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    guard x.dtype != .bool else { throw operands.fault("booleans have no arithmetic") }
    return [x.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try elementwise(function, try inputs.operand(0), into: outputs[0])
  }
}

/// An operator that applies one function to every floating-point number.
public protocol RealOperator: Operator {
  var function: RealFunction { get }
}

extension RealOperator {
  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    guard x.dtype.isFloatingPoint else {
      throw operands.fault("takes floating-point numbers, not \(x.dtype)")
    }
    return [x.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try elementwise(function, try inputs.operand(0), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    return [
      try elementwiseBackward(
        function, x: try pass.input(0), y: pass.outputs[0], gradient: gradient)
    ]
  }
}

/// Changes the sign. Source: https://onnx.ai/onnx/operators/onnx__Neg.html
public struct Neg: UnaryOperator {
  public init() {}
  public var function: UnaryFunction { .negate }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    return [try elementwise(.negate, gradient)]
  }
}

/// Takes the absolute value. Source: https://onnx.ai/onnx/operators/onnx__Abs.html
public struct Abs: UnaryOperator {
  public init() {}
  public var function: UnaryFunction { .absolute }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    return [try elementwise(.multiply, gradient, try elementwise(.sign, try pass.input(0)))]
  }
}

/// Gives -1, 0 or 1. Source: https://onnx.ai/onnx/operators/onnx__Sign.html
public struct Sign: UnaryOperator {
  public init() {}
  public var function: UnaryFunction { .sign }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] { pass.noGradients }
}

/// Takes the square root. Source: https://onnx.ai/onnx/operators/onnx__Sqrt.html
public struct Sqrt: RealOperator {
  public init() {}
  public var function: RealFunction { .squareRoot }
}

/// Divides 1 by each number. Source: https://onnx.ai/onnx/operators/onnx__Reciprocal.html
public struct Reciprocal: RealOperator {
  public init() {}
  public var function: RealFunction { .reciprocal }
}

/// Raises e to each number. Source: https://onnx.ai/onnx/operators/onnx__Exp.html
public struct Exp: RealOperator {
  public init() {}
  public var function: RealFunction { .exponential }
}

/// Takes the natural logarithm. Source: https://onnx.ai/onnx/operators/onnx__Log.html
public struct Log: RealOperator {
  public init() {}
  public var function: RealFunction { .logarithm }
}

/// Rounds down. Source: https://onnx.ai/onnx/operators/onnx__Floor.html
public struct Floor: RealOperator {
  public init() {}
  public var function: RealFunction { .floor }
}

/// Rounds up. Source: https://onnx.ai/onnx/operators/onnx__Ceil.html
public struct Ceil: RealOperator {
  public init() {}
  public var function: RealFunction { .ceiling }
}

/// Rounds to nearest, halves to even. Source: https://onnx.ai/onnx/operators/onnx__Round.html
public struct Round: RealOperator {
  public init() {}
  public var function: RealFunction { .round }
}

/// Tells where a number is NaN. Source: https://onnx.ai/onnx/operators/onnx__IsNaN.html
public struct IsNaN: Operator {
  public init() {}

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    [TensorType(.bool, try OperandFacts(self, inputs)[0].shape)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try classify(try inputs.operand(0), as: .notANumber, into: outputs[0])
  }
}

/// Tells where a number is infinite. Source: https://onnx.ai/onnx/operators/onnx__IsInf.html
public struct IsInf: Operator {
  public var detectNegative: Bool
  public var detectPositive: Bool

  public init(detectNegative: Bool = true, detectPositive: Bool = true) {
    self.detectNegative = detectNegative
    self.detectPositive = detectPositive
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    [TensorType(.bool, try OperandFacts(self, inputs)[0].shape)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let wanted = NumberClass.infinite(negative: detectNegative, positive: detectPositive)
    try classify(try inputs.operand(0), as: wanted, into: outputs[0])
  }
}
