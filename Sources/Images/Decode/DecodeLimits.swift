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

  public var limits = DecodeLimits()
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
    let size: [String: Fault.Detail] = ["width": .int(width), "height": .int(height)]
    guard width <= maxSide, height <= maxSide else {
      throw Fault(
        .imageTooLarge,
        "the image is \(width) x \(height) pixels, a side may have \(maxSide): scale it down",
        details: size.merging(["limit": .int(maxSide)]) { first, _ in first })
    }
    guard width * height <= maxPixels else {
      throw Fault(
        .imageTooLarge,
        "the image has \(width * height) pixels, the limit is \(maxPixels): scale it down",
        details: size.merging(["limit": .int(maxPixels)]) { first, _ in first })
    }
    if let ratio = maxAspectRatio, Swift.max(width, height) > ratio * Swift.min(width, height) {
      throw Fault(
        .imageTooLarge,
        "the image is \(width) x \(height) pixels, longer than 1:\(ratio): crop it",
        details: size.merging(["limit": .int(ratio)]) { first, _ in first })
    }
  }
}
