public import Faults
public import Kernels
public import Tensors

/// X where positive, zero elsewhere.
///
/// Types: floating-point and signed integers.
/// Source: ONNX Relu-6, -13, -14.
public struct Relu: ActivationOperator {
  public init() {}

  public var activation: Activation { .relu }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let x = try InputFacts(inputs, counts: 1...1).required(0, "X")
    guard x.dtype.isFloatingPoint || zero(of: x.dtype) != nil else {
      throw Fault(.modelInvalid, "input X is \(x.dtype), which has no rectifier")
    }
    return [x.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = inputs.present(0)
    if let zero = zero(of: x.dtype) {
      clip(x, lower: zero, upper: nil, into: outputs[0])
    } else {
      activate(x, .relu, into: outputs[0])
    }
  }

  /// A scalar zero of a signed integer type.
  private func zero(of dtype: DType) -> Tensor? {
    switch dtype {
    case .int8, .int16, .int32, .int64: Tensor(zeros: dtype, [])
    default: nil
    }
  }
}
