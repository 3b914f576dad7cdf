public import Faults
public import Kernels
public import Tensors

/// An operator that combines two operands of one element type under broadcasting.
public protocol BinaryOperator: Operator {
  var function: BinaryFunction { get }
}

extension BinaryOperator {
  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    _ = try operands[1]
    let dtype = try operands.commonDType()
    guard dtype != .bool else { throw operands.fault("booleans have no arithmetic") }
    return [try operands.type(dtype, try operands.commonShape().dimensions)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try elementwise(function, try inputs.operand(0), try inputs.operand(1), into: outputs[0])
  }
}

extension BackwardPass {
  /// Sums the two gradients over the axes along which their operands were repeated.
  func unbroadcast(
    _ first: () throws(Fault) -> Tensor, _ second: () throws(Fault) -> Tensor
  ) throws(Fault) -> [Tensor?] {
    var gradients = noGradients
    if wants(0) { gradients[0] = try Kernels.unbroadcast(try first(), to: try input(0).shape) }
    if wants(1) { gradients[1] = try Kernels.unbroadcast(try second(), to: try input(1).shape) }
    return gradients
  }
}

/// Adds. Source: https://onnx.ai/onnx/operators/onnx__Add.html
public struct Add: BinaryOperator {
  public init() {}
  public var function: BinaryFunction { .add }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    return try pass.unbroadcast({ gradient }, { gradient })
  }
}

/// Subtracts. Source: https://onnx.ai/onnx/operators/onnx__Sub.html
public struct Sub: BinaryOperator {
  public init() {}
  public var function: BinaryFunction { .subtract }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    return try pass.unbroadcast(
      { gradient }, { () throws(Fault) in try elementwise(.negate, gradient) })
  }
}

/// Multiplies. Source: https://onnx.ai/onnx/operators/onnx__Mul.html
public struct Mul: BinaryOperator {
  public init() {}
  public var function: BinaryFunction { .multiply }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let (a, b) = (try pass.input(0), try pass.input(1))
    return try pass.unbroadcast(
      { () throws(Fault) in try elementwise(.multiply, gradient, b) },
      { () throws(Fault) in try elementwise(.multiply, gradient, a) })
  }
}

/// Divides; integers truncate towards zero. Source: https://onnx.ai/onnx/operators/onnx__Div.html
public struct Div: BinaryOperator {
  public init() {}
  public var function: BinaryFunction { .divide }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let b = try pass.input(1)
    return try pass.unbroadcast(
      { () throws(Fault) in try elementwise(.divide, gradient, b) },
      { () throws(Fault) in
        let slope = try elementwise(.divide, pass.outputs[0], b)
        return try elementwise(.negate, try elementwise(.multiply, gradient, slope))
      })
  }
}

/// Takes the remainder with the sign of the divisor, with `fmod` that of the dividend.
///
/// Source: https://onnx.ai/onnx/operators/onnx__Mod.html
public struct Mod: BinaryOperator {
  public var fmod: Bool

  public init(fmod: Bool = false) {
    self.fmod = fmod
  }

  public var function: BinaryFunction { fmod ? .remainder : .modulo }
}

/// Raises to a power; the exponent may have another element type, the result has the base's.
///
/// Source: https://onnx.ai/onnx/operators/onnx__Pow.html
public struct Pow: Operator {
  public init() {}

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let dtype = try operands[0].dtype
    guard dtype != .bool, try operands[1].dtype != .bool else {
      throw operands.fault("booleans have no arithmetic")
    }
    return [try operands.type(dtype, try operands.commonShape().dimensions)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let (base, exponent) = (try inputs.operand(0), try inputs.operand(1))
    let result = outputs[0]
    if base.dtype == exponent.dtype {
      try elementwise(.power, base, exponent, into: result)
    } else if base.dtype.isFloatingPoint {
      try elementwise(.power, base, try cast(exponent, to: base.dtype), into: result)
    } else {
      let common: DType = exponent.dtype.isFloatingPoint ? .float64 : .int64
      let power = try elementwise(
        .power, try cast(base, to: common), try cast(exponent, to: common))
      try cast(power, into: result)
    }
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let base = try pass.input(0)
    let exponent = try cast(try pass.input(1), to: base.dtype)
    return try pass.unbroadcast(
      { () throws(Fault) in
        let one = try cast(Tensor(scalar: Float(1)), to: base.dtype)
        let power = try elementwise(
          .power, base, try elementwise(.subtract, exponent, one))
        return try elementwise(.multiply, gradient, try elementwise(.multiply, exponent, power))
      },
      { () throws(Fault) in
        let logarithm = try elementwise(.logarithm, base)
        return try elementwise(
          .multiply, gradient, try elementwise(.multiply, pass.outputs[0], logarithm))
      })
  }
}
