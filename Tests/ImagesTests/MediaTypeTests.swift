import Faults
import Images
import Testing

struct MediaTypeTests {
  static let signatures: [(type: MediaType?, bytes: [UInt8])] = [
    (.jpeg, [0xFF, 0xD8, 0xFF, 0xE0]),
    (.png, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
    (.tiff, [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0]), (.tiff, [0x4D, 0x4D, 0, 0x2B, 0, 8, 0, 0]),
    (.bmp, Array("BM".utf8) + [UInt8](repeating: 0, count: 12) + [40, 0, 0, 0]),
    (.gif, Array("GIF89a".utf8)), (.webp, Array("RIFF\0\0\0\0WEBP".utf8)),
    (.svg, Array("\u{FEFF} <?xml version='1.0'?><SVG xmlns=".utf8)),
    (.html, Array("\n<!DOCTYPE html><html>".utf8)), (.pdf, Array("%PDF-1.7".utf8)),
    (.heic, Array("\0\0\0\u{18}ftypheic".utf8)), (.avif, Array("\0\0\0\u{18}ftypavif".utf8)),
    (.zip, Array("PK\u{3}\u{4}".utf8)), (.gzip, [0x1F, 0x8B, 8]), (.icon, [0, 0, 1, 0, 1, 0]),
    (.photoshop, Array("8BPS".utf8)), (nil, Array("BMW is a car maker of some age".utf8)),
    (nil, []), (nil, Array("hello".utf8)), (nil, [8, 7, 18, 7]),
  ]

  @Test func `content is recognised by its signature`() {
    for (type, bytes) in Self.signatures {
      #expect(bytes.withUnsafeBytes { MediaType(sniffing: $0) } == type)
    }
  }

  static let extensions: [(name: String, type: MediaType?)] = [
    ("JPEG", .jpeg), ("jpg", .jpeg), ("tif", .tiff), ("TIFF", .tiff), ("Bmp", .bmp), ("dib", .bmp),
    ("png", .png), ("gif", .gif), ("part", nil), ("", nil),
  ]

  @Test func `extensions declare a type in any case`() {
    for (name, type) in Self.extensions { #expect(MediaType(fileExtension: name) == type) }
  }

  /// Every pair of a declared raster type and the content of another one.
  @Test func `content that is not what the name declares is refused`() {
    let raster = Self.signatures.filter {
      [.jpeg, .png, .tiff, .bmp, .gif, .webp].contains($0.type)
    }
    for (type, bytes) in raster {
      for declared in [MediaType.jpeg, .png, .tiff, .bmp, .gif] where declared != type {
        let fault = #expect(throws: Fault.self) { try decode(bytes, declared: declared) }
        #expect(fault?.code == .imageInvalidFormat)
        #expect(fault?.details["declared"] == .string(declared.rawValue))
        #expect(fault?.details["sniffed"] == .string(type?.rawValue ?? ""))
      }
    }
  }

  static let refusals: [(bytes: [UInt8], declared: MediaType?, code: Fault.Code)] = [
    (Array("GIF89a".utf8), .gif, .imageAnimatedNotSupported),
    (Array("RIFF\0\0\0\0WEBP".utf8), nil, .imageAnimatedNotSupported),
    (Array("<svg>".utf8), .png, .mediaUnsupported), (Array("%PDF-1".utf8), nil, .mediaUnsupported),
    (Array("PK\u{3}\u{4}".utf8), .png, .mediaUnsupported), ([], .png, .imageInvalidFormat),
    (Array("plain text".utf8), .jpeg, .imageInvalidFormat),
  ]

  @Test func `other types are refused with their own codes`() {
    for (bytes, declared, code) in Self.refusals {
      let fault = #expect(throws: Fault.self) { try decode(bytes, declared: declared) }
      #expect(fault?.code == code)
    }
  }
}
