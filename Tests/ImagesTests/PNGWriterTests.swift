import Testing

@testable import Images

/// What the writer writes, libpng reads.
struct PNGWriterTests {
  struct Picture: Sendable, CustomTestStringConvertible {
    let name: String
    let width: Int
    let height: Int
    let sample: @Sendable (Int) -> UInt8

    var testDescription: String { name }
  }

  static let pictures = [
    Picture(name: "one pixel", width: 1, height: 1) { _ in 200 },
    Picture(name: "black", width: 700, height: 500) { _ in 0 },
    Picture(name: "noise", width: 301, height: 333) { noise($0) },
    Picture(name: "ramp", width: 513, height: 257) { UInt8($0 / 1000 & 255) },
    Picture(name: "runs of many lengths", width: 600, height: 300) {
      UInt8(noise($0 / (1 + $0 / 700 % 270)) & 3)
    },
    Picture(name: "rare bytes need long codes", width: 1000, height: 220) {
      UInt8(
        min(noise($0).leadingZeroBitCount * 9 + Int(noise($0 * 7)).leadingZeroBitCount % 64, 255))
    },
    Picture(name: "one row wider than a block", width: 90_000, height: 2) { UInt8($0 & 63) },
    Picture(name: "rare bytes side by side", width: 1000, height: 190) {
      $0 / 256 == 300 ? UInt8($0 & 255) : noise($0) & 3
    },
    Picture(name: "small differences", width: 640, height: 200) {
      UInt8(truncatingIfNeeded: $0 / 90 &+ noise($0).leadingZeroBitCount)
    },
    Picture(name: "runs with noise between", width: 333, height: 301) {
      noise($0 / 400) & 1 == 0 ? noise($0) : 9
    },
  ]

  static func noise(_ index: Int) -> UInt8 {
    var state = UInt64(truncatingIfNeeded: index) &* 0x9E37_79B9_7F4A_7C15
    state = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    return UInt8(truncatingIfNeeded: state >> 40)
  }

  private static var wideOptions: DecodeOptions {
    var options = DecodeOptions()
    options.limits.maxSide = 100_000
    return options
  }

  @Test(arguments: pictures)
  func `RGB and gray images come back`(_ picture: Picture) throws {
    for channels in [1, 3] {
      let samples = (0..<picture.width * picture.height * channels).map(picture.sample)
      let image = try PixelBuffer(
        samples, width: picture.width, height: picture.height, channels: channels)
      let back = try decode(image.png(), options: Self.wideOptions).pixels
      let expected = channels == 3 ? samples : samples.flatMap { [$0, $0, $0] }
      #expect(back.bytes == expected)
    }
  }

  @Test(arguments: pictures)
  func `every instruction set gives the same bytes`(_ picture: Picture) throws {
    for channels in [1, 3] {
      // Rows of all lengths, so that all ends of vectors occur.
      for narrower in channels == 1 ? 0..<min(picture.width, 70) : 0..<1 {
        let (width, height) = (picture.width - narrower, narrower == 0 ? picture.height : 3)
        let samples = (0..<width * height * channels).map(picture.sample)
        let image = try PixelBuffer(samples, width: width, height: height, channels: channels)
        let plain = try image.png(level: 0)
        for level in 0...CodecLevel.best {
          #expect(try image.png(level: level) == plain, "level \(level), width \(width)")
        }
      }
    }
  }

  @Test func `an indexed image has its palette's colours`() throws {
    let palette = (0..<768).map { UInt8($0 * 7 & 255) }
    let indices = (0..<256 * 3).map { UInt8($0 & 255) }
    var writer = try PNGWriter(
      width: 256, height: 3, kind: .indexed(palette: palette, alpha: [0, 128]))
    try indices.withUnsafeBytes { try writer.append($0) }
    let back = try decode(writer.finish()).pixels.bytes
    #expect(back == indices.flatMap { palette[Int($0) * 3..<Int($0) * 3 + 3] })
  }

  @Test func `rows may come one by one`() throws {
    let samples = (0..<50 * 40 * 4).map { Self.noise($0 / 3) }
    var whole = try PNGWriter(width: 50, height: 40, kind: .rgba)
    try samples.withUnsafeBytes { try whole.append($0) }
    var parts = try PNGWriter(width: 50, height: 40, kind: .rgba)
    for row in 0..<40 {
      try samples[row * 200..<row * 200 + 200].withUnsafeBytes { try parts.append($0) }
    }
    #expect(try whole.finish() == parts.finish())
  }

  @Test func `the same pixels give the same bytes`() throws {
    let samples = (0..<200 * 200 * 3).map { UInt8($0 / 100 & 255) }
    let image = try PixelBuffer(samples, width: 200, height: 200, channels: 3)
    #expect(try image.png() == image.png())
  }
}
