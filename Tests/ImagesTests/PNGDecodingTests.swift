import Faults
import Images
import Testing

struct PNGDecodingTests {
  struct Layout: Sendable, CustomTestStringConvertible {
    let name: String
    let png: SamplePNG
    let rgb: [UInt8]

    var testDescription: String { name }
  }

  static let palette: [UInt8] = [10, 20, 30, 40, 50, 60, 70, 80, 90]
  static let layouts = [
    Layout(
      name: "1-bit gray",
      png: SamplePNG(width: 3, height: 1, depth: 1, colour: 0, rows: [[0b1010_0000]]),
      rgb: [255, 255, 255, 0, 0, 0, 255, 255, 255]),
    Layout(
      name: "2-bit gray",
      png: SamplePNG(width: 4, height: 1, depth: 2, colour: 0, rows: [[0b0001_1011]]),
      rgb: [0, 0, 0, 85, 85, 85, 170, 170, 170, 255, 255, 255]),
    Layout(
      name: "16-bit gray keeps the high byte",
      png: SamplePNG(width: 2, height: 1, depth: 16, colour: 0, rows: [[0x12, 0xFF, 0xFE, 0x01]]),
      rgb: [0x12, 0x12, 0x12, 0xFE, 0xFE, 0xFE]),
    Layout(
      name: "gray and alpha drops alpha",
      png: SamplePNG(width: 2, height: 1, colour: 4, rows: [[9, 0, 200, 128]]),
      rgb: [9, 9, 9, 200, 200, 200]),
    Layout(
      name: "16-bit RGB keeps the high byte",
      png: SamplePNG(width: 1, height: 1, depth: 16, colour: 2, rows: [[1, 255, 2, 255, 3, 255]]),
      rgb: [1, 2, 3]),
    Layout(
      name: "RGBA drops alpha, transparent or not",
      png: SamplePNG(width: 2, height: 1, colour: 6, rows: [[1, 2, 3, 0, 4, 5, 6, 255]]),
      rgb: [1, 2, 3, 4, 5, 6]),
    Layout(
      name: "palette with transparency",
      png: SamplePNG(
        width: 3, height: 1, depth: 2, colour: 3, rows: [[0b1000_0100]],
        chunks: [("PLTE", palette), ("tRNS", [0, 128])]),
      rgb: [70, 80, 90, 10, 20, 30, 40, 50, 60]),
    Layout(
      name: "RGB with a transparent colour",
      png: SamplePNG(
        width: 1, height: 1, rows: [[7, 8, 9]], chunks: [("tRNS", [0, 7, 0, 8, 0, 9])]),
      rgb: [7, 8, 9]),
  ]

  @Test(arguments: layouts)
  func `every layout has one rule for its colours`(_ layout: Layout) throws {
    #expect(try decode(layout.png.bytes).pixels.bytes == layout.rgb)
  }

  static let plain = SamplePNG(
    width: 2, height: 2, rows: [[1, 2, 3, 4, 5, 6], [7, 8, 9, 9, 9, 9]])

  @Test func `an animated PNG is refused`() {
    var png = Self.plain
    png.chunks = [("acTL", [0, 0, 0, 2, 0, 0, 0, 0])]
    let fault = #expect(throws: Fault.self) { try decode(png.bytes) }
    #expect(fault?.code == .imageAnimatedNotSupported)
  }

  @Test func `a palette index without a colour is an error`() {
    let png = SamplePNG(
      width: 1, height: 1, depth: 2, colour: 3, rows: [[0b1100_0000]],
      chunks: [("PLTE", Self.palette)])
    let fault = #expect(throws: Fault.self) { try decode(png.bytes) }
    #expect(fault?.code == .imageDecodingFailed)
  }

  @Test func `bytes behind the image are a warning`() throws {
    #expect(try decode(Self.plain.bytes + [1, 2, 3]).warnings == ["trailing_bytes:3"])
  }

  @Test func `more pixels than deflate can make of the bytes are refused before decoding`() {
    var png = Self.plain
    png.width = 10_000
    png.height = 10_000
    let fault = #expect(throws: Fault.self) { try decode(png.bytes) }
    #expect(fault?.code == .imageDecodingFailed)
  }

  @Test func `a side over the limit is refused by its header`() {
    var png = Self.plain
    png.width = 16_385
    let fault = #expect(throws: Fault.self) { try decode(png.bytes) }
    #expect(fault?.code == .imageTooLarge)
    #expect(fault?.details["limit"] == .int(16_384))
  }

  @Test func `every prefix is an error and padding keeps whole rows`() throws {
    let bytes = Self.plain.bytes
    for length in 0..<bytes.count - 1 {
      let fault = #expect(throws: Fault.self) { try decode(Array(bytes[..<length])) }
      #expect([.imageInvalidFormat, .imageDecodingFailed].contains(fault?.code))
    }
    let tall = SamplePNG(width: 4, height: 400, rows: (0..<400).map { _ in Array(1...12) })
    var options = DecodeOptions()
    options.truncated = .pad
    let half = try decode(Array(tall.bytes[..<2600]), options: options)
    #expect(half.partial)
    #expect(Array(half.pixels.bytes[..<12]) == Array(1...12))
    #expect(Array(half.pixels.bytes[(399 * 12)...]) == [UInt8](repeating: 0, count: 12))
  }
}
