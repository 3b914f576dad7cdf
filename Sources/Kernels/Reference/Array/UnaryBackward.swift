public import Faults
public import Tensors

/// Returns `gradient` times the derivative of `function` at each element of `x`.
///
/// Steps and the rounding functions have the derivative 0.
/// - Parameter y: the forward result.
public func elementwiseBackward(
  _ function: RealFunction, x: Tensor, y: Tensor, gradient: Tensor
) throws(Fault) -> Tensor {
  precondition(x.type == y.type && x.type == gradient.type)
  let result = Tensor(uninitialized: x.dtype, x.shape)
  try dispatchFloat(
    x.dtype, RealBackwardBody(function: function, x: x, y: y, gradient: gradient, result: result))
  return result
}

private struct RealBackwardBody: FloatBody {
  let function: RealFunction
  let x: Tensor
  let y: Tensor
  let gradient: Tensor
  let result: Tensor

  func run<T: FloatElement>(_ type: T.Type) {
    typealias R = T.Real
    switch function {
    case .squareRoot: map(T.self) { _, y in 0.5 / y }
    case .reciprocal: map(T.self) { _, y in -y * y }
    case .exponential: map(T.self) { _, y in y }
    case .logarithm: map(T.self) { x, _ in 1 / x }
    case .floor, .ceiling, .round: map(T.self) { _, _ in 0 }
    case .sine: map(T.self) { x, _ in R.cosine(x) }
    case .cosine: map(T.self) { x, _ in -R.sine(x) }
    case .tangent: map(T.self) { _, y in 1 + y * y }
    case .arcsine: map(T.self) { x, _ in 1 / (1 - x * x).squareRoot() }
    case .arccosine: map(T.self) { x, _ in -1 / (1 - x * x).squareRoot() }
    case .arctangent: map(T.self) { x, _ in 1 / (1 + x * x) }
    case .hyperbolicSine: map(T.self) { x, _ in R.hyperbolicCosine(x) }
    case .hyperbolicCosine: map(T.self) { x, _ in R.hyperbolicSine(x) }
    case .inverseHyperbolicSine: map(T.self) { x, _ in 1 / (x * x + 1).squareRoot() }
    case .inverseHyperbolicCosine: map(T.self) { x, _ in 1 / (x * x - 1).squareRoot() }
    case .inverseHyperbolicTangent: map(T.self) { x, _ in 1 / (1 - x * x) }
    }
  }

  @inline(__always)
  private func map<T: FloatElement>(_ type: T.Type, _ slope: (T.Real, T.Real) -> T.Real) {
    let (x, y) = (x.pointer(as: T.self), y.pointer(as: T.self))
    let (from, to) = (gradient.pointer(as: T.self), result.mutablePointer(as: T.self))
    for i in 0..<result.elementCount {
      to[i] = T(rounding: from[i].real * slope(x[i].real, y[i].real))
    }
  }
}
