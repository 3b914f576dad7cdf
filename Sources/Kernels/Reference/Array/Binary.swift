public import Faults
public import Tensors

/// A function of two elements of one type.
public enum BinaryFunction: Sendable, Hashable, CaseIterable {
  case add
  case subtract
  case multiply
  case divide
  case power
  /// The remainder with the sign of the divisor.
  case modulo
  /// The remainder with the sign of the dividend.
  case remainder
  /// NaN where either operand is NaN.
  case minimum
  /// NaN where either operand is NaN.
  case maximum
}

/// Combines two operands elementwise; both are repeated up to the shape of `result`.
///
/// Integers wrap around. `result` may share its memory with an operand of the same shape.
/// - Throws: `Fault` with code `model.invalid` when an integer is divided by zero.
public func elementwise(
  _ function: BinaryFunction, _ a: Tensor, _ b: Tensor, into result: Tensor
) throws(Fault) {
  precondition(a.dtype == result.dtype && b.dtype == result.dtype)
  guard result.elementCount > 0 else { return }
  try dispatch(
    result.dtype,
    BinaryBody(
      function: function, plan: BroadcastPlan(a.shape, b.shape, to: result.shape), a: a, b: b,
      result: result))
}

/// Returns the two operands combined elementwise under NumPy's broadcasting rule.
public func elementwise(
  _ function: BinaryFunction, _ a: Tensor, _ b: Tensor
) throws(Fault) -> Tensor {
  let result = Tensor(uninitialized: a.dtype, try broadcastShape([a.shape, b.shape]))
  try elementwise(function, a, b, into: result)
  return result
}

private struct BinaryBody: ArrayBody {
  let function: BinaryFunction
  let plan: BroadcastPlan
  let a: Tensor
  let b: Tensor
  let result: Tensor

  func run<T: ArrayElement>(_ type: T.Type) throws(Fault) {
    switch function {
    case .add: map(T.self, T.sum)
    case .subtract: map(T.self, T.difference)
    case .multiply: map(T.self, T.product)
    case .divide: try divide(T.self, T.quotient)
    case .power: map(T.self, T.power)
    case .modulo: try divide(T.self, T.flooredRemainder)
    case .remainder: try divide(T.self, T.truncatedRemainder)
    case .minimum: map(T.self) { $0 < $1 || $0.isNotANumber ? $0 : $1 }
    case .maximum: map(T.self) { $0 > $1 || $0.isNotANumber ? $0 : $1 }
    }
  }

  @inline(__always)
  private func map<T: ArrayElement>(_ type: T.Type, _ function: (T, T) -> T) {
    plan.map(
      a.pointer(as: T.self), b.pointer(as: T.self), result.mutablePointer(as: T.self), function)
  }

  @inline(__always)
  private func divide<T: ArrayElement>(
    _ type: T.Type, _ function: (T, T) -> T?
  ) throws(Fault) {
    var failed = false
    map(T.self) { a, b in
      if let value = function(a, b) { return value }
      failed = true
      return T.zero
    }
    if failed { throw Fault(.modelInvalid, "an integer is divided by zero") }
  }
}

/// Bitwise functions of two integers.
public enum BitwiseFunction: Sendable, Hashable, CaseIterable {
  case and
  case or
  case xor
  /// Shifts `a` left by `b`; all bits are lost when `b` is the width or more.
  case shiftLeft
  case shiftRight
}

/// Combines the bits of two integer or boolean operands, repeated up to the shape of `result`.
///
/// Elements are taken as unsigned, which only a shift can tell.
/// - Throws: `Fault` with code `model.invalid` when the elements are floating-point numbers.
public func bitwise(
  _ function: BitwiseFunction, _ a: Tensor, _ b: Tensor, into result: Tensor
) throws(Fault) {
  precondition(a.dtype == result.dtype && b.dtype == result.dtype)
  guard !result.dtype.isFloatingPoint else {
    throw unsupported(result.dtype, expected: "integers or booleans")
  }
  guard result.elementCount > 0 else { return }
  let plan = BroadcastPlan(a.shape, b.shape, to: result.shape)
  let body = BitwiseBody(function: function, plan: plan, a: a, b: b, result: result)
  switch result.dtype.byteSize {
  case 1: body.run(UInt8.self)
  case 2: body.run(UInt16.self)
  case 4: body.run(UInt32.self)
  default: body.run(UInt64.self)
  }
}

private struct BitwiseBody {
  let function: BitwiseFunction
  let plan: BroadcastPlan
  let a: Tensor
  let b: Tensor
  let result: Tensor

  func run<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) {
    defer { withExtendedLifetime(self) {} }
    let (a, b) = (a.pointer(as: T.self), b.pointer(as: T.self))
    let result = result.mutablePointer(as: T.self)
    switch function {
    case .and: plan.map(a, b, result) { $0 & $1 }
    case .or: plan.map(a, b, result) { $0 | $1 }
    case .xor: plan.map(a, b, result) { $0 ^ $1 }
    case .shiftLeft: plan.map(a, b, result) { $0 << $1 }
    case .shiftRight: plan.map(a, b, result) { $0 >> $1 }
    }
  }
}
