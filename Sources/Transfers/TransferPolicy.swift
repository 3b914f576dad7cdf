public import Faults
public import FileAccess

/// What transfers may reach, and how long they may take.
public struct TransferPolicy: Sendable, Hashable {
  public var allowsHTTP = false
  public var allowsPrivateNetworks = false
  /// Ports beside 443 and, for http, 80; `nil` opens all.
  public var ports: Set<Int>? = []
  /// Trusted certificates in a file instead of those of the system.
  public var authorities: RawPath?

  public var connectSeconds = 10.0
  /// From the first byte sent to the last received, of one attempt.
  public var totalSeconds = 60.0
  /// Nothing received for so long ends an attempt.
  public var stallSeconds = 15.0
  public var redirectLimit = 3

  public init() {}

  /// - Throws: `Fault` with code `access.denied` for a scheme, port or literal address that the
  ///   policy closes.
  public func check(_ url: WebURL) throws(Fault) {
    if url.scheme == .http, !allowsHTTP {
      throw Fault(.accessDenied, "\(url.origin) is not https: use https, or --allow-http")
    }
    if let ports, url.port != url.scheme.standardPort, !ports.contains(url.port) {
      throw Fault(.accessDenied, "port \(url.port) of \(url.origin) is closed: see --allow-port")
    }
    if let address = InternetAddress(url.host) { try check([address], of: url) }
  }

  /// Checks all addresses of a host: one that is closed closes the host.
  func check(_ addresses: [InternetAddress], of url: WebURL) throws(Fault) {
    let closed = addresses.first {
      !$0.isPermitted(allowingPrivate: allowsPrivateNetworks)
    }
    if let closed { throw Self.denied(url, closed.reach) }
  }

  static func denied(_ url: WebURL, _ reach: InternetAddress.Reach) -> Fault {
    let canBeAllowed = reach == .local || reach == .embedding
    return Fault(
      .accessDenied,
      "\(url.origin) leads to a \(reach.rawValue) address"
        + (canBeAllowed ? ": see --allow-private-net" : ", which is never connected to"),
      details: ["origin": .string(url.origin), "reach": .string(reach.rawValue)])
  }
}
