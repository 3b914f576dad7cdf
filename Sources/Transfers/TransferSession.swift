import CTransfers
public import Faults
import FileAccess

/// A request to a server.
public struct TransferRequest: Sendable {
  public var url: WebURL
  /// Without control characters.
  public var headers: [(name: String, value: String)] = []
  /// The body of a POST; `nil` for GET.
  public var body: [UInt8]?
  /// The most bytes of an answer.
  public var limit: Int

  public init(_ url: WebURL, limit: Int) {
    self.url = url
    self.limit = limit
  }
}

/// What a server has answered.
public struct TransferResponse: Sendable {
  public var status: Int
  /// Names in lower case.
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]

  public func header(_ name: String) -> String? {
    headers.last { $0.name == name }?.value
  }
}

/// Connections that one thread uses, kept open between requests to a host.
public final class TransferSession {
  private let policy: TransferPolicy
  private let resolver: HostResolver
  private let isCancelled: @Sendable () -> Bool
  private let handle: UnsafeMutableRawPointer

  /// - Throws: `Fault` with code `resource.exhausted` when libcurl cannot be loaded.
  public init(
    _ policy: TransferPolicy, resolver: HostResolver = .system,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Fault) {
    switch Self.library {
    case .success: break
    case .failure(let fault): throw fault
    }
    guard let handle = ic_transfers_open() else {
      throw Fault(.resourceExhausted, "no memory for a connection")
    }
    self.policy = policy
    self.resolver = resolver
    self.isCancelled = isCancelled
    self.handle = handle
  }

  deinit {
    ic_transfers_close(handle)
  }

  /// Loads the library that reads URLs; it is loaded by itself when a URL is first read.
  /// - Throws: `Fault` with code `resource.exhausted` where it is missing.
  public static func loadLibrary() throws(Fault) {
    try library.get()
  }

  private static let library = load(["libcurl.so.4", "libcurl-gnutls.so.4"])

  static func load(_ names: [String]) -> Result<Void, Fault> {
    if names.contains(where: { ic_transfers_load($0) != 0 }) { return .success(()) }
    return .failure(
      Fault(
        .resourceExhausted,
        "URLs need libcurl, which is not installed: install the package libcurl4"))
  }

  /// Sends one request and reads the answer, whatever its status; a redirect is an answer.
  ///
  /// - Throws: `Fault` with code `access.denied` for what the policy closes, `timeout.upstream`,
  ///   `upload.too_large` for an answer beyond the limit, `upstream.failed` for what the network or
  ///   the server did.
  public func send(_ request: TransferRequest) throws(Fault) -> TransferResponse {
    try policy.check(request.url)
    let addresses = try resolve(request.url)
    let exchange = Exchange(policy, isCancelled)
    let lines = request.headers.map { "\($0.name): \($0.value)" } + ["Expect:"]
    var transfer = ic_transfer()
    transfer.limit = Int64(request.limit)
    transfer.connect_milliseconds = Int(policy.connectSeconds * 1000)
    transfer.total_milliseconds = Int(policy.totalSeconds * 1000)
    transfer.stall_seconds = max(1, Int(policy.stallSeconds.rounded(.up)))
    exchange.connect(to: &transfer)
    // A POST without bytes still needs a pointer.
    let body = request.body.map { $0.isEmpty ? [0] : $0 } ?? []
    withCStrings(lines) { lines in
      body.withUnsafeBufferPointer { body in
        withOptionalCString(addresses) { addresses in
          withOptionalCString(policy.authorities?.text) { authorities in
            request.url.text.withCString { url in
              transfer.url = url
              transfer.addresses = addresses
              transfer.authorities = authorities
              lines.withUnsafeBufferPointer { lines in
                transfer.headers = lines.baseAddress
                transfer.header_count = lines.count
                transfer.body = request.body == nil ? nil : body.baseAddress
                transfer.body_count = request.body?.count ?? 0
                ic_transfers_perform(handle, &transfer)
              }
            }
          }
        }
      }
    }
    return try exchange.response(to: request, transfer)
  }

  /// What the library is told about the host; `nil` for a literal address.
  private func resolve(_ url: WebURL) throws(Fault) -> String? {
    if InternetAddress(url.host) != nil { return nil }
    let addresses: [InternetAddress]
    do throws(Fault) {
      addresses = try resolver.addresses(url.host, policy.connectSeconds)
    } catch {
      throw error.prefixed(url.origin)
    }
    try policy.check(addresses, of: url)
    return "\(url.host):\(url.port):" + addresses.map(\.hostText).joined(separator: ",")
  }
}

/// What the callbacks of one exchange work on.
private final class Exchange {
  let policy: TransferPolicy
  let isCancelled: @Sendable () -> Bool
  var headers: [(name: String, value: String)] = []
  var headerBytes = 0
  var body: [UInt8] = []
  var closedReach: InternetAddress.Reach?

  static let headerLimit = 256 << 10

  init(_ policy: TransferPolicy, _ isCancelled: @escaping @Sendable () -> Bool) {
    self.policy = policy
    self.isCancelled = isCancelled
  }

  /// Sets the callbacks; the exchange must outlive the transfer.
  func connect(to transfer: inout ic_transfer) {
    transfer.context = Unmanaged.passUnretained(self).toOpaque()
    transfer.permits = { context, bytes, count in
      guard let exchange = Exchange.of(context), let bytes else { return 0 }
      return exchange.permits(Array(UnsafeBufferPointer(start: bytes, count: count))) ? 1 : 0
    }
    transfer.header = { context, bytes, count in
      guard let exchange = Exchange.of(context), let bytes else { return }
      exchange.note(header: UnsafeBufferPointer(start: bytes, count: count))
    }
    transfer.receive = { context, bytes, count in
      guard let exchange = Exchange.of(context), let bytes else { return }
      exchange.body.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
    }
    transfer.is_cancelled = { context in
      guard let exchange = Exchange.of(context) else { return 1 }
      return exchange.isCancelled() || exchange.headerBytes > Exchange.headerLimit ? 1 : 0
    }
  }

  private static func of(_ context: UnsafeMutableRawPointer?) -> Exchange? {
    context.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
  }

  private func permits(_ bytes: [UInt8]) -> Bool {
    guard let address = InternetAddress(bytes: bytes) else { return false }
    if address.isPermitted(allowingPrivate: policy.allowsPrivateNetworks) { return true }
    closedReach = address.reach
    return false
  }

  private func note(header bytes: UnsafeBufferPointer<UInt8>) {
    headerBytes += bytes.count
    guard headerBytes <= Self.headerLimit else { return }
    let line = String(decoding: bytes, as: UTF8.self)
    // A new status line begins a new answer, after 100 Continue.
    if line.hasPrefix("HTTP/") {
      headers = []
      return
    }
    guard let colon = line.firstIndex(of: ":") else { return }
    let value = line[line.index(after: colon)...].filter { !$0.isNewline }
    headers.append((line[..<colon].lowercased(), String(value.drop { $0 == " " || $0 == "\t" })))
  }

  func response(
    to request: TransferRequest, _ transfer: ic_transfer
  ) throws(Fault) -> TransferResponse {
    let origin = request.url.origin
    let reason = transfer.reason.map { String(cString: $0).lowercased() } ?? ""
    let status = Int(transfer.status)
    switch transfer.end {
    case IC_TRANSFER_COMPLETE:
      return TransferResponse(status: status, headers: headers, body: body)
    case IC_TRANSFER_ADDRESS_DENIED:
      throw TransferPolicy.denied(request.url, closedReach ?? .reserved)
    case IC_TRANSFER_TOO_LARGE:
      throw Fault(
        .uploadTooLarge,
        "the answer of \(origin) is larger than the limit of \(request.limit) bytes",
        details: ["limit": .int(request.limit), "upstream_status": .int(status)])
    case IC_TRANSFER_TIMED_OUT:
      throw Fault(
        .timeoutUpstream, "\(origin) did not answer in time: try later, or raise the time",
        details: ["origin": .string(origin)])
    case IC_TRANSFER_CANCELLED:
      throw Fault(.upstreamFailed, "the transfer from \(origin) was given up")
    case IC_TRANSFER_NO_MEMORY:
      throw Fault(.resourceExhausted, "no memory for a connection to \(origin)")
    case IC_TRANSFER_MISUSED:
      throw Fault(.internalError, "libcurl refuses a request to \(origin): \(reason)")
    default:
      throw Fault(
        .upstreamFailed, "\(origin) failed: \(reason)",
        details: ["origin": .string(origin), "upstream_status": .int(status)])
    }
  }
}

private func withOptionalCString<R>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> R) -> R {
  guard let text else { return body(nil) }
  return text.withCString { body($0) }
}

/// Calls `body` with the texts as an array of C strings.
private func withCStrings<R>(_ texts: [String], _ body: ([UnsafePointer<CChar>?]) -> R) -> R {
  var offsets: [Int] = []
  var bytes: [CChar] = []
  for text in texts {
    offsets.append(bytes.count)
    bytes += text.utf8CString
  }
  return bytes.withUnsafeBufferPointer { buffer in
    body(offsets.map { offset in buffer.baseAddress.map { $0 + offset } })
  }
}
