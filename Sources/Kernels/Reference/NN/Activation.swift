public import Tensors

/// A function of one number with its parameters, as ONNX defines it.
public enum Activation: Sendable, Hashable {
  case relu
  case leakyRelu(alpha: Float)
  case thresholdedRelu(alpha: Float)
  case elu(alpha: Float)
  case selu(alpha: Float, gamma: Float)
  case celu(alpha: Float)
  case sigmoid
  case hardSigmoid(alpha: Float, beta: Float)
  case hardSwish
  /// x · sigmoid(alpha · x).
  case swish(alpha: Float)
  /// x times the normal distribution function, by `erf`.
  case gelu
  /// The approximation of `gelu` by `tanh`.
  case geluTanh
  case erf
  case tanh
  case softplus
  case softsign
  case mish
  case shrink(bias: Float, lambda: Float)
}

/// Applies a function to every element.
///
/// Types: float32, float64 or float16. NaN stays NaN.
public func activate(_ x: Tensor, _ activation: Activation, into y: Tensor) {
  computing([x], into: [y]) { inputs, outputs in
    guard let x = inputs[0] else { return }
    if x.dtype == .float64 {
      activation.forward(Double.self, x, outputs[0])
    } else {
      activation.forward(Float.self, x, outputs[0])
    }
  }
}

/// Computes the gradient of `activate` by its input; at a kink, the side that is flat counts.
public func activateBackward(_ x: Tensor, dY: Tensor, _ activation: Activation, into dX: Tensor) {
  computing([x, dY], into: [dX]) { inputs, outputs in
    guard let x = inputs[0], let dY = inputs[1] else { return }
    if x.dtype == .float64 {
      activation.backward(Double.self, x, dY, outputs[0])
    } else {
      activation.backward(Float.self, x, dY, outputs[0])
    }
  }
}

extension Activation {
  fileprivate func forward<T: FloatingScalar>(_ type: T.Type, _ x: Tensor, _ y: Tensor) {
    let pass = ElementPass<T>(x, y)
    switch self {
    case .relu: pass.map { $0 < 0 ? 0 : $0 }
    case .leakyRelu(let alpha):
      let alpha = T(alpha)
      pass.map { $0 < 0 ? alpha * $0 : $0 }
    case .thresholdedRelu(let alpha):
      let alpha = T(alpha)
      pass.map { $0 <= alpha ? 0 : $0 }
    case .elu(let alpha):
      let alpha = T(alpha)
      pass.map { $0 < 0 ? alpha * T.expm1($0) : $0 }
    case .selu(let alpha, let gamma):
      let (alpha, gamma) = (T(alpha), T(gamma))
      pass.map { gamma * ($0 <= 0 ? alpha * T.expm1($0) : $0) }
    case .celu(let alpha):
      let alpha = T(alpha)
      pass.map { $0 < 0 ? alpha * T.expm1($0 / alpha) : $0 }
    case .sigmoid: pass.map { logistic($0) }
    case .hardSigmoid(let alpha, let beta):
      let (alpha, beta) = (T(alpha), T(beta))
      pass.map { clamp(alpha * $0 + beta, 0, 1) }
    case .hardSwish: pass.map { $0 * clamp($0 / 6 + 0.5, 0, 1) }
    case .swish(let alpha):
      let alpha = T(alpha)
      pass.map { $0 * logistic(alpha * $0) }
    case .gelu: pass.map { $0 * normalDistribution($0) }
    case .geluTanh: pass.map { 0.5 * $0 * (1 + T.tanh(geluArgument($0))) }
    case .erf: pass.map { T.erf($0) }
    case .tanh: pass.map { T.tanh($0) }
    case .softplus: pass.map { logOnePlusExp($0) }
    case .softsign: pass.map { $0 / (1 + abs($0)) }
    case .mish: pass.map { $0 * T.tanh(logOnePlusExp($0)) }
    case .shrink(let bias, let lambda):
      let (bias, lambda) = (T(bias), T(lambda))
      pass.map { $0 < -lambda ? $0 + bias : $0 > lambda ? $0 - bias : $0.isNaN ? $0 : 0 }
    }
  }

  fileprivate func backward<T: FloatingScalar>(
    _ type: T.Type, _ x: Tensor, _ dY: Tensor, _ dX: Tensor
  ) {
    let pass = ElementPass<T>(x, dX, scale: dY)
    switch self {
    case .relu: pass.scale { $0 > 0 ? 1 : 0 }
    case .leakyRelu(let alpha):
      let alpha = T(alpha)
      pass.scale { $0 > 0 ? 1 : alpha }
    case .thresholdedRelu(let alpha):
      let alpha = T(alpha)
      pass.scale { $0 > alpha ? 1 : 0 }
    case .elu(let alpha):
      let alpha = T(alpha)
      pass.scale { $0 > 0 ? 1 : alpha * T.exp($0) }
    case .selu(let alpha, let gamma):
      let (alpha, gamma) = (T(alpha), T(gamma))
      pass.scale { gamma * ($0 > 0 ? 1 : alpha * T.exp($0)) }
    case .celu(let alpha):
      let alpha = T(alpha)
      pass.scale { $0 > 0 ? 1 : T.exp($0 / alpha) }
    case .sigmoid:
      pass.scale { x in
        let y = logistic(x)
        return y * (1 - y)
      }
    case .hardSigmoid(let alpha, let beta):
      let (alpha, beta) = (T(alpha), T(beta))
      pass.scale { x in
        let y = alpha * x + beta
        return y > 0 && y < 1 ? alpha : 0
      }
    case .hardSwish: pass.scale { $0 <= -3 ? 0 : $0 >= 3 ? 1 : ($0 + $0 + 3) / 6 }
    case .swish(let alpha):
      let alpha = T(alpha)
      pass.scale { x in
        let s = logistic(alpha * x)
        return s + alpha * x * s * (1 - s)
      }
    case .gelu: pass.scale { normalDistribution($0) + $0 * normalDensity($0) }
    case .geluTanh:
      pass.scale { x in
        let t = T.tanh(geluArgument(x))
        let slope = T(0.797_884_560_802_865_4) * (1 + 3 * T(0.044_715) * x * x)
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope
      }
    case .erf: pass.scale { T(1.128_379_167_095_512_6) * T.exp(-$0 * $0) }
    case .tanh:
      pass.scale { x in
        let y = T.tanh(x)
        return 1 - y * y
      }
    case .softplus: pass.scale { logistic($0) }
    case .softsign:
      pass.scale { x in
        let denominator = 1 + abs(x)
        return 1 / (denominator * denominator)
      }
    case .mish:
      pass.scale { x in
        let t = T.tanh(logOnePlusExp(x))
        return t + x * (1 - t * t) * logistic(x)
      }
    case .shrink(_, let lambda):
      let lambda = T(lambda)
      pass.scale { $0 < -lambda || $0 > lambda ? 1 : 0 }
    }
  }
}

/// A pass over the elements of one tensor into another, in their common type.
private struct ElementPass<T: FloatingScalar> {
  let x: UnsafeMutablePointer<T>
  let y: UnsafeMutablePointer<T>
  let dY: UnsafeMutablePointer<T>?
  let count: Int

  init(_ x: Tensor, _ y: Tensor, scale dY: Tensor? = nil) {
    self.x = x.pointer(to: T.self)
    self.y = y.pointer(to: T.self)
    self.dY = dY?.pointer(to: T.self)
    self.count = x.elementCount
  }

  @inline(__always)
  func map(_ function: (T) -> T) {
    for index in 0..<count { y[index] = function(x[index]) }
  }

  @inline(__always)
  func scale(_ slope: (T) -> T) {
    guard let dY else { return }
    for index in 0..<count { y[index] = dY[index] * slope(x[index]) }
  }
}

@inline(__always)
private func clamp<T: FloatingScalar>(_ x: T, _ lower: T, _ upper: T) -> T {
  let raised = x < lower ? lower : x
  return raised > upper ? upper : raised
}

@inline(__always)
private func logistic<T: FloatingScalar>(_ x: T) -> T { 1 / (1 + T.exp(-x)) }

@inline(__always)
private func logOnePlusExp<T: FloatingScalar>(_ x: T) -> T {
  (x < 0 ? 0 : x) + T.log1p(T.exp(-abs(x)))
}

@inline(__always)
private func normalDistribution<T: FloatingScalar>(_ x: T) -> T {
  0.5 * (1 + T.erf(x * T(0.707_106_781_186_547_5)))
}

@inline(__always)
private func normalDensity<T: FloatingScalar>(_ x: T) -> T {
  T(0.398_942_280_401_432_7) * T.exp(-0.5 * x * x)
}

@inline(__always)
private func geluArgument<T: FloatingScalar>(_ x: T) -> T {
  T(0.797_884_560_802_865_4) * (x + T(0.044_715) * x * x * x)
}
