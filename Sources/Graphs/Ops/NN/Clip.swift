public import Faults
import Kernels
public import Tensors

/// X limited to min...max.
///
/// Inputs: X, min and max (optional scalars, which come before the attributes of the same name).
/// The gradient is zero at the limits, as that of a rectifier of six.
/// Source: ONNX Clip-6, -11, -12, -13.
public struct Clip: Operator {
  /// The attributes of versions before 11.
  public var min: Float?
  public var max: Float?

  public init(min: Float? = nil, max: Float? = nil) {
    self.min = min
    self.max = max
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 1...3)
    let x = try facts.required(0, "X")
    let usesAttributes = min != nil || max != nil
    guard x.dtype != .bool, x.dtype.isFloatingPoint || !usesAttributes else {
      throw Fault(.modelInvalid, "input X is \(x.dtype), which cannot be limited")
    }
    for (index, name) in [(1, "min"), (2, "max")] {
      guard let limit = try facts.optional(index, name, dtype: x.dtype) else { continue }
      guard limit.shape.elementCount == 1 else {
        throw Fault(.modelInvalid, "input \(name) has the shape \(limit.shape), not of a scalar")
      }
    }
    return [x.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let (lower, upper) = limits(inputs)
    clip(inputs.present(0), lower: lower, upper: upper, into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.gradient(opType) { dY, dX throws(Fault) in
      let (lower, upper) = limits(pass.inputs)
      clipBackward(pass.inputs.present(0), dY: dY, lower: lower, upper: upper, into: dX)
    }
  }

  /// The limits as scalars of the type of X: the inputs, or the attributes where there are none.
  private func limits(_ inputs: [Tensor?]) -> (lower: Tensor?, upper: Tensor?) {
    let dtype = inputs.present(0).dtype
    return (
      inputs.optional(1) ?? min.map { scalar($0, of: dtype) },
      inputs.optional(2) ?? max.map { scalar($0, of: dtype) }
    )
  }

  private func scalar(_ value: Float, of dtype: DType) -> Tensor {
    switch dtype {
    case .float64: Tensor(scalar: Double(value))
    case .float16: Tensor(scalar: Float16(value))
    default: Tensor(scalar: value)
    }
  }
}
