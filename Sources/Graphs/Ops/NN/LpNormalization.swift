public import Faults
import Kernels
public import Tensors

/// Vectors along an axis, each divided by its norm.
///
/// Source: ONNX LpNormalization-1, -22.
public struct LpNormalization: Operator {
  public var axis: Int
  /// 1 or 2.
  public var p: Int

  public init(axis: Int = -1, p: Int = 2) {
    self.axis = axis
    self.p = p
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let input = try InputFacts(inputs, counts: 1...1).floating(0, "input")
    _ = try input.shape.normalized(axis: axis)
    guard p == 1 || p == 2 else { throw Fault(.modelInvalid, "p is \(p), but must be 1 or 2") }
    return [input.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = inputs.present(0)
    lpNormalization(x, p: p, layout: try layout(x.shape), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    let layout = try layout(pass.inputs.present(0).shape)
    return try pass.gradient(opType) { dY, dX throws(Fault) in
      lpNormalizationBackward(pass.inputs.present(0), dY: dY, p: p, layout: layout, into: dX)
    }
  }

  private func layout(_ shape: Shape) throws(Fault) -> VectorLayout {
    let axis = try shape.normalized(axis: axis)
    return VectorLayout(
      outer: shape.dimensions[..<axis].reduce(1, *), extent: shape[axis],
      inner: shape.dimensions[(axis + 1)...].reduce(1, *))
  }
}
