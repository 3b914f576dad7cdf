public import Faults
public import Tensors

/// Which scale and zero point belong to which element of a tensor.
public struct QuantizationLayout: Sendable, Hashable {
  /// Elements before the axis, along it, and behind it.
  public let outer: Int
  public let extent: Int
  public let inner: Int
  /// How the parameters are shared.
  public let sharing: Sharing

  public enum Sharing: Sendable, Hashable {
    case tensor
    /// One for each place along the axis.
    case axis
    /// One for each block of places along the axis, and for each place of the other axes.
    case blocks(Int)
  }

  public init(_ shape: Shape, axis: Int, sharing: Sharing) {
    self.outer = shape.dimensions[..<axis].reduce(1, *)
    self.extent = axis < shape.rank ? shape[axis] : 1
    self.inner = shape.dimensions.dropFirst(axis + 1).reduce(1, *)
    self.sharing = sharing
  }

  /// Calls `body` for each run of elements that share parameters or whose parameters lie in a row.
  @inline(__always)
  func forEachRun(_ body: (_ elements: Range<Int>, _ parameter: Int, _ step: Int) -> Void) {
    switch sharing {
    case .tensor:
      body(0..<outer * extent * inner, 0, 0)
    case .axis:
      for row in 0..<outer * extent { body(row * inner..<(row + 1) * inner, row % extent, 0) }
    case .blocks(let size):
      let blocks = (extent + size - 1) / size
      for row in 0..<outer * extent {
        let block = row / extent * blocks + row % extent / size
        body(row * inner..<(row + 1) * inner, block * inner, 1)
      }
    }
  }
}

/// Writes round(x / scale) + zeroPoint into `result`, halves to even, clamped to its integers.
///
/// - Parameter zeroPoint: Of the type of `result`; 0 when it is left out.
/// - Throws: `Fault` with code `model.invalid` for element types that cannot be quantised.
public func quantizeLinear(
  _ x: Tensor, scale: Tensor, zeroPoint: Tensor?, layout: QuantizationLayout, into result: Tensor
) throws(Fault) {
  try dispatchInteger(
    result.dtype,
    QuantizeBody(
      x: try cast(x, to: .float32), scale: try cast(scale, to: .float32),
      zeroPoint: try zeroPoint.map { (zero) throws(Fault) in try cast(zero, to: .int64) },
      layout: layout, result: result))
}

/// Writes (x - zeroPoint) · scale into `result`, a floating-point tensor.
public func dequantizeLinear(
  _ x: Tensor, scale: Tensor, zeroPoint: Tensor?, layout: QuantizationLayout, into result: Tensor
) throws(Fault) {
  let wide =
    result.dtype == .float32 ? result : Tensor(uninitialized: .float32, result.shape)
  try dispatchInteger(
    x.dtype,
    DequantizeBody(
      x: x, scale: try cast(scale, to: .float32),
      zeroPoint: try zeroPoint.map { (zero) throws(Fault) in try cast(zero, to: .int64) },
      layout: layout, result: wide))
  if wide.dtype != result.dtype { try cast(wide, into: result) }
}

private struct QuantizeBody: IntegerBody {
  let x: Tensor
  let scale: Tensor
  let zeroPoint: Tensor?
  let layout: QuantizationLayout
  let result: Tensor

  func run<T: IntegerElement>(_ type: T.Type) throws(Fault) {
    // Wider integers have bounds that Float cannot hold.
    guard T.bitWidth <= 16 else {
      throw unsupported(result.dtype, expected: "integers of 8 or 16 bits")
    }
    let (from, to) = (x.pointer(as: Float.self), result.mutablePointer(as: T.self))
    let scales = scale.pointer(as: Float.self)
    let zeros = zeroPoint?.pointer(as: Int64.self)
    let (lowest, highest) = (Float(T.min), Float(T.max))
    layout.forEachRun { elements, first, step in
      var parameter = first
      for index in elements {
        let zero = Float(zeros?[parameter] ?? 0)
        let rounded = (from[index] / scales[parameter]).rounded(.toNearestOrEven) + zero
        // The order of the operands takes NaN to the lowest integer.
        to[index] = T(Swift.min(Swift.max(lowest, rounded), highest))
        parameter += step
      }
    }
  }
}

private struct DequantizeBody: IntegerBody {
  let x: Tensor
  let scale: Tensor
  let zeroPoint: Tensor?
  let layout: QuantizationLayout
  let result: Tensor

  func run<T: IntegerElement>(_ type: T.Type) {
    let (from, to) = (x.pointer(as: T.self), result.mutablePointer(as: Float.self))
    let scales = scale.pointer(as: Float.self)
    let zeros = zeroPoint?.pointer(as: Int64.self)
    layout.forEachRun { elements, first, step in
      var parameter = first
      for index in elements {
        let difference = Int64(truncatingIfNeeded: from[index]) &- (zeros?[parameter] ?? 0)
        to[index] = Float(difference) * scales[parameter]
        parameter += step
      }
    }
  }
}
