import Faults
import Testing

@testable import Images

/// Progressive JPEGs whose coefficients take several megabytes, made bit by bit.
struct LargeProgressiveTests {
  /// Gray, in two scans: blocks before `change` have the level 144, the others 128.
  static func jpeg(width: Int, height: Int, change: Int) -> [UInt8] {
    let blocks = (width / 8) * (height / 8)
    let size = [height, width].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    var bytes: [UInt8] = [0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0] + [UInt8](repeating: 16, count: 64)
    bytes += [0xFF, 0xC2, 0, 11, 8] + size + [1, 1, 0x11, 0]
    // Differences of none (code 0) and of four bits (code 10).
    bytes += huffman(table: 0x00, symbols: [0, 4]) + [0xFF, 0xDA, 0, 8, 1, 1, 0x00, 0, 0, 0]
    var scan = BitWriter()
    for block in 0..<blocks {
      switch block {
      case 0: scan.append(0b10_1000, count: 6)  // + 8
      case change: scan.append(0b10_0111, count: 6)  // - 8
      default: scan.append(0, count: 1)
      }
    }
    bytes += scan.padded()
    // Ends of 16384 blocks (code 0) and of 512 (code 10).
    bytes +=
      huffman(table: 0x10, symbols: [0xE0, 0x90]) + [0xFF, 0xDA, 0, 8, 1, 1, 0x00, 1, 63, 0]
    var ends = BitWriter()
    for _ in 0..<blocks / 16384 { ends.append(0, count: 15) }
    for _ in 0..<blocks % 16384 / 512 { ends.append(0b10 << 9, count: 11) }
    return bytes + ends.padded() + [0xFF, 0xD9]
  }

  private static func huffman(table: UInt8, symbols: [UInt8]) -> [UInt8] {
    [0xFF, 0xC4, 0, 21, table, 1, 1] + [UInt8](repeating: 0, count: 14) + symbols
  }

  @Test func `every block is where it belongs`() throws {
    // 33,280 blocks of 128 bytes.
    let bytes = Self.jpeg(width: 2048, height: 1040, change: 65 * 256 + 100)
    let image = try decode(bytes).pixels
    #expect(image.size == PixelSize(width: 2048, height: 1040))
    let pixels = Array(image.bytes)
    var wrong = 0
    for block in 0..<130 * 256 {
      let level: UInt8 = block < 65 * 256 + 100 ? 144 : 128
      for (x, y) in [(0, 0), (7, 7)] {
        let pixel = (block / 256 * 8 + y) * 2048 + block % 256 * 8 + x
        if pixels[pixel * 3] != level { wrong += 1 }
      }
    }
    #expect(wrong == 0)
  }

  @Test func `what a cut file has is kept when asked to`() throws {
    var options = DecodeOptions()
    options.truncated = .pad
    let bytes = Self.jpeg(width: 2048, height: 1040, change: 30_000)
    let image = try decode(Array(bytes.prefix(2000)), options: options)
    #expect(image.partial)
    #expect(image.pixels.bytes[0] == 144)
  }

  @Test func `an eighth of the size is made without the scans of AC coefficients`() throws {
    var bytes = Self.jpeg(width: 2048, height: 1040, change: 30_000)
    // A code that the table does not have, behind the header of the last scan.
    let scan = try #require(bytes.indices.last { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDA })
    bytes[scan + 10] = 0xC0
    #expect(throws: Fault.self) { try decode(bytes) }
    let image = try Self.eighth(of: bytes + [1, 2, 3])
    #expect(image.pixels.size == PixelSize(width: 256, height: 130))
    #expect(image.warnings == ["trailing_bytes:3"])
    let pixels = Array(image.pixels.bytes)
    let wrong = (0..<256 * 130).count { pixels[$0 * 3] != ($0 < 30_000 ? 144 : 128) }
    #expect(wrong == 0)
  }

  @Test func `an eighth of a cut file, or of one with too many scans, is refused`() throws {
    let bytes = Self.jpeg(width: 2048, height: 1040, change: 30_000)
    for length in [bytes.count - 1, bytes.count - 2, bytes.count - 4, 2000] {
      let fault = #expect(throws: Fault.self) { try Self.eighth(of: Array(bytes.prefix(length))) }
      #expect(fault?.details["reason"] == .string("truncated"), "\(length)")
    }
    let fault = #expect(throws: Fault.self) { try Self.eighth(of: bytes, maxScans: 1) }
    #expect(fault?.details["reason"] == .string("scan_limit"))
  }

  private static func eighth(of bytes: [UInt8], maxScans: Int = 100) throws -> DecodedImage {
    var options = DecodeOptions()
    options.mode = .fast
    options.limits.maxScans = maxScans
    return try bytes.withUnsafeBytes { raw in
      try DecodedImage.decode(raw, header: ImageHeader.read(raw), options: options, shrink: 8)
    }
  }
}

/// Bits from the highest one down, with the zero byte that JPEG has behind 255.
private struct BitWriter {
  private var bytes: [UInt8] = []
  private var filling = 0
  private var count = 0

  mutating func append(_ bits: Int, count: Int) {
    for bit in (0..<count).reversed() {
      filling = filling << 1 | bits >> bit & 1
      self.count += 1
      guard self.count == 8 else { continue }
      bytes.append(UInt8(filling))
      if filling == 255 { bytes.append(0) }
      (filling, self.count) = (0, 0)
    }
  }

  mutating func padded() -> [UInt8] {
    while count > 0 { append(1, count: 1) }
    return bytes
  }
}
