import Faults
import Images
import Testing

struct OrientationTests {
  /// EXIF with one entry: orientation, as a short.
  static func exif(_ orientation: UInt8, bigEndian: Bool) -> [UInt8] {
    bigEndian
      ? [0x4D, 0x4D, 0, 0x2A, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]
        + [0, 0, 0, 0]
      : [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]
        + [0, 0, 0, 0]
  }

  /// The pixels A B C / D E F as their upright neighbours, by orientation.
  static let upright: [(orientation: Int, rows: [String])] = [
    (1, ["ABC", "DEF"]), (2, ["CBA", "FED"]), (3, ["FED", "CBA"]), (4, ["DEF", "ABC"]),
    (5, ["AD", "BE", "CF"]), (6, ["DA", "EB", "FC"]), (7, ["FC", "EB", "DA"]),
    (8, ["CF", "BE", "AD"]),
  ]

  static func rgb(_ letters: String) -> [UInt8] {
    letters.utf8.flatMap { [$0, $0 &+ 100, $0 &+ 150] }
  }

  @Test func `each orientation is applied once`() throws {
    for (orientation, rows) in Self.upright {
      for bigEndian in [false, true] {
        let png = SamplePNG(
          width: 3, height: 2, rows: [Self.rgb("ABC"), Self.rgb("DEF")],
          chunks: [("eXIf", Self.exif(UInt8(orientation), bigEndian: bigEndian))])
        let image = try decode(png.bytes)
        #expect(image.pixels.bytes == rows.flatMap(Self.rgb), "orientation \(orientation)")
        #expect(image.header.orientation.rawValue == orientation)
        #expect(image.header.width == 3)
        #expect(image.header.uprightWidth == rows[0].utf8.count)
      }
    }
  }

  @Test func `tall images are turned band by band`() throws {
    let height = 50
    let rows = (0..<height).map { y in (0..<21).map { UInt8((y * 21 + $0) & 255) } }
    for orientation in 1...8 {
      let png = SamplePNG(
        width: 7, height: height, rows: rows,
        chunks: [("eXIf", Self.exif(UInt8(orientation), bigEndian: false))])
      let turned = try decode(png.bytes)
      let bytes = turned.pixels.bytes
      for y in 0..<height {
        for x in 0..<7 {
          let (mx, my) = (6 - x, height - 1 - y)
          let (ux, uy) = [
            (x, y), (mx, y), (mx, my), (x, my), (y, x), (my, x), (my, mx), (y, mx),
          ][orientation - 1]
          let start = (uy * turned.pixels.width + ux) * 3
          #expect(Array(bytes[start..<start + 3]) == Array(rows[y][x * 3..<x * 3 + 3]))
        }
      }
    }
  }

  @Test func `broken EXIF counts as upright and is noted`() throws {
    var broken = Self.exif(6, bigEndian: false)
    broken[4] = 200
    for block in [broken, [1, 2, 3], Array(broken[..<6])] {
      let png = SamplePNG(
        width: 1, height: 1, rows: [[1, 2, 3]], chunks: [("eXIf", block)])
      let image = try decode(png.bytes)
      #expect(image.header.orientation == .upright)
      #expect(image.warnings == ["exif_broken"])
    }
  }

  @Test func `a value outside 1 to 8 counts as upright`() throws {
    let png = SamplePNG(
      width: 1, height: 1, rows: [[1, 2, 3]], chunks: [("eXIf", Self.exif(9, bigEndian: true))])
    #expect(try decode(png.bytes).header.orientation == .upright)
  }

  static let packets: [(xmp: String, orientation: Int)] = [
    ("<x tiff:Orientation=\"6\"/>", 6), ("<tiff:Orientation>3</tiff:Orientation>", 3),
    ("<x tiff:Orientation=\"9\"/>", 1), ("<x tiff:Orientation=", 1), ("tiff:Orientation", 1),
  ]

  @Test func `XMP gives the orientation where EXIF gives none`() throws {
    for (xmp, orientation) in Self.packets {
      let packet = Array("XML:com.adobe.xmp".utf8) + [0, 0, 0, 0, 0] + Array(xmp.utf8)
      var png = SamplePNG(width: 1, height: 1, rows: [[1, 2, 3]])
      png.chunks = [("iTXt", packet)]
      #expect(try decode(png.bytes).header.orientation.rawValue == orientation, "\(xmp)")
      png.chunks.append(("eXIf", Self.exif(8, bigEndian: true)))
      #expect(try decode(png.bytes).header.orientation.rawValue == 8)

      let segment = Array("http://ns.adobe.com/xap/1.0/\0".utf8) + Array(xmp.utf8)
      let app1 = [0xFF, 0xE1, 0, UInt8(segment.count + 2)] + segment
      var jpeg = JPEGDecodingTests.samples[0].bytes
      jpeg.insert(contentsOf: app1, at: 2)
      #expect(try decode(jpeg).header.orientation.rawValue == orientation, "\(xmp)")
    }
  }
}
