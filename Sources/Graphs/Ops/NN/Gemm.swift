public import Faults
public import Kernels
public import Tensors

/// Y = alpha · op(A) · op(B) + beta · C.
///
/// Inputs: A and B are matrices, C (optional) broadcasts to Y.
/// Source: ONNX Gemm-7, -9, -11, -13.
public struct Gemm: Operator {
  public var alpha: Float
  public var beta: Float
  public var transA: Bool
  public var transB: Bool

  public init(alpha: Float = 1, beta: Float = 1, transA: Bool = false, transB: Bool = false) {
    self.alpha = alpha
    self.beta = beta
    self.transA = transA
    self.transB = transB
  }

  /// Resolves the extents for these shapes of A and B.
  /// - Throws: `Fault` with code `model.invalid` when they are not matrices that fit.
  public func geometry(a: Shape, b: Shape) throws(Fault) -> GemmGeometry {
    try GemmGeometry(
      a: a, b: b, transposeA: transA, transposeB: transB, alpha: alpha, beta: beta)
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 2...3)
    let a = try facts.floating(0, "A")
    let b = try facts.required(1, "B", dtype: a.dtype)
    let output = try geometry(a: a.shape, b: b.shape).output
    if let c = try facts.optional(2, "C", dtype: a.dtype) {
      try checkBroadcast(c.shape, "C", to: output)
    }
    return [TensorType(a.dtype, output)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let (a, b) = (inputs.present(0), inputs.present(1))
    gemm(a, b, inputs.optional(2), geometry: try geometry(a: a.shape, b: b.shape), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    var gradients = [Tensor?](repeating: nil, count: pass.inputs.count)
    guard let dY = pass.outputGradients[0] else { return gradients }
    let (a, b) = (pass.inputs.present(0), pass.inputs.present(1))
    let geometry = try geometry(a: a.shape, b: b.shape)
    for (index, input) in pass.inputs.enumerated() where pass.wanted[index] {
      guard let input else { continue }
      let gradient = Tensor(uninitialized: input.dtype, input.shape)
      switch index {
      case 0: gemmBackwardA(dY: dY, b: b, geometry: geometry, into: gradient)
      case 1: gemmBackwardB(dY: dY, a: a, geometry: geometry, into: gradient)
      default: gemmBackwardC(dY: dY, geometry: geometry, into: gradient)
      }
      gradients[index] = gradient
    }
    return gradients
  }
}

/// Refuses a shape that does not broadcast to `target` without changing it.
func checkBroadcast(_ shape: Shape, _ name: String, to target: Shape) throws(Fault) {
  let fits =
    shape.rank <= target.rank
    && zip(shape.dimensions.reversed(), target.dimensions.reversed()).allSatisfy { extent, full in
      extent == full || extent == 1
    }
  guard fits else {
    throw Fault(.modelInvalid, "\(name) \(shape) does not broadcast to \(target)")
  }
}
