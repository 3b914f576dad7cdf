public import Faults

/// A model's view of an image file, made without keeping the image, and what the file said.
public struct DecodedView: Sendable {
  public let header: ImageHeader
  /// What the model sees: scaled, cropped and padded R, G, B.
  public let view: PixelBuffer
  /// As in `DecodedImage`.
  public let warnings: [String]

  /// Decodes an image file into a model's view, row by row where the format allows it.
  ///
  /// The bytes are those of `DecodedImage.decode` and `PixelBuffer.modelView`, in the memory of a band of
  /// rows; an interlaced PNG or a progressive JPEG is held by its codec all the same.
  /// - Returns: nil where this way is not open: a BMP, `nearest`, or damage that is to be tolerated.
  /// - Throws: `Fault` as `DecodedImage.decode` does.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, header: ImageHeader, options: DecodeOptions,
    geometry: InputGeometry, filter: ResampleFilter, pad: [UInt8]? = nil
  ) throws(Fault) -> DecodedView? {
    guard filter != .nearest, options.truncated == .fail else { return nil }
    switch header.layout {
    case .bmp: return nil
    case .jpeg, .png, .tiff: break
    }
    let stream = try StreamedView(header, geometry, filter)
    let outcome = try Codec.decode(bytes, header, into: stream, options)
    return DecodedView(
      header: header, view: try stream.finish(pad: pad),
      warnings: outcome.warnings(header, bytes.count))
  }
}
