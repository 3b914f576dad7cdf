/// The name of a stored object: `sha256:` and the SHA-256 of its bytes in hexadecimal.
public struct StorageID: Sendable, Hashable {
  /// 64 digits in lower case.
  public let sha256: String

  /// - Returns: `nil` for any other text, upper case included.
  public init?(_ text: String) {
    guard text.hasPrefix(Self.prefix), text == text.lowercased() else { return nil }
    self.init(sha256: String(text.dropFirst(Self.prefix.count)))
  }

  /// - Returns: `nil` unless there are 64 hexadecimal digits.
  public init?(sha256: String) {
    let isDigest = sha256.utf8.count == 64 && sha256.utf8.allSatisfy(isHexadecimal)
    guard isDigest else { return nil }
    self.sha256 = sha256.lowercased()
  }

  public var text: String { Self.prefix + sha256 }

  private static let prefix = "sha256:"
}

/// Whether the byte is a hexadecimal digit of either case.
func isHexadecimal(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
    UInt8(ascii: "A")...UInt8(ascii: "F"):
    true
  default: false
  }
}
