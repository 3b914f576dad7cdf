import Faults
import FileAccess
import Images
import Transfers

extension RawPath {
  /// Whether the word is a web URL and no path.
  var isURL: Bool {
    let start = String(decoding: bytes.prefix(8), as: UTF8.self).lowercased()
    return start.hasPrefix("http://") || start.hasPrefix("https://")
  }
}

extension InputSelection {
  /// Reads the URL of an input.
  ///
  /// - Throws: `Fault` with code `access.denied` where URLs are not read, or not this one.
  func url(_ word: RawPath) throws(Fault) -> WebURL {
    guard let text = word.text else {
      throw Fault(.paramOutOfRange, "a URL must be valid UTF-8")
    }
    let url = try WebURL(text)
    guard let transfers else {
      throw Fault(.accessDenied, "\(url.origin): URLs are read only with --allow-net")
    }
    try transfers.check(url)
    return url
  }
}

/// What a server has sent for an input.
struct ReceivedInput: Sendable {
  var bytes: [UInt8]
  /// The type that the answer's header names, where it is one of an image.
  var declaredType: MediaType?

  init(_ response: TransferResponse) {
    bytes = response.body
    let type = (response.header("content-type") ?? "").prefix { $0 != ";" && $0 != " " }
    declaredType = Self.types[type.lowercased()]
  }

  private static let types: [String: MediaType] = [
    "image/jpeg": .jpeg, "image/pjpeg": .jpeg, "image/png": .png, "image/apng": .png,
    "image/tiff": .tiff, "image/bmp": .bmp, "image/x-ms-bmp": .bmp, "image/gif": .gif,
    "image/webp": .webp, "image/svg+xml": .svg, "image/heic": .heic, "image/heif": .heic,
    "image/avif": .avif, "image/jp2": .jpeg2000, "image/jxl": .jpegxl, "text/html": .html,
    "application/pdf": .pdf,
  ]
}
