public import Faults
public import Kernels
public import Tensors

/// An operator that applies one function to every element of X.
public protocol ActivationOperator: Operator {
  /// The function with its parameters, for whoever fuses it into another kernel.
  var activation: Activation { get }
}

extension ActivationOperator {
  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    [try InputFacts(inputs, counts: 1...1).floating(0, "X").type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    activate(inputs.present(0), activation, into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.gradient(opType) { dY, dX throws(Fault) in
      activateBackward(pass.inputs.present(0), dY: dY, activation, into: dX)
    }
  }
}

/// X where positive, alpha · X elsewhere.
///
/// Source: ONNX LeakyRelu-6, -16.
public struct LeakyRelu: ActivationOperator {
  public var alpha: Float

  public init(alpha: Float = 0.01) {
    self.alpha = alpha
  }

  public var activation: Activation { .leakyRelu(alpha: alpha) }
}

/// X where above alpha, zero elsewhere.
///
/// Source: ONNX ThresholdedRelu-10, -22.
public struct ThresholdedRelu: ActivationOperator {
  public var alpha: Float

  public init(alpha: Float = 1) {
    self.alpha = alpha
  }

  public var activation: Activation { .thresholdedRelu(alpha: alpha) }
}

/// X where positive, alpha · (exp(X) - 1) elsewhere.
///
/// Source: ONNX Elu-6, -22.
public struct Elu: ActivationOperator {
  public var alpha: Float

  public init(alpha: Float = 1) {
    self.alpha = alpha
  }

  public var activation: Activation { .elu(alpha: alpha) }
}

/// gamma times an exponential linear unit of alpha.
///
/// Source: ONNX Selu-6, -22.
public struct Selu: ActivationOperator {
  public var alpha: Float
  public var gamma: Float

  public init(alpha: Float = 1.673_263_2, gamma: Float = 1.050_701) {
    self.alpha = alpha
    self.gamma = gamma
  }

  public var activation: Activation { .selu(alpha: alpha, gamma: gamma) }
}

/// X where positive, alpha · (exp(X / alpha) - 1) elsewhere.
///
/// Source: ONNX Celu-12.
public struct Celu: ActivationOperator {
  public var alpha: Float

  public init(alpha: Float = 1) {
    self.alpha = alpha
  }

  public var activation: Activation { .celu(alpha: alpha) }
}

/// 1 / (1 + exp(-X)).
///
/// Source: ONNX Sigmoid-6, -13.
public struct Sigmoid: ActivationOperator {
  public init() {}

  public var activation: Activation { .sigmoid }
}

/// alpha · X + beta, limited to 0...1.
///
/// Source: ONNX HardSigmoid-6, -22.
public struct HardSigmoid: ActivationOperator {
  public var alpha: Float
  public var beta: Float

  public init(alpha: Float = 0.2, beta: Float = 0.5) {
    self.alpha = alpha
    self.beta = beta
  }

  public var activation: Activation { .hardSigmoid(alpha: alpha, beta: beta) }
}

/// X times a hard sigmoid of 1/6 and 1/2.
///
/// Source: ONNX HardSwish-14, -22.
public struct HardSwish: ActivationOperator {
  public init() {}

  public var activation: Activation { .hardSwish }
}

/// X · sigmoid(alpha · X).
///
/// Source: ONNX Swish-24.
public struct Swish: ActivationOperator {
  public var alpha: Float

  public init(alpha: Float = 1) {
    self.alpha = alpha
  }

  public var activation: Activation { .swish(alpha: alpha) }
}

/// The error function.
///
/// Source: ONNX Erf-9, -13.
public struct Erf: ActivationOperator {
  public init() {}

  public var activation: Activation { .erf }
}

/// The hyperbolic tangent.
///
/// Source: ONNX Tanh-6, -13.
public struct Tanh: ActivationOperator {
  public init() {}

  public var activation: Activation { .tanh }
}

/// log(1 + exp(X)).
///
/// Source: ONNX Softplus-1, -22.
public struct Softplus: ActivationOperator {
  public init() {}

  public var activation: Activation { .softplus }
}

/// X / (1 + |X|).
///
/// Source: ONNX Softsign-1, -22.
public struct Softsign: ActivationOperator {
  public init() {}

  public var activation: Activation { .softsign }
}

/// X · tanh(log(1 + exp(X))).
///
/// Source: ONNX Mish-18, -22.
public struct Mish: ActivationOperator {
  public init() {}

  public var activation: Activation { .mish }
}

/// X moved towards zero by bias where |X| is above lambd, zero elsewhere.
///
/// Source: ONNX Shrink-9.
public struct Shrink: ActivationOperator {
  public var bias: Float
  public var lambd: Float

  public init(bias: Float = 0, lambd: Float = 0.5) {
    self.bias = bias
    self.lambd = lambd
  }

  public var activation: Activation { .shrink(bias: bias, lambda: lambd) }
}

/// X times the normal distribution function of X.
///
/// Source: ONNX Gelu-20.
public struct Gelu: ActivationOperator {
  public enum Approximation: String, Sendable, Hashable {
    case none
    case tanh
  }

  public var approximate: Approximation

  public init(approximate: Approximation = .none) {
    self.approximate = approximate
  }

  public var activation: Activation { approximate == .none ? .gelu : .geluTanh }
}
