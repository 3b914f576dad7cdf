public import Faults
public import Tensors

/// One ONNX operator with its attributes: its shape rule, its forward and its backward function.
///
/// Conforming types are named as the ONNX operator and hold the attributes only; weights arrive as
/// inputs. The functions here are the reference path on plain row-major tensors; the execution plan
/// replaces them by faster kernels where it has some.
public protocol Operator: Sendable {
  /// The ONNX name, such as `Conv`.
  var opType: String { get }

  /// Whether output 0 is input 0 with the same elements in the same order under another shape.
  var isView: Bool { get }

  /// Whether `backward` is that of the operator without its rounding, as rounding has no slope.
  var isStraightThrough: Bool { get }

  /// Returns the type of every output.
  ///
  /// An input that is left out is `nil`; one that is known before running has its `constant`.
  /// - Throws: `Fault` with code `model.invalid` when the inputs do not fit the operator, or when
  ///   the shape would depend on values that are not constant.
  func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType]

  /// Computes the outputs, which are allocated with the types of `outputTypes`, aligned, and may
  /// hold anything. Inputs are aligned.
  func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault)

  /// Returns the gradient of the score by each input, `nil` where none is wanted or it is zero.
  /// - Throws: `Fault` with code `explain.not_supported` when the operator has no rule.
  func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?]
}

/// What is known of a value before running: its type, and its elements if it is constant.
public struct ValueFact: Sendable {
  public var type: TensorType
  public var constant: Tensor?

  public init(_ type: TensorType, constant: Tensor? = nil) {
    self.type = type
    self.constant = constant
  }

  public var shape: Shape { type.shape }
  public var dtype: DType { type.dtype }
}

/// What a backward function sees: the forward values and the gradients that arrive from above.
public struct BackwardPass: Sendable {
  public let inputs: [Tensor?]
  public let outputs: [Tensor]
  /// The gradient by each output; `nil` stands for zero.
  public let outputGradients: [Tensor?]
  /// Which inputs need a gradient.
  public let wanted: [Bool]

  public init(
    inputs: [Tensor?], outputs: [Tensor], outputGradients: [Tensor?], wanted: [Bool]
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.outputGradients = outputGradients
    self.wanted = wanted
  }
}

extension Operator {
  public var opType: String { String(describing: Self.self) }

  public var isView: Bool { false }

  public var isStraightThrough: Bool { false }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    throw Fault(
      .explainNotSupported, "\(opType) has no gradient rule: choose a layer after it",
      details: ["operator": .string(opType)])
  }
}

extension Operator {
  /// Whether `backward` is more than the refusal above, for operators with results that have slopes.
  var hasGradientRule: Bool {
    switch self {
    case is LpPool, is GlobalLpPool, is MeanVarianceNormalization, is Hardmax, is Mod, is Einsum,
      is TopK, is OneHot, is ScatterElements, is ScatterND:
      false
    default: !isIntegerArithmetic
    }
  }
}
