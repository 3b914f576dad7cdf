internal import CImageCodecs
public import Faults

/// An image as upright 8-bit RGB, with what its file said.
public struct DecodedImage: Sendable {
  public let header: ImageHeader
  /// Upright R, G, B.
  public let pixels: PixelBuffer
  /// The header's warnings and those met on the way, such as `trailing_bytes:12`.
  public let warnings: [String]
  /// Whether damage was tolerated, which only `DecodeOptions.truncated == .pad` does.
  public let partial: Bool

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
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, header: ImageHeader, options: DecodeOptions
  ) throws(Fault) -> DecodedImage {
    let pixels = try PixelBuffer(
      uninitializedWidth: header.uprightWidth, height: header.uprightHeight, channels: 3)
    if options.truncated == .pad {
      pixels.base.initializeMemory(as: UInt8.self, repeating: 0, count: pixels.byteCount)
    }
    let outcome =
      switch header.layout {
      case .bmp(let layout):
        try BMPDecoder.decode(bytes, layout, into: pixels, pads: options.truncated == .pad)
      case .jpeg, .png, .tiff:
        try Codec.decode(bytes, header, into: pixels, options)
      }
    var warnings = header.warnings
    let trailing = outcome.consumed.map { bytes.count - $0 } ?? 0
    if trailing > 0, !outcome.partial, !warnings.contains("multi_picture") {
      warnings.append("trailing_bytes:\(trailing)")
    }
    return DecodedImage(
      header: header, pixels: pixels, warnings: warnings, partial: outcome.partial)
  }

  /// What a decoder reports beside the pixels.
  struct Outcome {
    var partial = false
    /// Bytes of the file that were read, nil where that says nothing about trailing bytes.
    var consumed: Int?
  }
}
