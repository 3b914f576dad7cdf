public import Faults
public import Tensors

/// The identity, as dropout is at inference.
///
/// Inputs: data, ratio and training_mode (optional scalars), the last of which must be false.
/// Outputs: the data, and optionally a mask of ones.
/// Source: ONNX Dropout-7, -10, -12, -13.
public struct Dropout: Operator {
  /// Whether there is a second output, `mask`.
  public var hasMask: Bool
  /// Whether the mask has the type of the data, as before version 10.
  public var masksWithData: Bool

  public init(hasMask: Bool = false, masksWithData: Bool = false) {
    self.hasMask = hasMask
    self.masksWithData = masksWithData
  }

  public var isView: Bool { !hasMask }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 1...3)
    let x = try facts.floating(0, "data")
    if let training = try facts.optional(2, "training_mode", dtype: .bool) {
      guard let constant = training.constant, constant.elementCount == 1 else {
        throw Fault(.modelInvalid, "input training_mode must be a constant scalar")
      }
      guard constant.elements(of: Bool.self) == [false] else {
        throw Fault(
          .modelInvalid, "training_mode is set: export the model for inference")
      }
    }
    let mask = TensorType(masksWithData ? x.dtype : .bool, x.shape)
    return [x.type] + (hasMask ? [mask] : [])
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = inputs.present(0)
    outputs[0].base.copyMemory(from: x.base, byteCount: x.byteCount)
    guard outputs.count > 1 else { return }
    let mask = outputs[1]
    switch mask.dtype {
    case .float32: mask.fill(with: Float(1))
    case .float64: mask.fill(with: Double(1))
    case .float16: mask.fill(with: Float16(1))
    default: mask.fill(with: true)
    }
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.gradient(opType) { dY, dX throws(Fault) in
      dX.base.copyMemory(from: dY.base, byteCount: dX.byteCount)
    }
  }
}

extension Tensor {
  fileprivate func fill<T: TensorElement>(with value: T) {
    withMutableElements(of: T.self) { $0.update(repeating: value) }
  }
}
