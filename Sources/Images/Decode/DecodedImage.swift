internal import CImageCodecs
public import Faults

/// An image as upright 8-bit RGB, with what its file said.
public struct DecodedImage: Sendable {
  public let header: ImageHeader
  /// Upright R, G, B, with the fraction of the size that they were decoded at.
  public let image: ShrunkImage
  /// The header's warnings and those met on the way, such as `trailing_bytes:12`.
  public let warnings: [String]
  /// Whether damage was tolerated, which only `DecodeOptions.truncated == .pad` does.
  public let partial: Bool

  public var pixels: PixelBuffer { image.pixels }

  /// Decodes an image file into upright RGB; the colour rules are in docs/formats.md.
  /// - Throws: `Fault` as `ImageHeader.read` does, and `resource.exhausted` without memory.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, declared: MediaType? = nil,
    options: DecodeOptions = DecodeOptions()
  ) throws(Fault) -> DecodedImage {
    let header = try ImageHeader.read(bytes, declared: declared, options: options)
    return try decode(bytes, header: header, options: options)
  }

  /// Decodes an image file whose header was read before, with the same bytes and options.
  /// - Parameter shrink: what `ImageHeader.shrink` returned, to decode a JPEG at that fraction.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, header: ImageHeader, options: DecodeOptions, shrink: Int = 1
  ) throws(Fault) -> DecodedImage {
    let pixels = try PixelBuffer(
      uninitializedWidth: (header.uprightWidth + shrink - 1) / shrink,
      height: (header.uprightHeight + shrink - 1) / shrink, channels: 3)
    if options.truncated == .pad {
      pixels.base.initializeMemory(as: UInt8.self, repeating: 0, count: pixels.byteCount)
    }
    let outcome =
      switch header.layout {
      case .bmp(let layout):
        try BMPDecoder.decode(bytes, layout, into: pixels, pads: options.truncated == .pad)
      case .jpeg, .png, .tiff:
        try Codec.decode(bytes, header, into: pixels, options, shrink: shrink)
      }
    return DecodedImage(
      header: header, image: ShrunkImage(pixels, header, shrink: shrink),
      warnings: outcome.warnings(header, bytes.count),
      partial: outcome.partial)
  }

  /// What a decoder reports beside the pixels.
  struct Outcome {
    var partial = false
    /// Bytes of the file that were read, nil where that says nothing about trailing bytes.
    var consumed: Int?

    /// The header's warnings, and one about bytes behind the image.
    func warnings(_ header: ImageHeader, _ byteCount: Int) -> [String] {
      let trailing = consumed.map { byteCount - $0 } ?? 0
      guard trailing > 0, !partial, !header.warnings.contains("multi_picture") else {
        return header.warnings
      }
      return header.warnings + ["trailing_bytes:\(trailing)"]
    }
  }
}
