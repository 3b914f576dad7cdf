import Testing

@testable import Images

struct ResampleTests {
  /// What Pillow 11 makes of the 5 x 4 gray image (53x + 91y + 29xy) mod 256.
  static let pillow: [(filter: ResampleFilter, width: Int, height: Int, pixels: [UInt8])] = [
    (.nearest, 3, 2, [91, 255, 163, 17, 41, 65]),
    (.box, 3, 2, [80, 181, 154, 99, 95, 91]),
    (.bilinear, 3, 2, [81, 143, 145, 102, 109, 96]),
    (.hamming, 3, 2, [73, 160, 158, 99, 99, 92]),
    (.bicubic, 3, 2, [79, 147, 150, 105, 107, 91]),
    (.lanczos, 3, 2, [82, 146, 150, 109, 109, 88]),
    (
      .bilinear, 7, 6,
      [
        0, 30, 68, 106, 144, 182, 212, 46, 84, 132, 181, 138, 149, 188, 106, 131, 175, 237, 116,
        105, 155, 167, 106, 90, 166, 59, 62, 122, 100, 98, 97, 95, 93, 91, 90, 17, 97, 124, 41,
        141, 131, 65,
      ]
    ),
    (
      .bicubic, 7, 6,
      [
        0, 19, 59, 96, 146, 191, 218, 34, 78, 141, 182, 138, 152, 196, 106, 132, 193, 252, 107, 93,
        160, 189, 98, 73, 169, 36, 43, 129, 100, 96, 90, 85, 91, 90, 84, 0, 104, 140, 34, 160, 145,
        54,
      ]
    ),
    (
      .lanczos, 7, 6,
      [
        0, 14, 53, 89, 141, 194, 217, 23, 71, 156, 181, 142, 157, 200, 118, 127, 210, 255, 100, 77,
        167, 206, 95, 75, 180, 30, 29, 139, 99, 94, 80, 75, 90, 92, 82, 0, 111, 148, 34, 165, 157,
        46,
      ]
    ),
  ]

  @Test func `pixels are Pillow's, gray and RGB`() throws {
    let gray = (0..<4).flatMap { y in
      (0..<5).map { UInt8(truncatingIfNeeded: $0 * 53 + y * 91 + $0 * y * 29) }
    }
    let rgb = gray.flatMap { [$0, $0, $0] }
    for (filter, width, height, pixels) in Self.pillow {
      let size = PixelSize(width: width, height: height)
      let one = try PixelBuffer(gray, width: 5, height: 4, channels: 1)
      #expect(try one.resized(to: size, filter: filter).bytes == pixels, "\(filter)")
      let three = try PixelBuffer(rgb, width: 5, height: 4, channels: 3)
      #expect(
        try three.resized(to: size, filter: filter).bytes == pixels.flatMap { [$0, $0, $0] })
    }
  }

  static func noise(width: Int, height: Int, channels: Int) throws -> PixelBuffer {
    try PixelBuffer(
      (0..<width * height * channels).map(PNGWriterTests.noise), width: width, height: height,
      channels: channels)
  }

  static let sizes: [(from: PixelSize, to: PixelSize)] = [
    (PixelSize(width: 97, height: 61), PixelSize(width: 33, height: 19)),
    (PixelSize(width: 13, height: 7), PixelSize(width: 45, height: 66)),
    (PixelSize(width: 400, height: 3), PixelSize(width: 5, height: 3)),
    (PixelSize(width: 5, height: 300), PixelSize(width: 5, height: 11)),
    (PixelSize(width: 1, height: 1), PixelSize(width: 40, height: 2)),
    // Rows in groups of five pixels: the last group has one to five, taps are 3 and up to 27.
    (PixelSize(width: 500, height: 37), PixelSize(width: 341, height: 25)),
    (PixelSize(width: 500, height: 37), PixelSize(width: 340, height: 25)),
    (PixelSize(width: 211, height: 5), PixelSize(width: 82, height: 3)),
    (PixelSize(width: 211, height: 5), PixelSize(width: 53, height: 3)),
    (PixelSize(width: 211, height: 5), PixelSize(width: 49, height: 3)),
    (PixelSize(width: 7, height: 5), PixelSize(width: 9, height: 3)),
    (PixelSize(width: 3000, height: 3), PixelSize(width: 2, height: 2)),
  ]

  @Test func `every instruction set gives the same bytes`() throws {
    for (from, to) in Self.sizes {
      for channels in [1, 3] {
        let image = try Self.noise(width: from.width, height: from.height, channels: channels)
        for filter in ResampleFilter.allCases {
          let plain = try image.resized(to: to, filter: filter, crop: nil, level: 0)
          for level in 1...max(CodecLevel.best, 1) {
            guard level <= CodecLevel.best else { continue }
            let fast = try image.resized(to: to, filter: filter, crop: nil, level: level)
            #expect(fast.bytes == plain.bytes, "\(filter) level \(level)")
          }
        }
      }
    }
  }

  @Test func `cropping first or last makes no difference`() throws {
    for (from, to) in Self.sizes where to.width > 4 && to.height > 3 {
      let image = try Self.noise(width: from.width, height: from.height, channels: 3)
      let crop = PixelRect(x: 1, y: 2, width: to.width - 3, height: to.height - 3)
      for filter in ResampleFilter.allCases {
        let whole = try image.resized(to: to, filter: filter).cropped(to: crop)
        #expect(try image.resized(to: to, filter: filter, crop: crop).bytes == whole.bytes)
      }
    }
  }

  @Test func `gray is the luminance of Pillow's convert`() throws {
    let image = try PixelBuffer(
      [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 200, 77], width: 4, height: 1, channels: 3)
    #expect(try image.gray().bytes == [76, 150, 29, 129])
  }
}
