internal import CImageCodecs
import Faults

/// What one directory of a TIFF file says about its pixels.
struct TIFFLayout: Sendable {
  var directory = 0
  var bits = 1
  var samples = 1
  var compression = 1
  var photometric = 0
  var planar = 1
  var premultiplied = false
  /// 256 R, G, B entries for photometric 3.
  var palette: [UInt8] = []

  func withC<R>(_ body: (UnsafePointer<ic_tiff_layout>) -> R) -> R {
    palette.withUnsafeBufferPointer { palette in
      var layout = ic_tiff_layout(
        directory: Int32(directory), bits: Int32(bits), samples: Int32(samples),
        compression: Int32(compression), photometric: Int32(photometric), planar: Int32(planar),
        premultiplied: premultiplied ? 1 : 0, palette: palette.baseAddress)
      return body(&layout)
    }
  }
}

/// Reads the directories of a TIFF or BigTIFF file and admits only layouts with a colour rule.
enum TIFFHeader {
  private static let maxDirectories = 16

  static func read(
    _ bytes: UnsafeRawBufferPointer, options: DecodeOptions
  ) throws(Fault) -> ImageHeader.Found {
    let pages = try pages(TIFFFile(bytes))
    if options.page == nil, pages.count > 1 {
      throw Fault(
        .imageAnimatedNotSupported, "the TIFF has several pages: choose one with --page",
        details: ["reason": .string("multi_page")])
    }
    guard pages.indices.contains(options.page ?? 0) else {
      throw Fault(
        .paramOutOfRange, "page \(options.page ?? 0) does not exist, the TIFF has \(pages.count)")
    }
    return try found(pages[options.page ?? 0], pages: pages.count, options.limits)
  }

  /// The full-size images among the first directories of the chain.
  private static func pages(_ file: TIFFFile?) throws(Fault) -> [TIFFDirectory] {
    guard let file, var offset = file.firstDirectory else {
      throw .undecodable("the TIFF ends inside its header", reason: "truncated")
    }
    var pages: [TIFFDirectory] = []
    var seen: Set<Int> = []
    while offset != 0, seen.count < maxDirectories, seen.insert(offset).inserted {
      guard let directory = TIFFDirectory(file, at: offset, index: seen.count - 1) else {
        if !pages.isEmpty { break }
        throw .undecodable("the TIFF's directory lies outside the file", reason: "truncated")
      }
      if !directory.isReduced || (pages.isEmpty && directory.next == 0) { pages.append(directory) }
      offset = directory.next
    }
    guard !pages.isEmpty else { throw .undecodable("the TIFF has no full-size image") }
    return pages
  }

  private static func found(
    _ directory: TIFFDirectory, pages: Int, _ limits: DecodeLimits
  ) throws(Fault) -> ImageHeader.Found {
    guard let width = directory.value(256), let height = directory.value(257) else {
      throw .undecodable("the TIFF does not state its size")
    }
    var orientation = Orientation.upright
    if let stored = directory.value(274), let known = Orientation(rawValue: stored) {
      orientation = known
    }
    let warnings = directory.value(34675) == nil ? [] : ["icc_ignored"]
    guard (1...limits.maxSide).contains(width), (1...limits.maxSide).contains(height) else {
      return ImageHeader.Found(width: width, height: height, layout: .tiff(TIFFLayout()))
    }
    let layout = try layout(directory)
    let blocks = try Blocks(directory, layout, width: width, height: height)
    if blocks.codecBytes <= limits.maxCodecBytes { try blocks.checkCounts(directory, layout) }
    return ImageHeader.Found(
      width: width, height: height, orientation: orientation, codecBytes: blocks.codecBytes,
      warnings: warnings,
      samples: StoredSamples(channels: layout.samples, bitDepth: layout.bits, pages: pages),
      layout: .tiff(layout))
  }

  private static func layout(_ directory: TIFFDirectory) throws(Fault) -> TIFFLayout {
    var layout = TIFFLayout(directory: directory.index)
    layout.compression = directory.value(259) ?? 1
    guard [1, 5, 7, 8, 32773, 32946].contains(layout.compression) else {
      throw .unsupportedVariant(
        "TIFF compression \(layout.compression)", "compression", .int(layout.compression))
    }
    layout.photometric = directory.value(262) ?? 0
    layout.samples = directory.value(277) ?? 1
    layout.planar = directory.value(284) ?? 1
    let bits = directory.values(258, atMost: 16) ?? [1]
    layout.bits = bits.first ?? 1
    let formats = directory.values(339, atMost: 16) ?? [1]
    guard bits.allSatisfy({ $0 == layout.bits }), [1, 2, 4, 8, 16].contains(layout.bits) else {
      throw .unsupportedVariant("TIFF with \(bits) bits", "bits", .int(layout.bits))
    }
    guard formats.allSatisfy({ $0 == 1 || $0 == 4 }) else {
      throw .unsupportedVariant("TIFF of signed or real samples", "sample_format", .int(formats[0]))
    }
    guard (1...5).contains(layout.samples), (1...2).contains(layout.planar) else {
      throw .unsupportedVariant(
        "TIFF with \(layout.samples) samples", "samples", .int(layout.samples))
    }
    let needed = [0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3]
    guard let least = needed[layout.photometric], layout.samples >= least,
      layout.photometric != 6 || (layout.compression == 7 && layout.samples == 3),
      layout.photometric != 5 || directory.value(332) ?? 1 == 1
    else {
      throw .unsupportedVariant(
        "TIFF photometric \(layout.photometric)", "photometric", .int(layout.photometric))
    }
    layout.premultiplied = directory.value(338) == 1
    if layout.photometric == 3 { layout.palette = try palette(directory, layout.bits) }
    return layout
  }

  /// The high bytes of the colour map; a map whose values all fit 8 bits is taken as it is.
  private static func palette(_ directory: TIFFDirectory, _ bits: Int) throws(Fault) -> [UInt8] {
    let entries = 1 << bits
    guard bits <= 8, let map = directory.values(320, atMost: 3 * entries), map.count == 3 * entries
    else { throw .undecodable("the TIFF's colour map is incomplete") }
    let shift = map.allSatisfy { $0 < 256 } ? 0 : 8
    var palette = [UInt8](repeating: 0, count: 768)
    for entry in 0..<entries {
      for channel in 0..<3 {
        palette[entry * 3 + channel] = UInt8(map[channel * entries + entry] >> shift & 255)
      }
    }
    return palette
  }

  /// The strips or tiles of an image.
  private struct Blocks {
    let isTiled: Bool
    /// Working memory of libtiff: a block as stored and with 8 bits per sample.
    let codecBytes: Int
    /// Bytes of all blocks before compression.
    private let wholeBytes: Int

    init(
      _ directory: TIFFDirectory, _ layout: TIFFLayout, width: Int, height: Int
    ) throws(Fault) {
      isTiled = directory.value(322) != nil
      let columns = directory.value(322) ?? width
      var rows = directory.value(isTiled ? 323 : 278) ?? height
      guard columns > 0, rows > 0 else { throw .undecodable("the TIFF has empty strips or tiles") }
      if !isTiled { rows = min(rows, height) }
      let (pixels, overflow) = columns.multipliedReportingOverflow(by: rows)
      guard !overflow, pixels <= 1 << 34 else {
        (codecBytes, wholeBytes) = (1 << 62, 1 << 62)
        return
      }
      let separate = layout.planar == 2
      let rowBytes = (columns * (separate ? 1 : layout.samples) * layout.bits + 7) / 8
      let blockBytes = rowBytes * rows
      let tiles = (width + columns - 1) / columns * ((height + rows - 1) / rows)
      wholeBytes =
        (isTiled ? blockBytes * tiles : rowBytes * height) * (separate ? layout.samples : 1)
      let byRow = !isTiled && !separate && blockBytes > 8 << 20
      codecBytes =
        (byRow ? 16 * width * layout.samples : blockBytes + pixels * layout.samples + 16 * width)
        + Self.storedBytes(directory, layout, isTiled: isTiled)
    }

    /// What libtiff reads of a compressed block at once: all of it.
    private static func storedBytes(
      _ directory: TIFFDirectory, _ layout: TIFFLayout, isTiled: Bool
    ) -> Int {
      guard layout.compression != 1 else { return 0 }
      let counts = directory.values(isTiled ? 325 : 279, atMost: 1 << 20) ?? []
      return min(counts.max() ?? 0, directory.file.reader.count)
    }

    /// Refuses uncompressed images whose blocks are too short, which libtiff would pad.
    func checkCounts(_ directory: TIFFDirectory, _ layout: TIFFLayout) throws(Fault) {
      guard layout.compression == 1,
        let counts = directory.values(isTiled ? 325 : 279, atMost: 1 << 20)
      else { return }
      guard counts.reduce(0, { $0 + min($1, 1 << 40) }) >= wholeBytes else {
        throw .undecodable("the TIFF's strips or tiles are too short", reason: "truncated")
      }
    }
  }
}
