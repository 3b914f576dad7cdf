internal import CKernels

/// An elementwise function that a kernel applies to its result; NaN stays NaN.
///
/// The exponential-based functions are accurate to about 1e-6 of the result, absolute where the
/// result itself vanishes (GELU's left tail).
public enum FusedActivation: Hashable, Sendable {
  case none
  case relu
  /// min(max(x, low), high)
  case clip(low: Float, high: Float)
  case leakyRelu(alpha: Float)
  case sigmoid
  /// x * sigmoid(x)
  case silu
  /// min(max(alpha * x + beta, 0), 1)
  case hardSigmoid(alpha: Float, beta: Float)
  /// x * min(max(x / 6 + 1 / 2, 0), 1)
  case hardSwish
  /// x / 2 * (1 + erf(x / sqrt(2)))
  case gelu
  /// x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
  case geluTanh
  case tanh
  /// x < 0 ? alpha * (exp(x) - 1) : x
  case elu(alpha: Float)

  func c(beforeResidual: Bool) -> ic_activation {
    var (kind, a, b) = (IC_ACTIVATION_NONE, Float(0), Float(0))
    switch self {
    case .none: break
    case .relu: kind = IC_ACTIVATION_RELU
    case .clip(let low, let high): (kind, a, b) = (IC_ACTIVATION_CLIP, low, high)
    case .leakyRelu(let alpha): (kind, a) = (IC_ACTIVATION_LEAKY_RELU, alpha)
    case .sigmoid: kind = IC_ACTIVATION_SIGMOID
    case .silu: kind = IC_ACTIVATION_SILU
    case .hardSigmoid(let alpha, let beta): (kind, a, b) = (IC_ACTIVATION_HARD_SIGMOID, alpha, beta)
    case .hardSwish: kind = IC_ACTIVATION_HARD_SWISH
    case .gelu: kind = IC_ACTIVATION_GELU
    case .geluTanh: kind = IC_ACTIVATION_GELU_TANH
    case .tanh: kind = IC_ACTIVATION_TANH
    case .elu(let alpha): (kind, a) = (IC_ACTIVATION_ELU, alpha)
    }
    return ic_activation(kind: kind, a: a, b: b, before_residual: beforeResidual ? 1 : 0)
  }
}
