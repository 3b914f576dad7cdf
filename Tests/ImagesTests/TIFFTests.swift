import Faults
import Images
import Testing

struct TIFFTests {
  static let map =
    [1, 2, 3, 4].map { $0 * 256 } + [5, 6, 7, 8].map { $0 * 256 + 255 }
    + [9, 10, 11, 12].map { $0 * 256 }

  static let layouts: [(name: String, tiff: SampleTIFF, rgb: [UInt8])] = [
    ("gray", SampleTIFF(blocks: [[7, 200]]), [7, 7, 7, 200, 200, 200]),
    (
      "white is zero", SampleTIFF(photometric: 0, blocks: [[0, 55]]),
      [255, 255, 255, 200, 200, 200]
    ),
    ("1 bit", SampleTIFF(bits: 1, blocks: [[0b0100_0000]]), [0, 0, 0, 255, 255, 255]),
    ("4 bits", SampleTIFF(bits: 4, blocks: [[0x3F]]), [51, 51, 51, 255, 255, 255]),
    (
      "16-bit gray keeps the high byte",
      SampleTIFF(bits: 16, bigEndian: true, blocks: [[0x12, 0xFF, 0xFE, 0x00]]),
      [0x12, 0x12, 0x12, 0xFE, 0xFE, 0xFE]
    ),
    (
      "the high byte in the other order",
      SampleTIFF(bits: 16, blocks: [[0xFF, 0x12, 0x00, 0xFE]]),
      [0x12, 0x12, 0x12, 0xFE, 0xFE, 0xFE]
    ),
    (
      "palette", SampleTIFF(bits: 2, photometric: 3, blocks: [[0b1101_0000]], fields: [320: map]),
      [4, 8, 12, 2, 6, 10]
    ),
    (
      "RGB", SampleTIFF(samples: 3, photometric: 2, blocks: [[1, 2, 3, 4, 5, 6]]),
      [1, 2, 3, 4, 5, 6]
    ),
    (
      "planes apart",
      SampleTIFF(samples: 3, photometric: 2, planar: 2, blocks: [[1, 4], [2, 5], [3, 6]]),
      [1, 2, 3, 4, 5, 6]
    ),
    (
      "straight alpha is dropped",
      SampleTIFF(
        width: 1, samples: 4, photometric: 2, blocks: [[1, 2, 3, 0]], fields: [338: [2]]),
      [1, 2, 3]
    ),
    (
      "premultiplied alpha is undone",
      SampleTIFF(
        samples: 4, photometric: 2, blocks: [[50, 20, 200, 100, 9, 9, 9, 0]], fields: [338: [1]]),
      [127, 51, 255, 0, 0, 0]
    ),
    (
      "CMYK", SampleTIFF(samples: 4, photometric: 5, blocks: [[0, 128, 255, 0, 0, 0, 0, 55]]),
      [255, 127, 0, 200, 200, 200]
    ),
    (
      "strips of one row",
      SampleTIFF(width: 1, height: 3, rowsPerStrip: 1, blocks: [[1], [2], [3]]),
      [1, 1, 1, 2, 2, 2, 3, 3, 3]
    ),
    (
      "orientation 3", SampleTIFF(blocks: [[7, 200]], fields: [274: [3]]),
      [200, 200, 200, 7, 7, 7]
    ),
  ]

  @Test func `every layout has one rule`() throws {
    for (name, tiff, rgb) in Self.layouts {
      #expect(try decode(tiff.bytes).pixels.bytes == rgb, "\(name)")
    }
  }

  @Test func `tiles are cut at the edges`() throws {
    let blocks: [[UInt8]] = (0..<4).map { block in
      (0..<256).map { UInt8(truncatingIfNeeded: $0 * 7 + block * 60) }
    }
    let tiff = SampleTIFF(width: 20, height: 18, tile: 16, blocks: blocks)
    let bytes = try decode(tiff.bytes).pixels.bytes
    for y in 0..<18 {
      for x in 0..<20 {
        let block = blocks[y / 16 * 2 + x / 16]
        let value = block[y % 16 * 16 + x % 16]
        #expect(bytes[(y * 20 + x) * 3] == value)
      }
    }
  }

  static let refusals: [(name: String, tiff: SampleTIFF, code: Fault.Code)] = [
    ("two pages", SampleTIFF(blocks: [[1, 2]], directories: 2), .imageAnimatedNotSupported),
    ("old JPEG", SampleTIFF(blocks: [[1, 2]], fields: [259: [6]]), .mediaUnsupported),
    ("WebP inside", SampleTIFF(blocks: [[1, 2]], fields: [259: [50001]]), .mediaUnsupported),
    ("12 bits", SampleTIFF(bits: 12, blocks: [[1, 2, 3]]), .mediaUnsupported),
    ("signed", SampleTIFF(blocks: [[1, 2]], fields: [339: [2]]), .mediaUnsupported),
    ("LAB", SampleTIFF(samples: 3, photometric: 8, blocks: [[1, 2]]), .mediaUnsupported),
    ("raw YCbCr", SampleTIFF(samples: 3, photometric: 6, blocks: [[1, 2]]), .mediaUnsupported),
    ("side over the limit", SampleTIFF(width: 60_000, blocks: [[1]]), .imageTooLarge),
    (
      "a huge tile", SampleTIFF(samples: 3, photometric: 2, tile: 65_520, blocks: [[1]]),
      .imageTooLarge
    ),
    ("strip too short", SampleTIFF(height: 9, blocks: [[1, 2]]), .imageDecodingFailed),
    ("no colour map", SampleTIFF(photometric: 3, blocks: [[1, 2]]), .imageDecodingFailed),
    ("empty strips", SampleTIFF(rowsPerStrip: 0, blocks: [[1, 2]]), .imageDecodingFailed),
  ]

  @Test func `what has no rule is refused with its code`() {
    for (name, tiff, code) in Self.refusals {
      let fault = #expect(throws: Fault.self, "\(name)") { try decode(tiff.bytes) }
      #expect(fault?.code == code, "\(name): \(fault?.message ?? "")")
    }
  }

  @Test func `one page of several may be chosen`() throws {
    var options = DecodeOptions()
    let bytes = SampleTIFF(blocks: [[1, 2]], directories: 3).bytes
    for page in 0..<3 {
      options.page = page
      #expect(try decode(bytes, options: options).pixels.bytes == [1, 1, 1, 2, 2, 2])
    }
    options.page = 3
    let fault = #expect(throws: Fault.self) { try decode(bytes, options: options) }
    #expect(fault?.code == .paramOutOfRange)
  }

  @Test func `every prefix ends in an error or an image`() {
    for (_, tiff, _) in Self.layouts {
      let bytes = tiff.bytes
      for length in 0..<bytes.count - 4 { _ = try? decode(Array(bytes[..<length])) }
      for length in 0..<bytes.count / 2 {
        #expect(throws: Fault.self) { try decode(Array(bytes[..<length])) }
      }
    }
  }
}
