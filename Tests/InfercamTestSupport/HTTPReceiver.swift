import Faults
import FileAccess
import Workers

#if canImport(Glibc)
import Glibc
#endif

/// A server on the loopback interface that answers as a test tells it to, also badly.
public final class HTTPReceiver: Sendable {
  /// A request as it arrived.
  public struct Request: Sendable {
    public var method = ""
    public var target = ""
    /// Names in lower case.
    public var headers: [String: String] = [:]
    public var body: [UInt8] = []
  }

  /// What the server does with a request.
  public enum Action: Sendable {
    case answer(Int, headers: [(String, String)] = [], body: [UInt8] = [])
    /// Sends these bytes and closes.
    case raw([UInt8])
    /// Sends these bytes and nothing more until the client gives up.
    case stall([UInt8] = [])
    /// Ends the connection without an answer.
    case reset
  }

  private struct State {
    var requests: [Request] = []
    var isStopped = false
  }

  public let port: Int
  private let socket: Int32
  private let state: Monitor<State>

  /// - Parameter respond: gets each request with its number from 0.
  public init(_ respond: @escaping @Sendable (Request, Int) -> Action) throws {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(socket, pointer, length) == 0 && listen(socket, 64) == 0
          && getsockname(socket, pointer, &length) == 0
      }
    }
    guard bound else { throw Fault(errno: errno, "cannot listen on the loopback interface") }
    self.socket = socket
    port = Int(UInt16(bigEndian: address.sin_port))
    let state = Monitor(State())
    self.state = state
    WorkerThread("receiver") {
      while true {
        let connection = accept(socket, nil, nil)
        if connection < 0 {
          if errno == EINTR || errno == ECONNABORTED { continue }
          break
        }
        WorkerThread("connection") {
          Self.serve(connection, state, respond)
          close(connection)
        }?.detach()
      }
      close(socket)
    }?.detach()
  }

  deinit {
    shutdown(socket, Int32(SHUT_RDWR))
  }

  public var origin: String { "http://127.0.0.1:\(port)" }

  /// The requests so far.
  public var requests: [Request] { state.withLock { $0.requests } }

  /// Waits for so many requests.
  public func waitForRequests(_ count: Int) {
    let _: Bool = state.wait { $0.requests.count >= count ? true : nil }
  }

  private static func serve(
    _ connection: Int32, _ state: Monitor<State>,
    _ respond: @Sendable (Request, Int) -> Action
  ) {
    guard let request = read(connection) else { return }
    let number = state.update { state in
      state.requests.append(request)
      return state.requests.count - 1
    }
    switch respond(request, number) {
    case .answer(let status, let headers, let body):
      var head = "HTTP/1.1 \(status) Answer\r\nContent-Length: \(body.count)\r\n"
      for (name, value) in headers { head += "\(name): \(value)\r\n" }
      send(connection, Array((head + "Connection: close\r\n\r\n").utf8) + body)
    case .raw(let bytes): send(connection, bytes)
    case .stall(let bytes):
      send(connection, bytes)
      var byte: UInt8 = 0
      while recv(connection, &byte, 1, 0) > 0 {}
    case .reset:
      var linger = linger(l_onoff: 1, l_linger: 0)
      setsockopt(
        connection, SOL_SOCKET, SO_LINGER, &linger,
        socklen_t(MemoryLayout.size(ofValue: linger)))
    }
  }

  private static func send(_ connection: Int32, _ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.send(
          connection, buffer.baseAddress.map { $0 + sent }, bytes.count - sent,
          Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return }
      sent += count
    }
  }

  /// Reads one request; `nil` when the client has gone.
  private static func read(_ connection: Int32) -> Request? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let end = Array("\r\n\r\n".utf8)
    var request: Request?
    var bodyStart = 0
    while true {
      if request == nil, let start = bytes.indices.first(where: { bytes[$0...].starts(with: end) })
      {
        request = Request(head: String(decoding: bytes[..<start], as: UTF8.self))
        bodyStart = start + end.count
      }
      if var request {
        let length = Int(request.headers["content-length"] ?? "0") ?? 0
        if bytes.count - bodyStart >= length {
          request.body = Array(bytes[bodyStart..<(bodyStart + length)])
          return request
        }
      }
      let count = recv(connection, &buffer, buffer.count, 0)
      if count <= 0 { return nil }
      bytes += buffer[..<count]
    }
  }
}

extension HTTPReceiver.Request {
  fileprivate init(head: String) {
    let lines = head.split(separator: "\r\n")
    let words = (lines.first ?? "").split(separator: " ")
    method = words.first.map(String.init) ?? ""
    target = words.dropFirst().first.map(String.init) ?? ""
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = String(
        line[line.index(after: colon)...].drop { $0 == " " })
    }
  }
}
