public import Tensors

/// The numbers that quantised integers of at most 16 bits with one scale stand for.
///
/// Quantising and dequantising takes a number to the nearest of them, with the same bits as
/// `quantizeLinear` and `dequantizeLinear` one after the other.
public struct QuantizationGrid: Sendable, Hashable {
  public let scale: Float
  /// The first and the last integer, without the zero point.
  public let lowest: Float
  public let highest: Float
  /// The integer that stands for 0 in the model; it matters to the rounding of sums alone.
  public let zeroPoint: Int

  public init(scale: Float, lowest: Int, highest: Int, zeroPoint: Int = 0) {
    precondition(lowest >= -1 << 17 && highest <= 1 << 17)
    self.scale = scale
    self.lowest = Float(lowest)
    self.highest = Float(highest)
    self.zeroPoint = zeroPoint
  }

  /// Whether an integer fits a byte as its distance from the lowest one.
  public var isByte: Bool { highest - lowest == 255 && lowest <= 0 && highest >= 0 && scale > 0 }

  /// The byte that stands for zero.
  public var zeroByte: UInt8 { UInt8(max(0, min(255, -lowest))) }

  /// The integer without zero point that is nearest to a number, halves to even.
  public func integer(nearest x: Float) -> Float {
    Swift.min(Swift.max(lowest, x / scale), highest).rounded(.toNearestOrEven)
  }

  /// Writes the nearest number of the grid for each element; `result` may be `x`.
  public func round(_ x: Tensor, into result: Tensor) {
    x.withElements(of: Float.self) { from in
      result.withMutableElements(of: Float.self) { to in
        guard let source = from.baseAddress, let target = to.baseAddress else { return }
        round(source, into: target, count: from.count)
      }
    }
  }

  /// The gradient by `x` that takes rounding as the identity: zero where `x` was clamped.
  public func roundBackward(_ x: Tensor, dY: Tensor, into dX: Tensor) {
    x.withElements(of: Float.self) { x in
      dY.withElements(of: Float.self) { dY in
        dX.withMutableElements(of: Float.self) { dX in
          for i in x.indices {
            dX[i] = abs(nearest(x[i]) - x[i]) <= 0.51 * scale ? dY[i] : 0
          }
        }
      }
    }
  }

  @inline(__always)
  func round(_ x: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>, count: Int) {
    for i in 0..<count { result[i] = nearest(x[i]) }
  }

  @inline(__always)
  private func nearest(_ x: Float) -> Float {
    // The order of the operands takes NaN to the lowest integer.
    let clamped = Swift.min(Swift.max(lowest, x / scale), highest)
    // From 2^23 on a Float has no fraction, so that the sum rounds, halves to even.
    return (clamped + 0x1.8p23 - 0x1.8p23) * scale
  }
}
