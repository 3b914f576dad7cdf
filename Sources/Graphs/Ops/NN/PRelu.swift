public import Faults
import Kernels
public import Tensors

/// X where positive, slope · X elsewhere.
///
/// Inputs: X, and slope, which broadcasts to X.
/// Source: ONNX PRelu-7, -9, -16.
public struct PRelu: Operator {
  public init() {}

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 2...2)
    let x = try facts.floating(0, "X")
    let slope = try facts.required(1, "slope", dtype: x.dtype)
    try checkBroadcast(slope.shape, "slope", to: x.shape)
    return [x.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    parametricRelu(inputs.present(0), slope: inputs.present(1), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.gradient(opType) { dY, dX throws(Fault) in
      parametricReluBackward(
        pass.inputs.present(0), dY: dY, slope: pass.inputs.present(1), into: dX)
    }
  }
}
