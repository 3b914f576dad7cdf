internal import CImageCodecs
public import Faults

/// Writes an 8-bit PNG row by row.
///
/// The compressor knows runs and Huffman codes only, with one filter per kind: several times the
/// speed of zlib at its fastest, and for photos with heat smaller files too.
public struct PNGWriter: ~Copyable {
  public enum Kind: Sendable {
    case gray, rgb, rgba
    /// `palette` holds R, G, B of at most 256 colours, `alpha` the opacity of the first ones.
    case indexed(palette: [UInt8], alpha: [UInt8] = [])
  }

  private let handle: OpaquePointer
  private let rowBytes: Int

  /// - Throws: `Fault` with code `resource.exhausted` without memory.
  public init(width: Int, height: Int, kind: Kind) throws(Fault) {
    try self.init(width: width, height: height, kind: kind, level: CodecLevel.best)
  }

  init(width: Int, height: Int, kind: Kind, level: Int32) throws(Fault) {
    precondition((1...Int(Int32.max / 4)).contains(width) && (1...Int(Int32.max)).contains(height))
    var image = ic_png_image()
    image.width = Int32(width)
    image.height = Int32(height)
    var colours: [UInt8] = []
    var opacity: [UInt8] = []
    switch kind {
    case .gray: image.kind = Int32(IC_PNG_GRAY)
    case .rgb: image.kind = Int32(IC_PNG_RGB)
    case .rgba: image.kind = Int32(IC_PNG_RGBA)
    case .indexed(let palette, let alpha):
      precondition((3...768).contains(palette.count) && palette.count % 3 == 0)
      precondition(alpha.count <= palette.count / 3)
      image.kind = Int32(IC_PNG_INDEXED)
      (colours, opacity) = (palette, alpha)
    }
    // Measured: average filters smallest and fastest for photos, up for indexed and gray maps.
    image.filter = image.kind == IC_PNG_RGB || image.kind == IC_PNG_RGBA ? 3 : 2
    image.colours = Int32(colours.count / 3)
    image.alphas = Int32(opacity.count)
    image.level = level
    let handle = colours.withUnsafeBufferPointer { colours in
      opacity.withUnsafeBufferPointer { opacity in
        image.palette = colours.baseAddress
        image.alpha = opacity.baseAddress
        return ic_png_begin(&image)
      }
    }
    guard let handle else { throw Self.noMemory }
    self.handle = handle
    self.rowBytes = width * kind.bytesPerPixel
  }

  /// Appends `rows.count / rowBytes` rows without gaps.
  /// - Throws: `Fault` with code `resource.exhausted` without memory.
  public mutating func append(_ rows: UnsafeRawBufferPointer) throws(Fault) {
    precondition(rows.count % rowBytes == 0)
    let status = ic_png_rows(
      handle, rows.bindMemory(to: UInt8.self).baseAddress, rowBytes, Int32(rows.count / rowBytes))
    guard status == IC_OK else { throw Self.noMemory }
  }

  /// The complete file; all rows must have been appended.
  /// - Throws: `Fault` with code `resource.exhausted` without memory.
  public consuming func finish() throws(Fault) -> [UInt8] {
    var start: UnsafePointer<UInt8>?
    var length = 0
    let status = ic_png_finish(handle, &start, &length)
    precondition(status != IC_CORRUPT, "rows are missing")
    guard status == IC_OK else { throw Self.noMemory }
    return Array(UnsafeBufferPointer(start: start, count: length))
  }

  deinit {
    ic_png_free(handle)
  }

  private static let noMemory = Fault(
    .resourceExhausted, "no memory to write a PNG: use fewer workers")
}

extension PNGWriter.Kind {
  var bytesPerPixel: Int {
    switch self {
    case .gray, .indexed: 1
    case .rgb: 3
    case .rgba: 4
    }
  }
}

extension PixelBuffer {
  /// The image as a PNG file.
  /// - Throws: `Fault` with code `resource.exhausted` without memory.
  public func png() throws(Fault) -> [UInt8] {
    try png(level: CodecLevel.best)
  }

  func png(level: Int32) throws(Fault) -> [UInt8] {
    var writer = try PNGWriter(
      width: width, height: height, kind: channels == 1 ? .gray : .rgb, level: level)
    try withBytes { rows throws(Fault) in try writer.append(rows) }
    return try writer.finish()
  }
}
