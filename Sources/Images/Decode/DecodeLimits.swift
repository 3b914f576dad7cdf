public import Faults

/// What one image may cost; checked from its header before anything is decoded.
public struct DecodeLimits: Sendable, Hashable {
  /// Bytes of the file.
  public var maxBytes = 100_000_000
  public var maxSide = 16_384
  public var maxPixels = 268_435_456
  /// The longer side over the shorter one; nil for any.
  public var maxAspectRatio: Int?
  /// Scans of a progressive JPEG.
  public var maxScans = 100
  /// CPU time of the decoding thread.
  public var cpuSeconds = 10.0
  /// Memory of the codec beside the pixels.
  public var maxCodecBytes = 640 << 20

  public static let bytesRange = 1...Int.max
  public static let sideRange = 1...65_535
  public static let pixelsRange = 1...(1 << 32)
  public static let aspectRatioRange = 1...65_535
  public static let scansRange = 1...10_000
  public static let cpuSecondsRange = 0.01...86_400.0
  public static let codecBytesRange = 1...Int.max

  public init() {}
}

/// How images are read.
public struct DecodeOptions: Sendable, Hashable {
  public enum Truncated: Sendable, Hashable {
    case fail
    /// Keeps the pixels that could be decoded; the others are black.
    case pad
  }

  /// How the pixels of an image that is scaled down are computed.
  public enum Mode: String, Sendable, Hashable, CaseIterable {
    /// Every pixel is decoded, then scaled.
    case exact
    /// A JPEG that is scaled down to less than half is decoded at a half, a quarter or an eighth.
    case fast
  }

  public var limits = DecodeLimits()
  public var mode = Mode.exact
  public var truncated = Truncated.fail
  /// The 0-based page of a multi-page TIFF; nil refuses such files.
  public var page: Int?

  public static let pageRange = 0...15

  public init() {}
}

extension DecodeLimits {
  /// Refuses a picture whose sides, pixels or proportions are beyond the limits.
  /// - Throws: `Fault` with code `image.too_large`, or `image.invalid_format` for an empty picture.
  public func check(width: Int, height: Int) throws(Fault) {
    guard width > 0, height > 0 else {
      throw Fault(
        .imageInvalidFormat, "the image is \(width) x \(height) pixels: there is nothing to see")
    }
    let faults = [sideFault(width, height), pixelFault(width, height), ratioFault(width, height)]
      .compactMap(\.self)
    guard let first = faults.first else { return }
    if faults.count == 1 { throw first }
    throw first.adding("violations", .array(faults.map(\.violation)))
  }

  private func sideFault(_ width: Int, _ height: Int) -> Fault? {
    if width <= maxSide, height <= maxSide { return nil }
    return tooLarge(
      "is \(width) x \(height) pixels, a side may have \(maxSide): scale it down", width, height,
      limit: maxSide)
  }

  private func pixelFault(_ width: Int, _ height: Int) -> Fault? {
    let (pixels, overflows) = width.multipliedReportingOverflow(by: height)
    if !overflows, pixels <= maxPixels { return nil }
    return tooLarge(
      "has \(overflows ? "too many" : "\(pixels)") pixels, the limit is \(maxPixels): scale it down",
      width, height, limit: maxPixels)
  }

  private func ratioFault(_ width: Int, _ height: Int) -> Fault? {
    guard let ratio = maxAspectRatio else { return nil }
    let (bound, overflows) = Swift.min(width, height).multipliedReportingOverflow(by: ratio)
    if overflows || Swift.max(width, height) <= bound { return nil }
    return tooLarge(
      "is \(width) x \(height) pixels, longer than 1:\(ratio): crop it", width, height, limit: ratio
    )
  }

  private func tooLarge(_ reason: String, _ width: Int, _ height: Int, limit: Int) -> Fault {
    Fault(
      .imageTooLarge, "the image \(reason)",
      details: ["width": .int(width), "height": .int(height), "limit": .int(limit)])
  }
}

extension Fault {
  /// The fault as one of several.
  fileprivate var violation: Detail {
    .object(
      details.merging(["code": .string(code.rawValue), "message": .string(message)]) { _, new in new
      })
  }
}
