public import Faults

/// An upright image, decoded at its own size or at a fraction of it.
///
/// A JPEG codec rounds sides up, so that the outermost row or column of a fraction may show less than
/// a whole pixel's worth; scaling takes that into account.
public struct ShrunkImage: Sendable {
  public let pixels: PixelBuffer
  /// The upright size at 1 / 1.
  public let fullSize: PixelSize
  /// 1, 2, 4 or 8.
  public let shrink: Int
  private let columns: Range<Double>
  private let rows: Range<Double>

  /// An image at its own size.
  public init(_ pixels: PixelBuffer) {
    self.pixels = pixels
    fullSize = pixels.size
    shrink = 1
    columns = 0..<Double(pixels.width)
    rows = 0..<Double(pixels.height)
  }

  init(_ pixels: PixelBuffer, _ header: ImageHeader, shrink: Int) {
    self.pixels = pixels
    self.shrink = shrink
    fullSize = header.uprightSize
    let (fromRight, fromBottom) = header.orientation.turnedSides
    columns = Self.extent(fullSize.width, shrink, of: pixels.width, atEnd: fromRight)
    rows = Self.extent(fullSize.height, shrink, of: pixels.height, atEnd: fromBottom)
  }

  private static func extent(
    _ fullLength: Int, _ shrink: Int, of length: Int, atEnd: Bool
  ) -> Range<Double> {
    let shown = Double(fullLength) / Double(shrink)
    return atEnd ? Double(length) - shown..<Double(length) : 0..<shown
  }

  /// The pixels of `crop` of the image scaled to `size`.
  /// - Throws: `Fault` with code `resource.exhausted` without memory.
  public func resized(
    to size: PixelSize, filter: ResampleFilter, crop: PixelRect? = nil
  ) throws(Fault) -> PixelBuffer {
    if shrink == 1 || filter == .nearest {
      return try pixels.resized(to: size, filter: filter, crop: crop)
    }
    let crop = crop ?? PixelRect(x: 0, y: 0, width: size.width, height: size.height)
    return try pixels.resampled(
      Taps(filter, from: pixels.width, to: size.width, range: crop.columns, extent: columns),
      Taps(filter, from: pixels.height, to: size.height, range: crop.rows, extent: rows))
  }

  /// The model's view of the image.
  /// - Parameters:
  ///   - geometry: that of the full size.
  ///   - pad: as in `PixelBuffer.modelView`.
  /// - Throws: `Fault` with code `resource.exhausted` without memory.
  public func modelView(
    _ geometry: InputGeometry, filter: ResampleFilter, pad: [UInt8]? = nil
  ) throws(Fault) -> PixelBuffer {
    precondition(fullSize == geometry.upright)
    return try resized(to: geometry.resized, filter: filter, crop: geometry.crop)
      .padded(for: geometry, pad: pad)
  }

  /// The luminance of the image, as `PixelBuffer.gray`.
  /// - Throws: `Fault` with code `resource.exhausted` without memory.
  public func gray() throws(Fault) -> ShrunkImage {
    ShrunkImage(try pixels.gray(), self)
  }

  private init(_ pixels: PixelBuffer, _ like: ShrunkImage) {
    self.pixels = pixels
    fullSize = like.fullSize
    shrink = like.shrink
    columns = like.columns
    rows = like.rows
  }
}

extension ImageHeader {
  /// The upright size in pixels.
  public var uprightSize: PixelSize { PixelSize(width: uprightWidth, height: uprightHeight) }

  /// How far a JPEG can be shrunk by its codec so that twice the pixels of `target` are left: 1, 2, 4 or
  /// 8; always 1 for other formats and in exact mode.
  public func shrink(for target: PixelSize, _ options: DecodeOptions) -> Int {
    guard options.mode == .fast, case .jpeg = layout else { return 1 }
    let spare = 2
    return [8, 4, 2].first { factor in
      uprightWidth >= factor * spare * target.width
        && uprightHeight >= factor * spare * target.height
    } ?? 1
  }
}
