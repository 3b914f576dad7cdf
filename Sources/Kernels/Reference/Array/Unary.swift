public import Faults
public import Tensors

/// A function of one number, for any numeric type.
public enum UnaryFunction: Sendable, Hashable, CaseIterable {
  case negate
  case absolute
  case sign
}

/// A function of one floating-point number.
public enum RealFunction: Sendable, Hashable, CaseIterable {
  case squareRoot
  case reciprocal
  case exponential
  case logarithm
  case floor
  case ceiling
  /// Halves go to the even neighbour.
  case round
  case sine
  case cosine
  case tangent
  case arcsine
  case arccosine
  case arctangent
  case hyperbolicSine
  case hyperbolicCosine
  case inverseHyperbolicSine
  case inverseHyperbolicCosine
  case inverseHyperbolicTangent
}

/// Applies `function` to every element; `result` may share its memory with `x`.
public func elementwise(
  _ function: UnaryFunction, _ x: Tensor, into result: Tensor
) throws(Fault) {
  precondition(x.type == result.type)
  try dispatch(x.dtype, UnaryBody(function: function, x: x, result: result))
}

/// Applies `function` to every element; `result` may share its memory with `x`.
///
/// Float16 is computed in Float32 and rounded once.
/// - Throws: `Fault` with code `model.invalid` when the elements are not floating-point numbers.
public func elementwise(
  _ function: RealFunction, _ x: Tensor, into result: Tensor
) throws(Fault) {
  precondition(x.type == result.type)
  try dispatchFloat(x.dtype, RealBody(function: function, x: x, result: result))
}

/// Returns `function` of every element.
public func elementwise(_ function: UnaryFunction, _ x: Tensor) throws(Fault) -> Tensor {
  let result = Tensor(uninitialized: x.dtype, x.shape)
  try elementwise(function, x, into: result)
  return result
}

/// Returns `function` of every element.
public func elementwise(_ function: RealFunction, _ x: Tensor) throws(Fault) -> Tensor {
  let result = Tensor(uninitialized: x.dtype, x.shape)
  try elementwise(function, x, into: result)
  return result
}

/// Inverts every bit of integers, and booleans logically.
public func invert(_ x: Tensor, into result: Tensor) throws(Fault) {
  precondition(x.type == result.type)
  if x.dtype == .bool {
    let from = x.pointer(as: Bool.self)
    let to = result.mutablePointer(as: Bool.self)
    for i in 0..<x.elementCount { to[i] = !from[i] }
    withExtendedLifetime((x, result)) {}
  } else {
    try dispatchInteger(x.dtype, InvertBody(x: x, result: result))
  }
}

private struct InvertBody: IntegerBody {
  let x: Tensor
  let result: Tensor

  func run<T: IntegerElement>(_ type: T.Type) {
    let (from, to) = (x.pointer(as: T.self), result.mutablePointer(as: T.self))
    for i in 0..<x.elementCount { to[i] = ~from[i] }
  }
}

private struct UnaryBody: ArrayBody {
  let function: UnaryFunction
  let x: Tensor
  let result: Tensor

  func run<T: ArrayElement>(_ type: T.Type) {
    let (from, to) = (x.pointer(as: T.self), result.mutablePointer(as: T.self))
    let count = x.elementCount
    switch function {
    case .negate: for i in 0..<count { to[i] = T.negative(from[i]) }
    case .absolute: for i in 0..<count { to[i] = T.magnitude(from[i]) }
    case .sign: for i in 0..<count { to[i] = T.sign(from[i]) }
    }
  }
}

private struct RealBody: FloatBody {
  let function: RealFunction
  let x: Tensor
  let result: Tensor

  func run<T: FloatElement>(_ type: T.Type) {
    typealias R = T.Real
    switch function {
    case .squareRoot: map(T.self) { $0.squareRoot() }
    case .reciprocal: map(T.self) { 1 / $0 }
    case .exponential: map(T.self, R.exponential)
    case .logarithm: map(T.self, R.logarithm)
    case .floor: map(T.self) { $0.rounded(.down) }
    case .ceiling: map(T.self) { $0.rounded(.up) }
    case .round: map(T.self) { $0.rounded(.toNearestOrEven) }
    case .sine: map(T.self, R.sine)
    case .cosine: map(T.self, R.cosine)
    case .tangent: map(T.self, R.tangent)
    case .arcsine: map(T.self, R.arcsine)
    case .arccosine: map(T.self, R.arccosine)
    case .arctangent: map(T.self, R.arctangent)
    case .hyperbolicSine: map(T.self, R.hyperbolicSine)
    case .hyperbolicCosine: map(T.self, R.hyperbolicCosine)
    case .inverseHyperbolicSine: map(T.self, R.inverseHyperbolicSine)
    case .inverseHyperbolicCosine: map(T.self, R.inverseHyperbolicCosine)
    case .inverseHyperbolicTangent: map(T.self, R.inverseHyperbolicTangent)
    }
  }

  @inline(__always)
  private func map<T: FloatElement>(_ type: T.Type, _ function: (T.Real) -> T.Real) {
    let (from, to) = (x.pointer(as: T.self), result.mutablePointer(as: T.self))
    for i in 0..<x.elementCount { to[i] = T(rounding: function(from[i].real)) }
  }
}

/// Which numbers `classify` looks for.
public enum NumberClass: Sendable, Hashable {
  case notANumber
  case infinite(negative: Bool, positive: Bool)
}

/// Tells of each floating-point element whether it belongs to `numberClass`.
public func classify(
  _ x: Tensor, as numberClass: NumberClass, into result: Tensor
) throws(Fault) {
  precondition(result.dtype == .bool && x.shape == result.shape)
  try dispatchFloat(x.dtype, ClassifyBody(numberClass: numberClass, x: x, result: result))
}

private struct ClassifyBody: FloatBody {
  let numberClass: NumberClass
  let x: Tensor
  let result: Tensor

  func run<T: FloatElement>(_ type: T.Type) {
    let (from, to) = (x.pointer(as: T.self), result.mutablePointer(as: Bool.self))
    switch numberClass {
    case .notANumber:
      for i in 0..<x.elementCount { to[i] = from[i].isNaN }
    case .infinite(let negative, let positive):
      for i in 0..<x.elementCount {
        to[i] = from[i].isInfinite && (from[i] < 0 ? negative : positive)
      }
    }
  }
}
