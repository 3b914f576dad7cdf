internal import CImageCodecs

/// The fixed-point weights that make output positions of one axis from input positions.
///
/// Coefficients are computed in double precision, normalised to a sum of 1 and rounded half away
/// from zero to 22 fractional bits: the scheme of Pillow's 8-bit resampling (libImaging/Resample.c).
struct Taps {
  private static let fractionBits = 22

  private(set) var first: [Int32] = []
  private(set) var count: [Int32] = []
  private(set) var coefficients: [Int32] = []
  private(set) var stride = 0
  /// The same laid out for groups of pixels, where the machine resamples rows that way.
  private var groups: PixelMemory?

  /// Weights for the output positions `range` of an axis scaled from `inputSize` to `outputSize`.
  ///
  /// `extent` is the part of the input that the output shows, where its first or last position is only
  /// partly filled; all of it by default.
  init(
    _ filter: ResampleFilter, from inputSize: Int, to outputSize: Int, range: Range<Int>,
    extent: Range<Double>? = nil
  ) {
    let shown = extent ?? 0..<Double(inputSize)
    let scale = (shown.upperBound - shown.lowerBound) / Double(outputSize)
    let filterScale = max(scale, 1)
    let support = filter.support * filterScale
    let longest = Int(support.rounded(.up)) * 2 + 1
    stride = (longest + 3) / 4 * 4
    first.reserveCapacity(range.count)
    count.reserveCapacity(range.count)
    coefficients = [Int32](repeating: 0, count: range.count * stride)
    var weights = [Double](repeating: 0, count: longest)
    for (slot, position) in range.enumerated() {
      let center = shown.lowerBound + (Double(position) + 0.5) * scale
      let start = max(Int(center - support + 0.5), 0)
      let end = min(Int(center + support + 0.5), inputSize)
      var sum = 0.0
      for tap in 0..<end - start {
        weights[tap] = filter.weight((Double(tap + start) - center + 0.5) * (1 / filterScale))
        sum += weights[tap]
      }
      for tap in 0..<end - start {
        let weight = sum != 0 ? weights[tap] / sum : weights[tap]
        let scaled = weight * Double(1 << Self.fractionBits)
        coefficients[slot * stride + tap] = Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
      }
      first.append(Int32(start))
      count.append(Int32(end - start))
    }
  }

  /// The same for resampling rows, of RGB several pixels at a time where the machine can.
  func forRows(channels: Int) -> Taps {
    guard channels == 3 else { return self }
    var result = self
    // Without room for the layout rows are resampled pixel by pixel.
    result.groups = withC { taps in
      let room = ic_group_room(taps, CodecLevel.best)
      guard room > 0, let memory = PixelMemory(byteCount: room) else { return nil }
      ic_group_taps(taps, memory.base.assumingMemoryBound(to: UInt8.self), room)
      return memory
    }
    return result
  }

  /// The input positions that any output position needs.
  var inputRange: Range<Int> {
    guard let low = first.first, let start = first.last, let length = count.last else {
      return 0..<0
    }
    return Int(low)..<Int(start + length)
  }

  /// Calls `body` with the weights of one output position alone.
  func withC<R>(position: Int, _ body: (UnsafePointer<ic_taps>) -> R) -> R {
    withC { all in
      var one = all.pointee
      one.first += position
      one.count += position
      one.coefficients += position * stride
      one.length = 1
      one.groups = nil
      return body(&one)
    }
  }

  func withC<R>(_ body: (UnsafePointer<ic_taps>) -> R) -> R {
    first.withUnsafeBufferPointer { first in
      count.withUnsafeBufferPointer { count in
        coefficients.withUnsafeBufferPointer { coefficients in
          var taps = ic_taps(
            first: first.baseAddress, count: count.baseAddress,
            coefficients: coefficients.baseAddress, stride: Int32(stride),
            length: Int32(first.count), groups: nil)
          guard let groups else { return body(&taps) }
          taps.groups = UnsafePointer(groups.base.assumingMemoryBound(to: UInt8.self))
          defer { withExtendedLifetime(groups) {} }
          return body(&taps)
        }
      }
    }
  }
}
