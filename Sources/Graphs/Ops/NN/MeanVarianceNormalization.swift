public import Faults
import Kernels
public import Tensors

/// X less its mean, divided by its deviation, both over `axes`.
///
/// Source: ONNX MeanVarianceNormalization-9, -13.
public struct MeanVarianceNormalization: Operator {
  public var axes: [Int]

  public init(axes: [Int] = [0, 2, 3]) {
    self.axes = axes
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let x = try InputFacts(inputs, counts: 1...1).floating(0, "X")
    _ = try positiveAxes(of: x.shape)
    return [x.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = inputs.present(0)
    meanVarianceNormalization(x, axes: try positiveAxes(of: x.shape), into: outputs[0])
  }

  private func positiveAxes(of shape: Shape) throws(Fault) -> [Int] {
    var positive: [Int] = []
    for axis in axes { positive.append(try shape.normalized(axis: axis)) }
    return positive
  }
}
