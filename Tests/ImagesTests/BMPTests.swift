import Faults
import Images
import Testing

struct BMPTests {
  /// A Windows 3 header of `size` bytes before the palette and the stored rows.
  struct Sample {
    var width: Int32 = 2
    var height: Int32 = 2
    var bits: UInt16 = 24
    var compression: UInt32 = 0
    var headerSize: UInt32 = 40
    var colours: UInt32 = 0
    /// Masks, palette and whatever lies before the pixels.
    var tables: [UInt8] = []
    var offset: UInt32?
    var rows: [UInt8] = []

    var bytes: [UInt8] {
      let start = offset ?? UInt32(14 + Int(headerSize) + tables.count)
      var file = Array("BM".utf8) + le(UInt32(0)) + le(UInt32(0)) + le(start) + le(headerSize)
      if headerSize == 12 {
        file += le(UInt16(width)) + le(UInt16(height)) + le(UInt16(1)) + le(bits)
      } else {
        file += le(UInt32(bitPattern: width)) + le(UInt32(bitPattern: height)) + le(UInt16(1))
        file += le(bits) + le(compression) + le(UInt32(0)) + le(UInt32(0)) + le(UInt32(0))
        file += le(colours) + le(UInt32(0))
      }
      return file + tables + rows
    }
  }

  static func le<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  static let threeColours: [UInt8] = [1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0]
  /// Of the three colours by index.
  static func rgb(_ indices: [Int]) -> [UInt8] {
    indices.flatMap { [[3, 2, 1], [6, 5, 4], [9, 8, 7]][$0] }
  }

  static let layouts: [(name: String, sample: Sample, rgb: [UInt8])] = [
    (
      "24 bits, bottom up",
      Sample(rows: [7, 8, 9, 10, 11, 12, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0]),
      [3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10]
    ),
    (
      "24 bits, top down",
      Sample(height: -2, rows: [1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0]),
      [3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10]
    ),
    (
      "32 bits drop the fourth byte",
      Sample(width: 1, height: 1, bits: 32, rows: [1, 2, 3, 99]), [3, 2, 1]
    ),
    (
      "16 bits are 5-5-5", Sample(width: 2, height: 1, bits: 16, rows: le(UInt32(0x03E0_7C01))),
      [255, 0, 8, 0, 255, 0]
    ),
    (
      "masks 5-6-5",
      Sample(
        width: 2, height: 1, bits: 16, compression: 3,
        tables: le(UInt32(0xF800)) + le(UInt32(0x7E0)) + le(UInt32(0x1F)),
        rows: le(UInt32(0x0020_F800))),
      [255, 0, 0, 0, 4, 0]
    ),
    (
      "masks of 10 bits",
      Sample(
        width: 1, height: 1, bits: 32, compression: 3,
        tables: le(UInt32(0x3FF)) + le(UInt32(0x3FF << 10)) + le(UInt32(0x3FF << 20)),
        rows: le(UInt32(1023 | 512 << 10 | 1 << 20))),
      [255, 127, 0]
    ),
    (
      "1 bit",
      Sample(
        width: 3, height: 1, bits: 1, colours: 2, tables: Array(threeColours[..<8]),
        rows: [0b0110_0000, 0, 0, 0]), rgb([0, 1, 1])
    ),
    (
      "4 bits",
      Sample(
        width: 3, height: 1, bits: 4, colours: 3, tables: threeColours, rows: [0x21, 0x00, 0, 0]),
      rgb([2, 1, 0])
    ),
    (
      "OS/2 with three bytes per colour",
      Sample(
        width: 2, height: 1, bits: 8, headerSize: 12, tables: [1, 2, 3, 4, 5, 6, 7, 8, 9],
        rows: [2, 0, 0, 0]), rgb([2, 0])
    ),
    (
      "RLE8 with run, copy, skip and clipping",
      Sample(
        width: 4, height: 2, bits: 8, compression: 1, colours: 3, tables: threeColours,
        rows: [2, 1, 0, 3, 2, 0, 1, 0, 0, 0, 0, 2, 1, 0, 9, 2, 0, 1]),
      rgb([0, 2, 2, 2, 1, 1, 2, 0])
    ),
    (
      "RLE4",
      Sample(
        width: 5, height: 1, bits: 4, compression: 2, colours: 3, tables: threeColours,
        rows: [3, 0x12, 0, 1]), rgb([1, 2, 1, 0, 0])
    ),
  ]

  @Test func `every layout has one rule`() throws {
    for (name, sample, rgb) in Self.layouts {
      #expect(try decode(sample.bytes).pixels.bytes == rgb, "\(name)")
    }
  }

  static let refusals: [(name: String, sample: Sample, code: Fault.Code)] = [
    ("height of INT32_MIN", Sample(height: .min), .imageTooLarge),
    ("zero width", Sample(width: 0), .imageInvalidFormat),
    ("negative width", Sample(width: -4), .imageDecodingFailed),
    ("stride over 32 bits", Sample(width: .max, height: 1, bits: 32), .imageTooLarge),
    ("pixels missing", Sample(width: 64, height: 64, rows: [0, 0, 0]), .imageDecodingFailed),
    ("offset behind the end", Sample(offset: 100_000), .imageDecodingFailed),
    ("offset inside the header", Sample(offset: 20, rows: [1]), .imageDecodingFailed),
    ("two billion colours", Sample(bits: 8, colours: 1 << 31), .imageDecodingFailed),
    ("embedded JPEG", Sample(bits: 0, compression: 4), .mediaUnsupported),
    ("embedded PNG", Sample(bits: 0, compression: 5), .mediaUnsupported),
    ("3 bits", Sample(bits: 3), .imageDecodingFailed),
    (
      "overlapping masks",
      Sample(
        bits: 16, compression: 3, tables: le(UInt32(7)) + le(UInt32(3)) + le(UInt32(8)),
        rows: [UInt8](repeating: 0, count: 8)), .imageDecodingFailed
    ),
    (
      "a colour without a mask",
      Sample(
        bits: 16, compression: 3, tables: le(UInt32(0xFF00)) + le(UInt32(0xFF)) + le(UInt32(0)),
        rows: [UInt8](repeating: 0, count: 8)), .imageDecodingFailed
    ),
    (
      "index without a colour",
      Sample(width: 1, height: 1, bits: 8, colours: 3, tables: threeColours, rows: [3, 0, 0, 0]),
      .imageDecodingFailed
    ),
    (
      "runs that end early",
      Sample(
        width: 4, height: 2, bits: 8, compression: 1, colours: 3, tables: threeColours,
        rows: [4, 1]), .imageDecodingFailed
    ),
  ]

  @Test func `impossible files are refused with their codes`() {
    for (name, sample, code) in Self.refusals {
      let fault = #expect(throws: Fault.self, "\(name)") { try decode(sample.bytes) }
      #expect(fault?.code == code, "\(name)")
    }
  }

  @Test func `runs behind the end of a row cost nothing`() throws {
    let runs = [UInt8](repeating: 255, count: 8_000_000)
    var sample = Sample(
      width: 1, height: 1, bits: 8, compression: 1, colours: 256,
      tables: [UInt8](repeating: 7, count: 1024), rows: runs + [0, 1])
    #expect(try decode(sample.bytes).pixels.bytes == [7, 7, 7])
    sample.rows.removeLast(2)
    #expect(throws: Fault.self) { try decode(sample.bytes) }
  }

  @Test func `every prefix of every layout is an error`() {
    for (name, sample, _) in Self.layouts where sample.compression != 1 && sample.compression != 2 {
      let bytes = sample.bytes
      let used = (Int(sample.width) * Int(sample.bits) + 7) / 8
      let padding = (4 - used % 4) % 4
      for length in 0..<bytes.count - padding {
        #expect(throws: Fault.self, "\(name) \(length)") { try decode(Array(bytes[..<length])) }
      }
    }
  }
}
