import Faults

/// What the headers of a BMP file say about its pixels.
struct BMPLayout: Sendable {
  enum Compression: Sendable {
    case none, rle8, rle4
  }

  var width = 0
  var height = 0
  var topDown = false
  var bits = 0
  var compression = Compression.none
  /// Offset of the first stored row.
  var pixelOffset = 0
  /// The size the file header claims, 0 for none.
  var claimedBytes = 0
  /// R, G, B per entry; only for 1...8 bits.
  var palette: [UInt8] = []
  /// Red, green and blue of 16- and 32-bit pixels.
  var masks: [UInt32] = []

  /// Bytes of a stored row with its padding to four.
  var stride: Int { (width * bits + 31) / 32 * 4 }
}

/// Reads the headers of a BMP file: OS/2 1 and 2, Windows 3, 4 and 5.
enum BMPHeader {
  static func read(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> ImageHeader.Found {
    let reader = ByteReader(bytes: bytes)
    var layout = BMPLayout()
    guard let claimed = reader.uint32(at: 2), let offset = reader.uint32(at: 10),
      let size = reader.uint32(at: 14), reader.slice(14, size) != nil
    else { throw .undecodable("the BMP ends inside its header", reason: "truncated") }
    guard size == 12 || (16...64).contains(size) || size == 108 || size == 124 else {
      throw .undecodable("the BMP has an unknown header of \(size) bytes")
    }
    layout.claimedBytes = claimed
    layout.pixelOffset = offset
    let code = try readSize(reader, headerSize: size, into: &layout)
    let found = ImageHeader.Found(width: layout.width, height: layout.height, layout: .bmp(layout))
    // Sides beyond a million are refused by the limits before anything else is looked at.
    guard (1...1_000_000).contains(layout.width), (1...1_000_000).contains(layout.height) else {
      return found
    }
    var paletteOffset = 14 + size
    try readCompression(reader, code, headerSize: size, &paletteOffset, into: &layout)
    guard offset >= 14 + size, offset <= bytes.count else {
      throw .undecodable("the BMP's pixels start outside the file")
    }
    if layout.bits <= 8 {
      try readPalette(reader, paletteOffset, headerSize: size, into: &layout)
    }
    let codecBytes = layout.compression == .none ? 0 : layout.width * layout.height
    return ImageHeader.Found(
      width: layout.width, height: layout.height, codecBytes: codecBytes + 4096,
      samples: StoredSamples(
        channels: layout.bits <= 8 ? 1 : 3,
        bitDepth: layout.bits <= 8 ? layout.bits : layout.bits == 16 ? 5 : 8),
      layout: .bmp(layout))
  }

  /// Reads size and depth and returns the compression code.
  private static func readSize(
    _ reader: ByteReader, headerSize: Int, into layout: inout BMPLayout
  ) throws(Fault) -> Int {
    let core = headerSize == 12
    let width = core ? reader.uint16(at: 18) : reader.int32(at: 18)
    let height = core ? reader.uint16(at: 20) : reader.int32(at: 22)
    let bits = reader.uint16(at: core ? 24 : 28)
    guard let width, let height, let bits else {
      throw .undecodable("the BMP ends inside its header", reason: "truncated")
    }
    guard width >= 0 else { throw .undecodable("the BMP has a negative width") }
    layout.width = width
    layout.height = abs(height)
    layout.topDown = height < 0
    layout.bits = bits
    return headerSize >= 20 ? reader.uint32(at: 30) ?? 0 : 0
  }

  private static func readCompression(
    _ reader: ByteReader, _ code: Int, headerSize: Int, _ paletteOffset: inout Int,
    into layout: inout BMPLayout
  ) throws(Fault) {
    let isOS2 = headerSize < 40 || headerSize == 64
    switch (code, layout.bits) {
    case (0, 1), (0, 2), (0, 4), (0, 8), (0, 24): break
    case (0, 16): layout.masks = [0x7C00, 0x03E0, 0x001F]
    case (0, 32): layout.masks = [0xFF_0000, 0xFF00, 0xFF]
    case (1, 8): layout.compression = .rle8
    case (2, 4): layout.compression = .rle4
    case (3, 16) where !isOS2, (3, 24) where !isOS2, (3, 32) where !isOS2, (6, 16) where !isOS2,
      (6, 32) where !isOS2:
      try readMasks(reader, into: &layout)
      if headerSize == 40 { paletteOffset += code == 6 ? 16 : 12 }
    default:
      if code <= 3, ![1, 2, 4, 8, 16, 24, 32].contains(layout.bits) || code == 1 || code == 2 {
        throw .undecodable("the BMP has \(layout.bits) bits with compression \(code)")
      }
      throw .unsupportedVariant("BMP compression \(code)", "compression", .int(code))
    }
  }

  private static func readMasks(_ reader: ByteReader, into layout: inout BMPLayout) throws(Fault) {
    var seen: UInt32 = 0
    for channel in 0..<3 {
      guard let stored = reader.uint32(at: 54 + channel * 4) else {
        throw .undecodable("the BMP ends inside its header", reason: "truncated")
      }
      let mask = UInt32(stored)
      guard mask != 0 else { throw .undecodable("the BMP has no mask for one of its colours") }
      let run = mask >> UInt32(mask.trailingZeroBitCount)
      let fits = layout.bits == 32 || UInt64(mask) < 1 << UInt64(layout.bits)
      guard run & (run &+ 1) == 0, mask & seen == 0, fits else {
        throw .undecodable("the BMP's colour masks overlap or have holes")
      }
      seen |= mask
      layout.masks.append(mask)
    }
  }

  private static func readPalette(
    _ reader: ByteReader, _ offset: Int, headerSize: Int, into layout: inout BMPLayout
  ) throws(Fault) {
    let entryBytes = headerSize == 12 ? 3 : 4
    let most = 1 << layout.bits
    var entries = headerSize >= 36 ? reader.uint32(at: 46) ?? 0 : 0
    guard entries <= 1 << 16 else {
      throw .undecodable("the BMP has a palette of \(entries) colours")
    }
    if entries == 0 || entries > most { entries = most }
    if entries == most {
      entries = min(entries, max(layout.pixelOffset - offset, 0) / entryBytes)
    }
    guard entries > 0, let stored = reader.slice(offset, entries * entryBytes) else {
      throw .undecodable("the BMP's palette reaches behind the end", reason: "truncated")
    }
    for entry in 0..<entries {
      for channel in 0..<3 { layout.palette.append(stored[entry * entryBytes + 2 - channel]) }
    }
  }
}
