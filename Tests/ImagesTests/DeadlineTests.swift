import Faults
import Images
import Testing

struct DeadlineTests {
  /// A JPEG whose header claims far more rows than its data gives; padding goes on to the last.
  private static let tallJPEG: [UInt8] = {
    var bytes = JPEGDecodingTests.samples[0].bytes
    let frame = (0..<bytes.count).first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 } ?? 0
    bytes[frame + 5] = 0x40
    bytes[frame + 6] = 0
    return bytes
  }()

  static let files: [(name: String, bytes: [UInt8])] = [
    ("JPEG", tallJPEG),
    (
      "PNG",
      SamplePNG(width: 4, height: 400, rows: (0..<400).map { _ in Array(1...12) }).bytes
    ),
    ("TIFF", SampleTIFF(height: 3, rowsPerStrip: 1, blocks: [[1, 2], [3, 4], [5, 6]]).bytes),
  ]

  @Test func `decoding that takes longer than it may is given up`() throws {
    for (name, bytes) in Self.files {
      var options = DecodeOptions()
      options.truncated = .pad
      #expect(throws: Never.self, "\(name)") { try decode(bytes, options: options) }
      options.limits.cpuSeconds = 0
      let fault = #expect(throws: Fault.self, "\(name)") { try decode(bytes, options: options) }
      #expect(fault?.code == .imageDecodingFailed, "\(name)")
      #expect(fault?.details["reason"] == .string("deadline"), "\(name)")
    }
  }

  @Test func `a header tells what decoding takes at most`() throws {
    for (name, bytes) in Self.files {
      let header = try bytes.withUnsafeBytes { try ImageHeader.read($0) }
      let pixels = header.width * header.height * 3
      #expect(header.estimatedBytes > pixels, "\(name)")
      #expect(header.estimatedBytes < pixels + 4 << 20, "\(name)")
    }
  }
}
