public import Faults

/// What an image file says about itself before any pixel is decoded.
public struct ImageHeader: Sendable {
  public let format: ImageFormat
  /// Stored size, before the orientation is applied.
  public let width: Int
  public let height: Int
  public let orientation: Orientation
  /// Memory that decoding takes at most, the pixels included.
  public let estimatedBytes: Int
  /// Notes on what is ignored, such as `multi_picture` or `icc_ignored`.
  public let warnings: [String]
  /// How the pixels are stored.
  public let samples: StoredSamples
  let layout: Layout

  /// What the decoder of the format needs beside the size.
  enum Layout: Sendable {
    case jpeg
    case png
    case tiff(TIFFLayout)
    case bmp(BMPLayout)
  }

  /// The header of the same file without its orientation: what is decoded by it lies as it is stored.
  public var asStored: ImageHeader {
    ImageHeader(
      format: format, width: width, height: height, orientation: .upright,
      estimatedBytes: estimatedBytes, warnings: warnings, samples: samples, layout: layout)
  }

  public var uprightWidth: Int { orientation.swapsSides ? height : width }
  public var uprightHeight: Int { orientation.swapsSides ? width : height }

  /// What a reader of one format found.
  struct Found {
    var width: Int
    var height: Int
    var orientation = Orientation.upright
    /// Memory of the codec beside the RGB pixels.
    var codecBytes = 0
    var warnings: [String] = []
    var samples = StoredSamples()
    var layout: Layout
  }

  /// Reads the header of an image file and applies every limit to it.
  ///
  /// Checks run in this order: bytes, type, header. `declared` is the type that the file name or the
  /// sender states, nil for none.
  /// - Throws: `Fault` with code `upload.too_large`, `image.invalid_format`, `media.unsupported`,
  ///   `image.animated_not_supported`, `image.too_large` or `image.decoding_failed`.
  public static func read(
    _ bytes: UnsafeRawBufferPointer, declared: MediaType? = nil,
    options: DecodeOptions = DecodeOptions()
  ) throws(Fault) -> ImageHeader {
    let limits = options.limits
    guard bytes.count <= limits.maxBytes else {
      throw Fault(
        .uploadTooLarge,
        "the file has \(bytes.count) bytes, the limit is \(limits.maxBytes): use a smaller file",
        details: ["bytes": .int(bytes.count), "limit": .int(limits.maxBytes)])
    }
    let format = try checkedFormat(bytes, declared: declared)
    let found =
      switch format {
      case .jpeg: try JPEGHeader.read(bytes)
      case .png: try PNGHeader.read(bytes, options: options)
      case .tiff: try TIFFHeader.read(bytes, options: options)
      case .bmp: try BMPHeader.read(bytes)
      }
    try limits.check(width: found.width, height: found.height)
    let pixelBytes = found.width * found.height * 3
    guard found.codecBytes <= limits.maxCodecBytes else {
      throw Fault(
        .imageTooLarge,
        "decoding the image takes \(found.codecBytes) bytes of working memory, the limit is "
          + "\(limits.maxCodecBytes): save it without progressive scans or in smaller tiles",
        details: ["reason": .string("memory"), "limit": .int(limits.maxCodecBytes)])
    }
    return ImageHeader(
      format: format, width: found.width, height: found.height, orientation: found.orientation,
      estimatedBytes: pixelBytes + found.codecBytes, warnings: found.warnings,
      samples: found.samples, layout: found.layout)
  }
}
