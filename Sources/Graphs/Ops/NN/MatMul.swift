public import Faults
public import Kernels
public import Tensors

/// The product of stacks of matrices, with the broadcasting of numpy.
///
/// Inputs: A [..., M, K] or [K], B [..., K, N] or [K].
/// Source: ONNX MatMul-1, -9, -13.
public struct MatMul: Operator {
  public init() {}

  /// Resolves the extents for these shapes of A and B.
  /// - Throws: `Fault` with code `model.invalid` when they do not fit.
  public func geometry(a: Shape, b: Shape) throws(Fault) -> MatMulGeometry {
    try MatMulGeometry(a: a, b: b)
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 2...2)
    let a = try facts.required(0, "A")
    switch a.dtype {
    case .float32, .float64, .float16, .int32, .int64, .uint32, .uint64: break
    default: throw Fault(.modelInvalid, "input A is \(a.dtype), which has no matrix product")
    }
    let b = try facts.required(1, "B", dtype: a.dtype)
    return [TensorType(a.dtype, try geometry(a: a.shape, b: b.shape).output)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let (a, b) = (inputs.present(0), inputs.present(1))
    matMul(a, b, geometry: try geometry(a: a.shape, b: b.shape), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    var gradients = [Tensor?](repeating: nil, count: pass.inputs.count)
    guard let dY = pass.outputGradients[0] else { return gradients }
    let (a, b) = (pass.inputs.present(0), pass.inputs.present(1))
    let geometry = try geometry(a: a.shape, b: b.shape)
    if pass.wanted[0] {
      let dA = Tensor(uninitialized: a.dtype, a.shape)
      matMulBackwardA(dY: dY, b: b, geometry: geometry, into: dA)
      gradients[0] = dA
    }
    if pass.wanted[1] {
      let dB = Tensor(uninitialized: b.dtype, b.shape)
      matMulBackwardB(dY: dY, a: a, geometry: geometry, into: dB)
      gradients[1] = dB
    }
    return gradients
  }
}
