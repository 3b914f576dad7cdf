import Kernels
public import Tensors

/// The integers behind a constant that DequantizeLinear made.
public struct QuantizedConstant: Sendable {
  /// int8, uint8 or int32.
  public let integers: Tensor
  /// float32: one element, or one for each place of `axis`.
  public let scale: Tensor
  /// As many as scales, of the type of the integers.
  public let zeroPoint: Tensor?
  public let axis: Int

  /// What a folded node has computed; `nil` when it is no DequantizeLinear of whole axes.
  init?(_ op: any Operator, _ inputs: [Tensor?]) {
    guard let dequantize = op as? DequantizeLinear, dequantize.blockSize == 0,
      let integers = inputs.optional(0), let scale = inputs.optional(1),
      [.int8, .uint8, .int32].contains(integers.dtype), scale.dtype == .float32,
      scale.shape.rank <= 1
    else { return nil }
    let axis = dequantize.axis
    self.integers = integers.aligned()
    self.scale = scale.aligned()
    self.zeroPoint = inputs.optional(2)?.aligned()
    self.axis = axis < 0 ? axis + integers.shape.rank : axis
  }

  /// One scale, or one for each place of the axis that is asked for; `nil` for another axis.
  func scales(along axis: Int) -> [Float]? {
    let scales = scale.elements(of: Float.self)
    return scales.count == 1 || axis == self.axis ? scales : nil
  }

  /// The integers without their zero points, as int16.
  func centered() -> Tensor? {
    guard integers.dtype != .int32, let wide = try? cast(integers, to: .int16) else { return nil }
    guard let zeroPoint else { return wide }
    var shape = [Int](repeating: 1, count: integers.shape.rank)
    if zeroPoint.elementCount > 1 { shape[axis] = zeroPoint.elementCount }
    guard let zeros = try? cast(zeroPoint.reshaped(Shape(shape)), to: .int16) else { return nil }
    return try? elementwise(.subtract, wide, zeros)
  }
}
