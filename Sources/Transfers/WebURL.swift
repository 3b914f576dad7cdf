import Digests
public import Faults

/// An `http` or `https` URL.
///
/// Paths and queries often carry secrets, so that a URL describes itself by its origin only.
public struct WebURL: Sendable, Hashable {
  public let scheme: Scheme
  /// In lower case; an IPv6 address without brackets.
  public let host: String
  public let port: Int
  /// Path and query as they are sent, percent-encoded.
  public let target: String

  public enum Scheme: String, Sendable {
    case http
    case https

    public var standardPort: Int { self == .https ? 443 : 80 }
  }

  static let lengthLimit = 16 << 10

  /// Reads an absolute URL strictly (RFC 3986); a fragment is dropped, characters beyond ASCII in
  /// path and query are percent-encoded.
  ///
  /// - Throws: `Fault` with code `access.denied` for other schemes, user names and disguised
  ///   addresses, else `param.out_of_range`. No message shows the URL.
  public init(_ text: String) throws(Fault) {
    guard text.utf8.count <= Self.lengthLimit else {
      throw Fault(.paramOutOfRange, "a URL must not be longer than \(Self.lengthLimit) bytes")
    }
    let bytes = Array(text.utf8)
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
      bytes[(colon + 1)...].starts(with: "//".utf8)
    else {
      throw Fault(.paramOutOfRange, "a URL must begin with https://")
    }
    guard let scheme = Scheme(rawValue: lowercased(bytes[..<colon])) else {
      throw Fault(.accessDenied, "only https URLs are read: give an https URL or a path")
    }
    let rest = bytes[(colon + 3)...]
    let end = rest.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
    let authority = try Authority(rest[..<end], standardPort: scheme.standardPort)
    self.init(
      scheme: scheme, host: authority.host, port: authority.port,
      target: try Self.encodedTarget(rest[end...]))
  }

  init(scheme: Scheme, host: String, port: Int, target: String) {
    self.scheme = scheme
    self.host = host
    self.port = port
    self.target = target
  }

  /// Scheme, host, and the port when it is not the usual one.
  public var origin: String {
    let suffix = port == scheme.standardPort ? "" : ":\(port)"
    return "\(scheme.rawValue)://\(bracketedHost)\(suffix)"
  }

  /// The URL without its query.
  public var withoutQuery: String {
    origin + target.prefix { $0 != "?" }
  }

  /// Whether there is a query, which is often a signature or a key.
  public var hasQuery: Bool { target.contains("?") }

  /// The SHA-256 of the whole URL in hexadecimal.
  public var digest: String { SHA256.hex(of: Array(text.utf8)) }

  var text: String { origin + target }

  var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }

  private static func encodedTarget(_ bytes: ArraySlice<UInt8>) throws(Fault) -> String {
    var result: [UInt8] = bytes.first == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "#"): return String(decoding: result, as: UTF8.self)
      case 0...0x20, 0x7F, UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "<"),
        UInt8(ascii: ">"):
        throw Fault(
          .paramOutOfRange, "a URL must not hold spaces, quotes, \\ or control characters")
      case 0x80...:
        result += "%\(hexadecimal([byte]).uppercased())".utf8
      default: result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

extension WebURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { origin }
  public var debugDescription: String { origin }
  public var customMirror: Mirror { Mirror(self, children: ["origin": origin]) }
}

/// Host and port of a URL.
private struct Authority {
  var host: String
  var port: Int

  init(_ bytes: ArraySlice<UInt8>, standardPort: Int) throws(Fault) {
    if bytes.contains(UInt8(ascii: "@")) {
      throw Fault(.accessDenied, "a URL must not hold a user name or password")
    }
    port = standardPort
    var name = bytes
    let closing = bytes.firstIndex(of: UInt8(ascii: "]"))
    let colon = bytes[(closing ?? bytes.startIndex)...].firstIndex(of: UInt8(ascii: ":"))
    if let colon {
      name = bytes[..<colon]
      let digits = bytes[(colon + 1)...]
      guard digits.isEmpty || digits.allSatisfy({ isDigit($0) }), digits.count <= 5,
        let number = digits.isEmpty ? standardPort : Int(String(decoding: digits, as: UTF8.self)),
        (1...65535).contains(number)
      else { throw Fault(.paramOutOfRange, "the port of a URL must be 1 to 65535") }
      port = number
    }
    host = try Self.host(name)
  }

  private static func host(_ bytes: ArraySlice<UInt8>) throws(Fault) -> String {
    if bytes.first == UInt8(ascii: "[") {
      let inner = String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self)
      guard bytes.last == UInt8(ascii: "]"), let address = InternetAddress(inner),
        address.bytes.count == 16
      else { throw Fault(.paramOutOfRange, "the IPv6 address of a URL cannot be read") }
      return lowercased(bytes.dropFirst().dropLast())
    }
    let name = lowercased(bytes)
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    guard !bytes.isEmpty, bytes.count <= 253, bytes.allSatisfy({ isHostByte($0) }),
      labels.first?.isEmpty == false, labels.allSatisfy({ $0.utf8.count <= 63 })
    else {
      throw Fault(
        .paramOutOfRange,
        "the host of a URL must be made of letters, digits, dots and hyphens (xn-- for others)")
    }
    // 127.1, 0x7f.0.0.1 and 2130706433 are addresses to many programs, in many readings.
    let last = labels.last { !$0.isEmpty } ?? ""
    let isNumber = last.utf8.allSatisfy({ isDigit($0) }) || last.hasPrefix("0x")
    if isNumber, InternetAddress(name) == nil {
      throw Fault(.accessDenied, "the host of a URL is an address in an unusual notation")
    }
    return name
  }
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

private func isHostByte(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."),
    UInt8(ascii: "_"):
    true
  default: false
  }
}

private func lowercased(_ bytes: some Sequence<UInt8>) -> String {
  String(decoding: bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
}
