public import Faults
import Kernels
public import Tensors

/// Convolution of quantised tensors.
///
/// Inputs: x, its scale and zero point (one element each), w, its scales and zero points (one or [M]),
/// the scale and the zero point of y (one element each), B [M] (int32, optional, in units of the
/// product of the first two scales). Sums are exact in int32; they are scaled in float32.
/// The gradient by x takes rounding as the identity. Source: ONNX QLinearConv-10.
public struct QLinearConv: Operator {
  /// The window attributes.
  public var conv: Conv

  public init(_ conv: Conv) {
    self.conv = conv
  }

  public var isStraightThrough: Bool { true }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 8...9)
    let (x, weight) = (try facts.integers(0, "x"), try facts.integers(3, "w"))
    let geometry = try conv.geometry(input: x.shape, weight: weight.shape)
    let filters = geometry.outputChannels
    try facts.scale(1, "x_scale", counts: [1])
    try facts.zeroPoint(2, "x_zero_point", of: x, counts: [1])
    try facts.scale(4, "w_scale", counts: [1, filters])
    try facts.zeroPoint(5, "w_zero_point", of: weight, counts: [1, filters])
    try facts.scale(6, "y_scale", counts: [1])
    let zeroPoint = try facts.integers(7, "y_zero_point")
    try facts.zeroPoint(7, "y_zero_point", of: zeroPoint, counts: [1])
    try facts.optional(8, "B", dtype: .int32, shape: [filters])
    return [TensorType(zeroPoint.dtype, geometry.output)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try requantize(
      try sums(inputs), multiplier: try multiplier(inputs),
      zeroPoint: inputs.present(7).withoutAxes, axis: 0, into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.refuseOthers(than: 0, opType)
    guard let dY = pass.gradient else { return pass.noGradients }
    let dSums = try requantizeBackward(
      dY: dY, y: pass.outputs[0], sums: try sums(pass.inputs),
      multiplier: try multiplier(pass.inputs), zeroPoint: pass.inputs.present(7).withoutAxes)
    let (x, weight) = (pass.inputs.present(0), pass.inputs.present(3))
    let dX = Tensor(uninitialized: dY.dtype, x.shape)
    convolutionBackward(
      dY: dSums,
      weight: try centered(
        weight, zeroPoint: pass.inputs.optional(5)?.column(rank: weight.shape.rank), as: dY.dtype),
      geometry: try conv.geometry(input: x.shape, weight: weight.shape), into: dX)
    return pass.first(dX)
  }

  /// The integer sums with the bias.
  private func sums(_ inputs: [Tensor?]) throws(Fault) -> Tensor {
    let (x, weight) = (inputs.present(0), inputs.present(3))
    let geometry = try conv.geometry(input: x.shape, weight: weight.shape)
    let sums = Tensor(uninitialized: .int32, geometry.output)
    try convolveIntegers(
      x, zeroPoint: inputs.optional(2)?.withoutAxes, weight: weight,
      weightZeroPoint: inputs.optional(5)?.column(rank: weight.shape.rank), geometry: geometry,
      into: sums)
    guard let bias = inputs.optional(8) else { return sums }
    try elementwise(.add, sums, bias.column(rank: weight.shape.rank - 1), into: sums)
    return sums
  }

  /// What a sum is multiplied by: one factor, or one for each filter.
  private func multiplier(_ inputs: [Tensor?]) throws(Fault) -> Tensor {
    try scaleProduct(
      inputs.present(1).withoutAxes,
      inputs.present(4).column(rank: inputs.present(3).shape.rank - 1),
      by: inputs.present(6).withoutAxes)
  }
}

/// The product of stacks of quantised matrices.
///
/// Inputs: a, its scales and zero points (one, or one for each row), b, its scales and zero points
/// (one, or one for each column), the scales and zero points of y (one, or one for each row). The
/// gradient by a takes rounding as the identity. Source: ONNX QLinearMatMul-10, -21.
public struct QLinearMatMul: Operator {
  public init() {}

  public var isStraightThrough: Bool { true }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 8...8)
    let (a, b) = (try facts.integers(0, "a"), try facts.integers(3, "b"))
    let geometry = try MatMulGeometry(a: a.shape, b: b.shape)
    let zeroPoint = try facts.integers(7, "y_zero_point")
    // Rows and columns of factors need a result that has both.
    let isMatrix = a.shape.rank >= 2 && b.shape.rank >= 2
    let rows = isMatrix ? [1, a.shape.rows] : [1]
    let columns = isMatrix ? [1, b.shape.columns] : [1]
    try facts.scale(1, "a_scale", counts: rows)
    try facts.zeroPoint(2, "a_zero_point", of: a, counts: rows)
    try facts.scale(4, "b_scale", counts: columns)
    try facts.zeroPoint(5, "b_zero_point", of: b, counts: columns)
    try facts.scale(6, "y_scale", counts: rows)
    try facts.zeroPoint(7, "y_zero_point", of: zeroPoint, counts: rows)
    return [TensorType(zeroPoint.dtype, geometry.output)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try requantize(
      try sums(inputs), multiplier: try multiplier(inputs), zeroPoint: inputs.optional(7),
      axis: max(outputs[0].shape.rank - 2, 0), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.refuseOthers(than: 0, opType)
    guard let dY = pass.gradient else { return pass.noGradients }
    let dSums = try requantizeBackward(
      dY: dY, y: pass.outputs[0], sums: try sums(pass.inputs),
      multiplier: try multiplier(pass.inputs), zeroPoint: pass.inputs.optional(7)?.column(rank: 2))
    let (a, b) = (pass.inputs.present(0), pass.inputs.present(3))
    let dA = Tensor(uninitialized: dY.dtype, a.shape)
    matMulBackwardA(
      dY: dSums, b: try centered(b, zeroPoint: pass.inputs.optional(5)?.row, as: dY.dtype),
      geometry: try MatMulGeometry(a: a.shape, b: b.shape), into: dA)
    return pass.first(dA)
  }

  private func sums(_ inputs: [Tensor?]) throws(Fault) -> Tensor {
    let (a, b) = (inputs.present(0), inputs.present(3))
    let geometry = try MatMulGeometry(a: a.shape, b: b.shape)
    let sums = Tensor(uninitialized: .int32, geometry.output)
    try multiplyIntegers(
      a, zeroPoint: inputs.optional(2)?.column(rank: 2), b, zeroPointB: inputs.optional(5)?.row,
      geometry: geometry, into: sums)
    return sums
  }

  private func multiplier(_ inputs: [Tensor?]) throws(Fault) -> Tensor {
    try scaleProduct(
      inputs.present(1).column(rank: 2), inputs.present(4).row,
      by: inputs.present(6).column(rank: 2))
  }
}

/// a · b / y in float32, broadcast.
private func scaleProduct(_ a: Tensor, _ b: Tensor, by y: Tensor) throws(Fault) -> Tensor {
  let product = try elementwise(
    .multiply, try cast(a, to: .float32), try cast(b, to: .float32))
  return try elementwise(.divide, product, try cast(y, to: .float32))
}

extension BackwardPass {
  /// Refuses a gradient by any input but one.
  fileprivate func refuseOthers(than index: Int, _ opType: String) throws(Fault) {
    for (other, isWanted) in wanted.enumerated() where isWanted && other != index {
      throw Fault(
        .explainNotSupported,
        "\(opType) has no gradient by its input \(other): choose a layer after it",
        details: ["operator": .string(opType)])
    }
  }
}
