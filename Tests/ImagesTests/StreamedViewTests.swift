import Faults
import InfercamTestSupport
import Testing

@testable import Images

/// Views made while decoding are those of the whole image.
struct StreamedViewTests {
  /// Model inputs smaller and larger than the images, with equal sides, crops and padding.
  static let rules: [(input: PixelSize, resize: ResizeRule, crop: CropRule)] = [
    (PixelSize(width: 8, height: 8), .shortSide(9), .center),
    (PixelSize(width: 24, height: 20), .stretch, .none),
    (PixelSize(width: 60, height: 60), .shortSide(61), .center),
    (PixelSize(width: 50, height: 70), .shortSide(40), .center),
    (PixelSize(width: 37, height: 52), .stretch, .none),
    (PixelSize(width: 52, height: 37), .stretch, .none),
    (PixelSize(width: 37, height: 9), .stretch, .none),
    (PixelSize(width: 9, height: 37), .stretch, .none),
  ]

  static func geometries(_ upright: PixelSize) throws -> [InputGeometry] {
    try rules.map {
      try InputGeometry(upright: upright, input: $0.input, resize: $0.resize, crop: $0.crop)
    }
  }

  /// Compares every geometry and filter; returns how many views were streamed.
  static func compare(_ bytes: [UInt8], _ name: String, geometries: [InputGeometry]? = nil) throws
    -> Int
  {
    try bytes.withUnsafeBytes { raw in
      let options = DecodeOptions()
      let header = try ImageHeader.read(raw, options: options)
      let whole = try DecodedImage.decode(raw, header: header, options: options)
      var count = 0
      for geometry in try geometries ?? Self.geometries(header.uprightSize) {
        for filter in [ResampleFilter.bilinear, .bicubic, .lanczos] {
          let streamed = try DecodedView.decode(
            raw, header: header, options: options, geometry: geometry, filter: filter)
          guard let streamed else { continue }
          let expected = try whole.pixels.modelView(geometry, filter: filter)
          #expect(
            streamed.view.bytes == expected.bytes, "\(name) \(filter) \(geometry.resized)")
          #expect(streamed.warnings == whole.warnings)
          count += 1
        }
      }
      return count
    }
  }

  static func png(orientation: Int, depth: Int = 8, colour: Int = 2) -> [UInt8] {
    let rows = (0..<52).map { y in
      (0..<37 * 3).map { PNGWriterTests.noise(y * 111 + $0) }
    }
    return SamplePNG(
      width: 37, height: 52, rows: rows,
      chunks: [("eXIf", OrientationTests.exif(UInt8(orientation), bigEndian: false))]
    ).bytes
  }

  @Test func `every orientation gives the bytes of the whole image`() throws {
    for orientation in 1...8 {
      let count = try Self.compare(
        Self.png(orientation: orientation), "orientation \(orientation)")
      #expect(count == Self.rules.count * 3)
    }
  }

  @Test func `strips and tiles give the bytes of the whole image`() throws {
    let pixels = (0..<64 * 48 * 3).map(PNGWriterTests.noise)
    for orientation in [1, 3, 6, 7] {
      var strips = SampleTIFF(width: 48, height: 64, samples: 3, photometric: 2, rowsPerStrip: 10)
      strips.fields[274] = [orientation]
      strips.blocks = stride(from: 0, to: 64, by: 10).map {
        Array(pixels[$0 * 144..<min($0 + 10, 64) * 144])
      }
      #expect(try Self.compare(strips.bytes, "strips") == Self.rules.count * 3)
      var tiles = SampleTIFF(width: 48, height: 64, samples: 3, photometric: 2, tile: 32)
      tiles.fields[274] = [orientation]
      tiles.blocks = (0..<4).map { block in
        (0..<32 * 32 * 3).map { PNGWriterTests.noise(block * 7919 + $0) }
      }
      #expect(try Self.compare(tiles.bytes, "tiles") == Self.rules.count * 3)
    }
  }

  @Test func `a file that ends early fails as the whole image does`() throws {
    let bytes = Array(Self.png(orientation: 6).dropLast(3000))
    #expect(throws: Fault.self) {
      try bytes.withUnsafeBytes { raw in
        let header = try ImageHeader.read(raw)
        _ = try DecodedView.decode(
          raw, header: header, options: DecodeOptions(),
          geometry: try Self.geometries(header.uprightSize)[0], filter: .bilinear)
      }
    }
  }

  @Test(.enabled(if: SharedFolder.isPresent, "needs ../shared"))
  func `photos of every orientation give the bytes of the whole image`() throws {
    let folder = try #require(SharedFolder.path) + "/photos/exif_orientation"
    let photos = files(below: folder).filter { $0.hasSuffix(".jpg") }
    #expect(!photos.isEmpty)
    for photo in photos.prefix(16) {
      let bytes = fileBytes(photo)
      let size = try bytes.withUnsafeBytes { try ImageHeader.read($0) }.uprightSize
      let geometry = try InputGeometry(
        upright: size, input: PixelSize(width: 224, height: 224), resize: .shortSide(256),
        crop: .center)
      #expect(try Self.compare(bytes, photo, geometries: [geometry]) == 3)
    }
  }
}
