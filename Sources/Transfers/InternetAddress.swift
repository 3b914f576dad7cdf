#if canImport(Glibc)
import Glibc
#endif

/// An IPv4 or IPv6 address.
public struct InternetAddress: Sendable, Hashable {
  /// 4 or 16 bytes in network order.
  public let bytes: [UInt8]

  /// - Parameter bytes: 4 or 16 of them; `nil` for other counts.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    self.bytes = bytes
  }

  /// Reads dotted decimal without leading zeros, or the text form of IPv6 without a zone.
  public init?(_ text: String) {
    var bytes = [UInt8](repeating: 0, count: 16)
    if text.contains(":") {
      guard inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
      self.bytes = bytes
    } else {
      guard inet_pton(AF_INET, text, &bytes) == 1 else { return nil }
      self.bytes = Array(bytes.prefix(4))
    }
  }

  /// The address as text, as it stands in a URL.
  var hostText: String {
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let family = bytes.count == 4 ? AF_INET : AF_INET6
    inet_ntop(family, bytes, &buffer, socklen_t(buffer.count))
    let text = String(
      decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return family == AF_INET ? text : "[\(text)]"
  }
}

extension InternetAddress {
  /// Who can be reached at an address.
  public enum Reach: String, Sendable, CaseIterable {
    case anyone = "public"
    /// Loopback, private and shared networks.
    case local = "private"
    /// What hands out credentials to virtual machines.
    case metadata
    case linkLocal = "link-local"
    case multicast
    /// Unspecified, broadcast, documentation, benchmarking and what is not assigned.
    case reserved
    /// An IPv4 address inside an IPv6 address, by translation or tunnel.
    case embedding
  }

  /// By the IANA registries of special-purpose addresses (RFC 6890 and what followed it).
  public var reach: Reach {
    if Self.metadata.contains(where: { $0.bytes == bytes }) { return .metadata }
    if bytes.count == 4 {
      return Self.version4.first { $0.contains(bytes) }?.reach ?? .anyone
    }
    // Only 2000::/3 is assigned for the internet at large.
    return Self.version6.first { $0.contains(bytes) }?.reach
      ?? (bytes[0] & 0xE0 == 0x20 ? .anyone : .reserved)
  }

  /// The IPv4 address inside an IPv6 address of reach `embedding`.
  public var embedded: InternetAddress? {
    guard reach == .embedding else { return nil }
    if bytes.starts(with: [0x20, 0x02]) { return InternetAddress(bytes: Array(bytes[2..<6])) }
    if bytes.starts(with: [0x20, 0x01]) {
      // Teredo keeps the client's address inverted.
      return InternetAddress(bytes: bytes[12...].map { ~$0 })
    }
    return InternetAddress(bytes: Array(bytes[12...]))
  }

  /// Whether a transfer may connect to the address.
  ///
  /// - Parameter allowingPrivate: admits private networks. Link-local addresses, those of metadata
  ///   services, multicast and reserved ones stay closed.
  public func isPermitted(allowingPrivate: Bool) -> Bool {
    switch reach {
    case .anyone: true
    case .local: allowingPrivate
    case .embedding: allowingPrivate && embedded?.isPermitted(allowingPrivate: true) == true
    case .metadata, .linkLocal, .multicast, .reserved: false
    }
  }

  private struct Block {
    let prefix: [UInt8]
    let bits: Int
    let reach: Reach

    init(_ prefix: [UInt8], _ bits: Int, _ reach: Reach) {
      self.prefix = prefix
      self.bits = bits
      self.reach = reach
    }

    func contains(_ bytes: [UInt8]) -> Bool {
      for index in 0..<bits / 8 where bytes[index] != byte(index) { return false }
      let rest = bits % 8
      if rest == 0 { return true }
      let mask = UInt8(truncatingIfNeeded: 0xFF00 >> rest)
      return bytes[bits / 8] & mask == byte(bits / 8) & mask
    }

    private func byte(_ index: Int) -> UInt8 { index < prefix.count ? prefix[index] : 0 }
  }

  private static let metadata = [
    "169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254",
  ].compactMap { InternetAddress($0) }

  private static let version4 = [
    Block([0], 8, .reserved), Block([10], 8, .local), Block([100, 64], 10, .local),
    Block([127], 8, .local), Block([169, 254], 16, .linkLocal), Block([172, 16], 12, .local),
    Block([192, 0, 0], 24, .reserved), Block([192, 0, 2], 24, .reserved),
    Block([192, 88, 99], 24, .reserved), Block([192, 168], 16, .local),
    Block([198, 18], 15, .reserved), Block([198, 51, 100], 24, .reserved),
    Block([203, 0, 113], 24, .reserved), Block([224], 4, .multicast), Block([240], 4, .reserved),
  ]

  private static let version6 = [
    Block([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 128, .local),
    Block([], 128, .reserved),
    // IPv4-compatible and IPv4-mapped, translated (RFC 2765), NAT64 (RFC 6052).
    Block([], 96, .embedding), Block([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], 96, .embedding),
    Block([0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], 96, .embedding),
    Block([0x00, 0x64, 0xFF, 0x9B], 96, .embedding),
    Block([0x20, 0x01, 0x00, 0x00], 32, .embedding), Block([0x20, 0x02], 16, .embedding),
    // Other assignments to protocols, documentation.
    Block([0x20, 0x01], 23, .reserved), Block([0x20, 0x01, 0x0D, 0xB8], 32, .reserved),
    Block([0x3F, 0xFF], 20, .reserved),
    Block([0xFC], 7, .local), Block([0xFE, 0x80], 10, .linkLocal),
    Block([0xFE, 0xC0], 10, .local), Block([0xFF], 8, .multicast),
  ]
}
