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

  public init() {}
}
