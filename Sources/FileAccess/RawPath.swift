#if canImport(Glibc)
import Glibc
#endif

/// A path as the kernel sees it: bytes without NUL, in no particular encoding.
///
/// Two paths are equal when their bytes are; Unicode normalisation plays no part.
public struct RawPath: Hashable, Sendable {
  public let bytes: [UInt8]

  /// The bytes up to the first NUL, which no path can hold.
  public init(bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes.prefix { $0 != 0 })
  }

  public init(_ text: String) {
    self.init(bytes: text.utf8)
  }

  public var isEmpty: Bool { bytes.isEmpty }
  public var isAbsolute: Bool { bytes.first == slash }

  /// The path as text when it is valid UTF-8.
  public var text: String? { String(validating: bytes, as: UTF8.self) }

  /// The path as text; when it is not valid UTF-8, the offending bytes and `%` are written `%XX`.
  public var identifier: String {
    if let text { return text }
    var result = ""
    var rest = bytes[...]
    while !rest.isEmpty {
      let length = validPrefixLength(of: rest)
      if length == 0 {
        result += percentEscape(rest.removeFirst())
      } else {
        let piece = rest.prefix(length)
        result += piece == [UInt8(ascii: "%")] ? "%25" : String(decoding: piece, as: UTF8.self)
        rest = rest.dropFirst(length)
      }
    }
    return result
  }

  /// The path for messages: as `identifier`, with control characters made visible.
  public var display: String { printable(identifier) }

  /// The last component; empty for a path that ends in a slash.
  public var lastComponent: ArraySlice<UInt8> {
    bytes[((bytes.lastIndex(of: slash) ?? -1) + 1)...]
  }

  /// What follows the last dot of the last component, in lower case; `nil` without one.
  public var fileExtension: String? {
    let name = lastComponent
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex,
      let text = String(validating: name[(dot + 1)...], as: UTF8.self), !text.isEmpty
    else { return nil }
    return text.lowercased()
  }

  /// The folder that holds the path; `.` for a bare name.
  public var parent: RawPath {
    guard let last = bytes.lastIndex(of: slash) else { return RawPath(".") }
    return last == 0 ? RawPath("/") : RawPath(bytes: bytes[..<last])
  }

  /// The path below this folder; an absolute path stays as it is.
  public func appending(_ path: RawPath) -> RawPath {
    if path.isAbsolute || bytes.isEmpty { return path }
    let separator = bytes.last == slash ? [] : [slash]
    return RawPath(bytes: bytes + separator + path.bytes)
  }

  public func appending(_ name: String) -> RawPath {
    appending(RawPath(name))
  }

  public func withCString<R, E: Error>(
    _ body: (UnsafePointer<CChar>) throws(E) -> R
  ) throws(E) -> R {
    var terminated = bytes.map(CChar.init(bitPattern:))
    terminated.append(0)
    return try withExtendedArray(terminated, body)
  }
}

/// Returns the text with control characters written `\xNN`, so that a terminal shows and does not obey.
public func printable(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    let value = scalar.value
    if value < 0x20 || (value >= 0x7F && value < 0xA0) {
      result += "\\x" + hexadecimalPair(UInt8(value))
    } else if (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value) {
      result += "\\u{\(String(value, radix: 16))}"
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// Returns `%XX`.
public func percentEscape(_ byte: UInt8) -> String {
  "%" + hexadecimalPair(byte).uppercased()
}

private let slash = UInt8(ascii: "/")

private func hexadecimalPair(_ byte: UInt8) -> String {
  (byte < 16 ? "0" : "") + String(byte, radix: 16)
}

/// How many bytes the first character takes, 0 when they are not valid UTF-8.
private func validPrefixLength(of bytes: ArraySlice<UInt8>) -> Int {
  for length in 1...4 where length <= bytes.count {
    if String(validating: bytes.prefix(length), as: UTF8.self) != nil { return length }
  }
  return 0
}

private func withExtendedArray<R, E: Error>(
  _ array: [CChar], _ body: (UnsafePointer<CChar>) throws(E) -> R
) throws(E) -> R {
  try array.withUnsafeBufferPointer { (buffer) throws(E) -> R in
    guard let start = buffer.baseAddress else { preconditionFailure("the array ends in NUL") }
    return try body(start)
  }
}
