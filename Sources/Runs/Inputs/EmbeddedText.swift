import Digests
import Faults
import FileAccess
import JSON

#if canImport(Glibc)
import Glibc
#endif

/// The base64 of an image that stands in a manifest.
///
/// Of a manifest that is a file only the place is kept, and read when the item's turn comes.
struct EmbeddedText: Sendable {
  /// The SHA-256 of the text in hexadecimal: what the frozen list knows the image by.
  let sha256: String
  /// The bytes of the text.
  let count: Int
  /// `nil` when only the frozen list is known.
  var source: Source?

  enum Source: Sendable {
    case memory([UInt8])
    case file(ManifestFile, Range<Int>)
  }

  init(sha256: String, count: Int) {
    self.sha256 = sha256
    self.count = count
  }

  init(_ text: String, _ source: Source) {
    sha256 = SHA256.hex(of: Array(text.utf8))
    count = text.utf8.count
    self.source = source
  }

  /// The image.
  /// - Parameter limit: the most bytes that it may have.
  /// - Throws: `Fault` with code `upload.too_large`, `image.invalid_format` for what is not base64,
  ///   `input.not_found` when the text is not at hand, or is another by now.
  func read(limit: Int, of id: String) throws(Fault) -> [UInt8] {
    guard count <= (limit + 2) / 3 * 4 else {
      throw Fault(
        .uploadTooLarge,
        "the image of \(printable(id)) has about \(count / 4 * 3) bytes, more than the limit of "
          + "\(limit)",
        details: ["limit": .int(limit)])
    }
    let text = try characters(of: id)
    guard let image = bytes(base64: text) else {
      throw Fault(
        .imageInvalidFormat,
        "the image of \(printable(id)) is not base64 with padding and without white space")
    }
    return image
  }

  private func characters(of id: String) throws(Fault) -> [UInt8] {
    switch source {
    case .memory(let text): return text
    case .file(let manifest, let range):
      guard let text = try manifest.string(in: range), SHA256.hex(of: text) == sha256 else {
        throw Fault(
          .inputNotFound,
          "the manifest has changed since it was read: the image of \(printable(id)) is another")
      }
      return text
    case nil:
      throw Fault(
        .inputNotFound,
        "the image of \(printable(id)) is not stored in the run: give the manifest again")
    }
  }
}

/// A manifest whose images are read from it one by one.
final class ManifestFile: Sendable {
  private let file: Descriptor

  /// - Returns: `nil` for anything but a regular file, which cannot be read twice.
  init?(_ path: RawPath) {
    guard let file = try? Descriptor(opening: path, O_RDONLY | O_NONBLOCK | O_NOCTTY),
      (try? file.status())?.kind == .regular
    else { return nil }
    self.file = file
  }

  /// The string whose JSON stands at a place; `nil` when none does.
  func string(in range: Range<Int>) throws(Fault) -> [UInt8]? {
    let token = try file.read(at: range.lowerBound, count: range.count)
    guard let text = (try? JSONValue(parsing: token))?.string else { return nil }
    return Array(text.utf8)
  }
}

/// The range of a JSON string that starts at an offset, quotes included.
func stringToken(in bytes: [UInt8], at start: Int) -> Range<Int> {
  var end = start + 1
  while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
    end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
  }
  return start..<min(end + 1, bytes.count)
}
