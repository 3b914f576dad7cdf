import CLibJPEG
import Faults
import Testing

@testable import Images

/// Only the window of a JPEG that a view needs is decoded to pixels, and nobody can tell.
struct DecodedWindowTests {
  static let samples: [(name: String, jpeg: SampleJPEG)] = [
    ("4:2:0", SampleJPEG()),
    ("4:2:2", SampleJPEG(sampling: (2, 1))),
    ("4:4:0", SampleJPEG(sampling: (1, 2))),
    ("4:4:4", SampleJPEG(sampling: (1, 1))),
    ("4:1:1", SampleJPEG(width: 300, sampling: (4, 1))),
    ("gray", SampleJPEG(components: 1)),
    ("CMYK", SampleJPEG(components: 4, sampling: (1, 1))),
    ("restarts", SampleJPEG(height: 300, restartRows: 1)),
    ("arithmetic", SampleJPEG(arithmetic: true)),
    ("progressive 4:2:0", SampleJPEG(progressive: true)),
    ("progressive 4:4:4", SampleJPEG(sampling: (1, 1), progressive: true)),
    ("progressive arithmetic", SampleJPEG(progressive: true, arithmetic: true)),
    ("separate scans", SampleJPEG(separate: true)),
    ("many rows", SampleJPEG(width: 40, height: 1200)),
    ("many columns", SampleJPEG(width: 1200, height: 40)),
  ]

  /// Views of the middle at several sizes, so that windows begin and end everywhere in a block.
  static func geometries(_ upright: PixelSize) throws -> [InputGeometry] {
    try [(31, 12), (24, 24), (150, 8), (37, 33), (64, 15), (157, 41), (90, 89)].map {
      try InputGeometry(
        upright: upright, input: PixelSize(width: $0.1, height: $0.1), resize: .shortSide($0.0),
        crop: .center)
    }
  }

  @Test(arguments: samples.indices)
  func `the view of a window is that of the whole image`(_ index: Int) throws {
    let (name, jpeg) = Self.samples[index]
    let size = PixelSize(width: jpeg.width, height: jpeg.height)
    let count = try StreamedViewTests.compare(
      jpeg.bytes, name, geometries: Self.geometries(size) + StreamedViewTests.geometries(size))
    #expect(count == (7 + StreamedViewTests.rules.count) * 3)
  }

  @Test(arguments: 1...8)
  func `the window of a turned image is where it belongs`(_ orientation: Int) throws {
    let exif = OrientationTests.exif(UInt8(orientation), bigEndian: false)
    let block = Array("Exif\0\0".utf8) + exif
    var bytes = SampleJPEG().bytes
    bytes.insert(contentsOf: [0xFF, 0xE1, 0, UInt8(block.count + 2)] + block, at: 2)
    let size = try bytes.withUnsafeBytes { try ImageHeader.read($0) }.uprightSize
    #expect(size.width == (orientation > 4 ? 157 : 203))
    let count = try StreamedViewTests.compare(
      bytes, "orientation \(orientation)", geometries: Self.geometries(size))
    #expect(count == 7 * 3)
  }

  @Test func `damage outside the window is found as in the whole image`() throws {
    for jpeg in [SampleJPEG(), SampleJPEG(progressive: true), SampleJPEG(components: 1)] {
      let bytes = jpeg.bytes
      for length in [bytes.count - 2, bytes.count - 3, bytes.count * 9 / 10, bytes.count / 2] {
        let cut = Array(bytes.prefix(length))
        #expect(Self.reason(cut) == .string("truncated"), "\(length) of \(bytes.count)")
      }
      // A marker among the data of the last rows.
      var broken = bytes
      broken.replaceSubrange(bytes.count - 12..<bytes.count - 10, with: [0xFF, 0xD9])
      #expect(Self.reason(broken) == Self.wholeReason(broken))
      #expect(Self.reason(broken) != nil)
    }
  }

  @Test func `damage is in the same row whoever looks`() throws {
    let bytes = SampleJPEG(width: 120, height: 800, sampling: (1, 2)).bytes
    var rows: [Fault.Detail] = []
    for share in 1...9 {
      let cut = Array(bytes.prefix(bytes.count * share / 10))
      let seen = try #require(Self.fault { _ = try Self.view(cut) }?.details["row"])
      #expect(seen == Self.fault { _ = try decode(cut) }?.details["row"])
      rows.append(seen)
    }
    // The rows of blocks are 16 pixels high, and the file is as dense everywhere.
    #expect(rows.count == 9 && Set(rows).count == 9)
    #expect(rows.allSatisfy { if case .int(let row) = $0 { row % 16 == 0 } else { false } })
  }

  @Test func `bytes behind the image are counted as before`() throws {
    for jpeg in [SampleJPEG(), SampleJPEG(progressive: true)] {
      #expect(try Self.view(jpeg.bytes + [1, 2, 3]).warnings == ["trailing_bytes:3"])
    }
  }

  private static func view(_ bytes: [UInt8]) throws -> DecodedView {
    try bytes.withUnsafeBytes { raw in
      let header = try ImageHeader.read(raw)
      return try #require(
        try DecodedView.decode(
          raw, header: header, options: DecodeOptions(),
          geometry: try geometries(header.uprightSize)[0], filter: .bilinear))
    }
  }

  private static func fault(_ body: () throws -> Void) -> Fault? {
    do { try body() } catch { return error as? Fault }
    return nil
  }

  private static func reason(_ bytes: [UInt8]) -> Fault.Detail? {
    fault { _ = try view(bytes) }?.details["reason"]
  }

  private static func wholeReason(_ bytes: [UInt8]) -> Fault.Detail? {
    fault { _ = try decode(bytes) }?.details["reason"]
  }
}
