extension MediaType {
  /// Recognises content by its first bytes; nil for anything unknown.
  public init?(sniffing bytes: UnsafeRawBufferPointer) {
    let reader = ByteReader(bytes: bytes)
    guard
      let type = Self.raster(reader) ?? Self.container(reader) ?? Self.archive(reader)
        ?? Self.text(reader)
    else { return nil }
    self = type
  }

  private static func raster(_ reader: ByteReader) -> MediaType? {
    if starts(reader, [0xFF, 0xD8, 0xFF]) { return .jpeg }
    if starts(reader, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
    if reader.has("II*\0") || reader.has("MM\0*") || reader.has("II+\0") || reader.has("MM\0+") {
      return .tiff
    }
    if reader.has("BM"), let size = reader.uint32(at: 14), size >= 12, size <= 1024 { return .bmp }
    if reader.has("BA"), reader.has("BM", at: 14) { return .bitmapArray }
    if reader.has("GIF87a") || reader.has("GIF89a") { return .gif }
    if reader.has("RIFF"), reader.has("WEBP", at: 8) { return .webp }
    if starts(reader, [0, 0, 1, 0]) || starts(reader, [0, 0, 2, 0]), reader.uint16(at: 4) ?? 0 > 0 {
      return .icon
    }
    if reader.has("8BPS") { return .photoshop }
    if reader.has("DDS ") { return .dds }
    if reader.has("qoif") { return .qoi }
    if starts(reader, [0x76, 0x2F, 0x31, 0x01]) { return .openexr }
    if starts(reader, [0xFF, 0x4F, 0xFF, 0x51]) { return .jpeg2000 }
    if starts(reader, [0xFF, 0x0A]) { return .jpegxl }
    if let kind = reader.uint8(at: 1), reader.has("P"), (0x31...0x36).contains(kind),
      let space = reader.uint8(at: 2), [0x20, 0x09, 0x0A, 0x0D].contains(space)
    {
      return .netpbm
    }
    return nil
  }

  private static func container(_ reader: ByteReader) -> MediaType? {
    if reader.has("jP  ", at: 4) { return .jpeg2000 }
    if reader.has("JXL ", at: 4) { return .jpegxl }
    guard reader.has("ftyp", at: 4) else { return nil }
    if reader.has("avif", at: 8) || reader.has("avis", at: 8) { return .avif }
    let heif: [StaticString] = ["heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1"]
    return heif.contains { reader.has($0, at: 8) } ? .heic : nil
  }

  private static func archive(_ reader: ByteReader) -> MediaType? {
    if reader.has("%PDF-") { return .pdf }
    if starts(reader, [0x50, 0x4B, 3, 4]) || starts(reader, [0x50, 0x4B, 5, 6]) { return .zip }
    if starts(reader, [0x1F, 0x8B]) { return .gzip }
    if reader.has("BZh") { return .bzip2 }
    if starts(reader, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]) { return .xz }
    if starts(reader, [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]) { return .sevenZip }
    if reader.has("Rar!") { return .rar }
    if starts(reader, [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) { return .numpy }
    return nil
  }

  /// Markup: the first tag behind a byte order mark, white space and comments decides.
  private static func text(_ reader: ByteReader) -> MediaType? {
    let window = reader.bytes.prefix(1024)
    var start = starts(reader, [0xEF, 0xBB, 0xBF]) ? 3 : 0
    while start < window.count, [0x20, 0x09, 0x0A, 0x0D, 0x0C].contains(window[start]) {
      start += 1
    }
    guard start < window.count, window[start] == UInt8(ascii: "<") else { return nil }
    let lowercased = window[start...].map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    if contains(lowercased, "<svg") { return .svg }
    if contains(lowercased, "<html") || contains(lowercased, "<!doctype html") { return .html }
    if contains(lowercased, "<head") || contains(lowercased, "<script") { return .html }
    return contains(Array(lowercased.prefix(5)), "<?xml") ? .xml : nil
  }

  private static func contains(_ bytes: [UInt8], _ text: StaticString) -> Bool {
    text.withUTF8Buffer { wanted in
      guard bytes.count >= wanted.count else { return false }
      return (0...bytes.count - wanted.count).contains {
        bytes[$0..<$0 + wanted.count].elementsEqual(wanted)
      }
    }
  }

  private static func starts(_ reader: ByteReader, _ signature: [UInt8]) -> Bool {
    reader.bytes.starts(with: signature)
  }
}
