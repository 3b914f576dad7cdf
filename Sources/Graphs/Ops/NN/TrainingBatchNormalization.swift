public import Faults
import Kernels
public import Tensors

/// Batch normalisation with the statistics of its input, of constants only: weights that are
/// standardised when the model is loaded.
///
/// Inputs: as `BatchNormalization`. Outputs: Y, the running mean and variance; before version 14 also
/// the mean and variance of X.
/// Source: ONNX BatchNormalization-7, -9, -14, -15 in training mode.
public struct TrainingBatchNormalization: Operator {
  public var epsilon: Float
  /// How much of the stored statistics stays.
  public var momentum: Float

  public init(epsilon: Float = 1e-5, momentum: Float = 0.9) {
    self.epsilon = epsilon
    self.momentum = momentum
  }

  public var opType: String { "BatchNormalization" }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    guard inputs.first.flatMap({ $0?.constant }) != nil else {
      throw Fault(
        .modelUnsupportedOperator,
        "BatchNormalization in training mode is not supported: export the model for inference")
    }
    let types = try BatchNormalization(epsilon: epsilon).outputTypes(inputs)
    let facts = try InputFacts(inputs, counts: 5...5)
    let statistics = try facts.floating(3, "input_mean").type
    return types + [TensorType](repeating: statistics, count: 4)
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let (x, stored) = (inputs.present(0), [inputs.present(3), inputs.present(4)])
    let moments = stored.map { Tensor(uninitialized: $0.dtype, $0.shape) }
    batchMoments(of: x, mean: moments[0], variance: moments[1])
    batchNormalization(
      x,
      BatchNormalizationParameters(
        scale: inputs.present(1), bias: inputs.present(2), mean: moments[0],
        variance: moments[1], epsilon: epsilon), into: outputs[0])
    // The running statistics keep a part of the stored ones; those of X itself keep nothing.
    for (index, output) in outputs.dropFirst().enumerated() {
      let part = index < 2 ? Double(momentum) : 0
      let kept = stored[index % 2].listedDoubles() ?? []
      let new = moments[index % 2].listedDoubles() ?? []
      output.fill(zip(kept, new).map { $0 * part + $1 * (1 - part) })
    }
  }
}

extension Tensor {
  /// Writes doubles, rounded to the type of the tensor.
  fileprivate func fill(_ values: [Double]) {
    switch dtype {
    case .float64: withMutableElements(of: Double.self) { _ = $0.update(from: values) }
    case .float32:
      withMutableElements(of: Float.self) { _ = $0.update(from: values.map(Float.init)) }
    case .float16:
      withMutableElements(of: Float16.self) { _ = $0.update(from: values.map { Float16($0) }) }
    default: break
    }
  }
}
