public import Faults
import Workers

#if canImport(Glibc)
import Glibc
#endif

/// Finds the addresses of a host name.
public struct HostResolver: Sendable {
  /// Gets the name and the longest time in seconds.
  public var addresses: @Sendable (String, Double) throws(Fault) -> [InternetAddress]

  public init(
    _ addresses: @escaping @Sendable (String, Double) throws(Fault) -> [InternetAddress]
  ) {
    self.addresses = addresses
  }

  /// The resolver of the system.
  public static let system = HostResolver { (name, seconds) throws(Fault) in
    // The system's function cannot be interrupted: it gets a thread that may be left behind.
    let answer = Monitor<Lookup?>(nil)
    let thread = WorkerThread("resolver") {
      let lookup = Lookup(name)
      answer.update { $0 = lookup }
    }
    guard let thread else { throw Fault(.resourceExhausted, "no thread could be started") }
    thread.detach()
    let lookup: Lookup? = answer.wait(milliseconds: Int(seconds * 1000)) { $0 }
    guard let lookup else {
      throw Fault(.timeoutUpstream, "the name of a host was not resolved in \(Int(seconds)) s")
    }
    guard !lookup.addresses.isEmpty else {
      throw Fault(.upstreamFailed, "the name of the host cannot be resolved: \(lookup.reason)")
    }
    return lookup.addresses
  }
}

private struct Lookup: Sendable {
  var addresses: [InternetAddress] = []
  var reason = ""

  init(_ name: String) {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG
    var list: UnsafeMutablePointer<addrinfo>?
    let error = getaddrinfo(name, nil, &hints, &list)
    guard error == 0 else {
      reason = String(cString: gai_strerror(error)).lowercased()
      return
    }
    defer { freeaddrinfo(list) }
    var entry = list
    while let found = entry?.pointee {
      if let address = Self.address(found), !addresses.contains(address) {
        addresses.append(address)
      }
      entry = found.ai_next
    }
  }

  private static func address(_ entry: addrinfo) -> InternetAddress? {
    guard let start = UnsafeRawPointer(entry.ai_addr) else { return nil }
    if entry.ai_family == AF_INET, entry.ai_addrlen >= socklen_t(MemoryLayout<sockaddr_in>.size) {
      let address = start.loadUnaligned(as: sockaddr_in.self).sin_addr
      return InternetAddress(bytes: withUnsafeBytes(of: address) { Array($0) })
    }
    if entry.ai_family == AF_INET6, entry.ai_addrlen >= socklen_t(MemoryLayout<sockaddr_in6>.size) {
      let address = start.loadUnaligned(as: sockaddr_in6.self).sin6_addr
      return InternetAddress(bytes: withUnsafeBytes(of: address) { Array($0) })
    }
    return nil
  }
}
