import Faults
import InfercamTestSupport
import Testing

@testable import Images

/// JPEG files decoded at a fraction of their size.
struct ShrunkImageTests {
  static let fast: DecodeOptions = {
    var options = DecodeOptions()
    options.mode = .fast
    return options
  }()

  @Test func `the fraction leaves twice the pixels of the target`() throws {
    let cases: [(side: Int, target: Int, shrink: Int)] = [
      (4096, 256, 8), (4095, 256, 4), (2048, 256, 4), (1024, 256, 2), (1023, 256, 1), (256, 256, 1),
    ]
    for (side, target, shrink) in cases {
      let header = ImageHeader(
        format: .jpeg, width: side, height: side, orientation: .upright, estimatedBytes: 0,
        warnings: [], samples: StoredSamples(), layout: .jpeg)
      let size = PixelSize(width: target, height: target)
      #expect(header.shrink(for: size, Self.fast) == shrink, "\(side) to \(target)")
      #expect(header.shrink(for: size, DecodeOptions()) == 1)
    }
  }

  @Test func `other formats are never shrunk by their codec`() throws {
    let png = StreamedViewTests.png(orientation: 1)
    let header = try png.withUnsafeBytes { try ImageHeader.read($0) }
    #expect(header.shrink(for: PixelSize(width: 2, height: 2), Self.fast) == 1)
  }

  @Test func `weights of a shown part are those of its positions`() {
    // Two thirds of the last of three positions are shown, or of the first one.
    let atEnd = Taps(.box, from: 3, to: 1, range: 0..<1, extent: 0..<2.3)
    #expect(atEnd.first == [0] && atEnd.count == [2])
    let atStart = Taps(.box, from: 3, to: 1, range: 0..<1, extent: 0.7..<3)
    #expect(atStart.first == [1] && atStart.count == [2])
  }

  @Test(.enabled(if: SharedFolder.isPresent, "needs ../shared"))
  func `a shrunk photo of any orientation looks like the whole one`() throws {
    let folder = try #require(SharedFolder.path) + "/photos/exif_orientation"
    for photo in files(below: folder) where photo.hasSuffix(".jpg") {
      try fileBytes(photo).withUnsafeBytes { raw in
        let header = try ImageHeader.read(raw)
        let short = min(header.uprightWidth, header.uprightHeight)
        for shrink in [2, 4, 8] {
          let side = short / shrink / 2
          let geometry = try InputGeometry(
            upright: header.uprightSize, input: PixelSize(width: side, height: side),
            resize: .shortSide(side), crop: .center)
          #expect(header.shrink(for: geometry.resized, Self.fast) == shrink)
          let whole = try DecodedImage.decode(raw, header: header, options: DecodeOptions())
          let shrunk = try DecodedImage.decode(
            raw, header: header, options: Self.fast, shrink: shrink)
          let (exact, fast) = (
            try whole.pixels.modelView(geometry).bytes,
            try shrunk.image.modelView(geometry, filter: .bilinear).bytes
          )
          let sum = zip(exact, fast).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
          #expect(Double(sum) / Double(exact.count) < 4, "\(photo) at 1/\(shrink)")
        }
      }
    }
  }
}
