/// Builds PNG files of any layout chunk by chunk, with stored deflate blocks.
struct SamplePNG {
  var width: Int
  var height: Int
  var depth = 8
  var colour = 2
  /// Packed rows without filter bytes.
  var rows: [[UInt8]]
  /// Chunks between IHDR and IDAT.
  var chunks: [(type: String, body: [UInt8])] = []

  var bytes: [UInt8] {
    let raw: [UInt8] = rows.flatMap { [UInt8(0)] + $0 }
    var zlib: [UInt8] = [0x78, 0x01, 1]
    zlib += [UInt8(raw.count & 255), UInt8(raw.count >> 8)]
    zlib += [UInt8(~raw.count & 255), UInt8(~raw.count >> 8 & 255)]
    zlib += raw + Self.bigEndian(Self.adler(raw))
    let header =
      Self.bigEndian(UInt32(width)) + Self.bigEndian(UInt32(height))
      + [UInt8(depth), UInt8(colour), 0, 0, 0]
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    file += Self.chunk("IHDR", header)
    for (type, body) in chunks { file += Self.chunk(type, body) }
    return file + Self.chunk("IDAT", zlib) + Self.chunk("IEND", [])
  }

  static func chunk(_ type: String, _ body: [UInt8]) -> [UInt8] {
    let named = Array(type.utf8) + body
    return bigEndian(UInt32(body.count)) + named + bigEndian(crc(named))
  }

  static func bigEndian(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(value >> $0 & 255) }
  }

  private static func adler(_ bytes: [UInt8]) -> UInt32 {
    var low: UInt32 = 1
    var high: UInt32 = 0
    for byte in bytes {
      low = (low + UInt32(byte)) % 65521
      high = (high + low) % 65521
    }
    return high << 16 | low
  }

  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }
}
