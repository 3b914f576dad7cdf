public import Faults
import Kernels
public import Tensors

/// Batch normalisation with stored statistics.
///
/// Inputs: X [N, C, spatial...], scale, B, mean and variance [C]; those of a float16 X may be
/// float32.
/// Source: ONNX BatchNormalization-7, -9, -14, -15.
public struct BatchNormalization: Operator {
  public var epsilon: Float
  /// Whether there is one parameter a channel; without it, one for each element of an image.
  public var spatial: Bool

  public init(epsilon: Float = 1e-5, spatial: Bool = true) {
    self.epsilon = epsilon
    self.spatial = spatial
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 5...5)
    let x = try facts.floating(0, "X")
    guard x.shape.rank >= 2 else {
      throw Fault(.modelInvalid, "X \(x.shape) has no channels: it must be [N, C, spatial...]")
    }
    let features = Shape(Array(spatial ? x.shape.dimensions[1...1] : x.shape.dimensions[1...]))
    for (index, name) in ["scale", "B", "input_mean", "input_var"].enumerated() {
      let parameter = try facts.floating(index + 1, name)
      let isWider = x.dtype == .float16 && parameter.dtype == .float32
      _ = try facts.required(
        index + 1, name, dtype: isWider ? .float32 : x.dtype, shape: features)
    }
    return [x.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    batchNormalization(
      inputs.present(0),
      BatchNormalizationParameters(
        scale: inputs.present(1), bias: inputs.present(2), mean: inputs.present(3),
        variance: inputs.present(4), epsilon: epsilon),
      into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.gradient(opType) { dY, dX throws(Fault) in
      batchNormalizationBackward(
        dY: dY, scale: pass.inputs.present(1), variance: pass.inputs.present(4), epsilon: epsilon,
        into: dX)
    }
  }
}
