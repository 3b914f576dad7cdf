internal import CImageCodecs
public import Faults

/// The order of a model's input channels.
public enum ColorOrder: String, Sendable, Hashable, CaseIterable {
  case rgb = "RGB"
  case bgr = "BGR"
  case gray = "GRAY"

  public var channels: Int { self == .gray ? 1 : 3 }
}

/// Turns 8-bit pixels into a model's float input: (v / 255 - mean) / std, each step rounded to Float.
public struct Normalization: Sendable {
  public let order: ColorOrder
  /// 256 values per input channel.
  private let table: [Float]

  /// `mean` and `std` are in the order of the model's channels and in units of the 0...1 range.
  /// - Throws: `Fault` with code `model.invalid` when their number or values make no sense.
  public init(order: ColorOrder, mean: [Double], std: [Double]) throws(Fault) {
    guard mean.count == order.channels, std.count == order.channels else {
      throw Fault(
        .modelInvalid, "mean and std need \(order.channels) values each for \(order.rawValue)")
    }
    guard mean.allSatisfy(\.isFinite), std.allSatisfy({ $0.isFinite && Float($0) != 0 }) else {
      throw Fault(.modelInvalid, "mean and std must be finite and std not zero")
    }
    self.order = order
    self.table = zip(mean, std).flatMap { mean, std in
      (0..<256).map { (Float($0) / 255 - Float(mean)) / Float(std) }
    }
  }

  /// Writes the input planes of `pixels`.
  ///
  /// The value of channel c at (x, y) goes to `target[c*planeStride + y*rowStride + x*pixelStride]`.
  /// `pixels` must be RGB for the orders RGB and BGR, and gray for GRAY.
  public func write(
    _ pixels: PixelBuffer, to target: UnsafeMutablePointer<Float>, planeStride: Int, rowStride: Int,
    pixelStride: Int
  ) {
    write(
      pixels, to: target, planeStride: planeStride, rowStride: rowStride, pixelStride: pixelStride,
      level: CodecLevel.best)
  }

  func write(
    _ pixels: PixelBuffer, to target: UnsafeMutablePointer<Float>, planeStride: Int, rowStride: Int,
    pixelStride: Int, level: Int32
  ) {
    precondition(pixels.channels == order.channels)
    pixels.withBytes { bytes in
      table.withUnsafeBufferPointer { table in
        guard let table = table.baseAddress else { return }
        for plane in 0..<pixels.channels {
          var channel = ic_channel()
          channel.pixels = bytes.bindMemory(to: UInt8.self).baseAddress
          channel.width = Int32(pixels.width)
          channel.height = Int32(pixels.height)
          channel.channels = Int32(pixels.channels)
          channel.channel = Int32(order == .bgr ? 2 - plane : plane)
          ic_normalize(
            &channel, table + 256 * plane, target + plane * planeStride, rowStride, pixelStride,
            level)
        }
      }
    }
  }
}
