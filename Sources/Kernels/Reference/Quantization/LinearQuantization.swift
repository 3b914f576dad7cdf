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
    layout.forEachRun { elements, first, step in
      guard step > 0 else {
        let rule = QuantizationRule<T>(scale: scales[first], zeroPoint: zeros?[first] ?? 0)
        for index in elements { to[index] = rule.quantized(from[index]) }
        return
      }
      for (parameter, index) in zip(first..., elements) {
        let rule = QuantizationRule<T>(scale: scales[parameter], zeroPoint: zeros?[parameter] ?? 0)
        to[index] = rule.quantized(from[index])
      }
    }
  }
}

/// The rule of elements that share parameters, for integers of at most 16 bits; no branches.
private struct QuantizationRule<T: IntegerElement> {
  private let scale: Float
  private let zeroPoint: Int32
  private let lowest: Float
  private let highest: Float

  @inline(__always)
  init(scale: Float, zeroPoint: Int64) {
    self.scale = scale
    self.zeroPoint = Int32(truncatingIfNeeded: zeroPoint)
    self.lowest = Float(T.min) - Float(zeroPoint)
    self.highest = Float(T.max) - Float(zeroPoint)
  }

  @inline(__always)
  func quantized(_ x: Float) -> T {
    // The order of the operands takes NaN to the lowest integer.
    let clamped = Swift.min(Swift.max(lowest, x / scale), highest)
    // From 2^23 on a Float has no fraction, so that the sum rounds, halves to even; its low bits are
    // the integer.
    let sum = clamped + 0x1.8p23
    return T(truncatingIfNeeded: Int32(bitPattern: sum.bitPattern) &+ zeroPoint)
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
      guard step > 0 || T.bitWidth > 16 else {
        let (scale, zero) = (scales[first], Int32(truncatingIfNeeded: zeros?[first] ?? 0))
        for index in elements {
          to[index] = Float(Int32(truncatingIfNeeded: from[index]) &- zero) * scale
        }
        return
      }
      var parameter = first
      for index in elements {
        let difference = Int64(truncatingIfNeeded: from[index]) &- (zeros?[parameter] ?? 0)
        to[index] = Float(difference) * scales[parameter]
        parameter += step
      }
    }
  }
}
