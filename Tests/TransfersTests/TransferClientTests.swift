import Faults
import InfercamTestSupport
import Testing
import Workers

@testable import Transfers

/// Time that passes only by waiting.
final class TestTime: Sendable {
  private let state: Monitor<(now: Double, waits: [Double])> = Monitor((0, []))

  var waits: [Double] { state.withLock { $0.waits } }

  func pass(_ seconds: Double) { state.update { $0.now += seconds } }

  func time(random: Double = 0.5) -> TransferTime {
    TransferTime(
      now: { self.state.withLock { $0.now } }, unixTime: { 1_000_000 },
      wait: { seconds, isCancelled in
        if isCancelled() { return false }
        self.state.update {
          $0.now += seconds
          $0.waits.append(seconds)
        }
        return true
      }, random: { random })
  }
}

struct TransferClientTests {
  let time = TestTime()

  func client(ports: Set<Int>? = nil) -> TransferClient {
    var policy = TransferPolicy()
    policy.allowsHTTP = true
    policy.allowsPrivateNetworks = true
    policy.ports = ports
    var client = TransferClient(policy)
    client.time = time.time()
    client.resolver = HostResolver { (name, _) throws(Fault) in
      switch name {
      case "local.test": [InternetAddress("127.0.0.1")].compactMap(\.self)
      case "mixed.test": ["93.184.216.34", "127.0.0.1"].compactMap { InternetAddress($0) }
      case "link.test": ["127.0.0.1", "169.254.169.254"].compactMap { InternetAddress($0) }
      default: throw Fault(.upstreamFailed, "no such host")
      }
    }
    return client
  }

  func fetch(
    _ url: String, _ client: TransferClient, limit: Int = 1 << 20, gate: HostGate? = nil
  ) throws -> TransferResponse {
    try client.fetch(
      WebURL(url), limit: limit, session: client.makeSession(), gate: gate)
  }

  @Test func `a body is read, by name and by address`() throws {
    let receiver = try HTTPReceiver { request, _ in
      .answer(200, headers: [("Content-Type", "image/png")], body: Array(request.target.utf8))
    }
    for origin in ["http://local.test:\(receiver.port)", receiver.origin] {
      let response = try fetch(origin + "/a/../b?c=d#e", client())
      #expect(response.body == Array("/a/../b?c=d".utf8))
      #expect(response.header("content-type") == "image/png")
    }
    let request = try #require(receiver.requests.first)
    #expect(request.method == "GET")
    #expect(request.headers["host"] == "local.test:\(receiver.port)")
    #expect(request.headers["cookie"] == nil && request.headers["authorization"] == nil)
  }

  @Test func `what the policy closes is not connected to`() throws {
    let receiver = try HTTPReceiver { _, _ in .answer(200) }
    let port = receiver.port
    var closed = client()
    closed.policy.allowsPrivateNetworks = false
    for host in ["127.0.0.1", "local.test", "mixed.test", "[::1]", "[::ffff:127.0.0.1]"] {
      let fault = #expect(throws: Fault.self) {
        try fetch("http://\(host):\(port)/?canary", closed)
      }
      #expect(fault?.code == .accessDenied)
      #expect(fault?.message.contains("canary") == false)
    }
    for url in ["http://link.test:\(port)/", "http://169.254.169.254/", "http://[fe80::1]/"] {
      #expect(throws: Fault.self) { try fetch(url, client()) }
    }
    var secure = client()
    secure.policy.allowsHTTP = false
    #expect(throws: Fault.self) { try fetch("http://local.test:\(port)/", secure) }
    #expect(throws: Fault.self) {
      try fetch("http://local.test:\(port)/", client(ports: [port + 1]))
    }
    #expect(receiver.requests.isEmpty)
    #expect(try fetch("http://local.test:\(port)/", client(ports: [port])).status == 200)
  }

  @Test func `redirects are followed and counted`() throws {
    let receiver = try HTTPReceiver { request, _ in
      let step = Int(request.target.dropFirst()) ?? 0
      if step == 0 { return .answer(200, body: [7]) }
      return .answer([301, 302, 303, 307][step % 4], headers: [("Location", "\(step - 1)")])
    }
    #expect(try fetch(receiver.origin + "/3", client()).body == [7])
    let fault = #expect(throws: Fault.self) { try fetch(receiver.origin + "/4", client()) }
    #expect(fault?.code == .upstreamFailed)
    #expect(receiver.requests.count == 4 + 4)
    #expect(time.waits.isEmpty)
  }

  @Test(arguments: [
    "http://169.254.169.254/latest", "http://user@127.0.0.1/", "ftp://127.0.0.1/",
    "http://127.0.0.1:1/", "https://127.0.0.1/", "http://127.1/", "//0/",
    "http://[::ffff:a9fe:a9fe]/",
  ])
  func `each redirect is checked`(location: String) throws {
    let receiver = try HTTPReceiver { _, _ in .answer(302, headers: [("Location", location)]) }
    var client = client(ports: [receiver.port])
    client.backoff.attempts = 1
    let fault = #expect(throws: Fault.self) { try fetch(receiver.origin, client) }
    // Nothing listens on port 443 of this machine, or it does not speak for the address.
    #expect(fault?.code == (location.hasPrefix("https") ? .upstreamFailed : .accessDenied))
    #expect(receiver.requests.count == 1)
  }

  @Test func `what may pass is tried again after growing delays`() throws {
    let receiver = try HTTPReceiver { _, number in
      [.answer(503), .reset, .answer(429, headers: [("Retry-After", "7")]), .answer(200)][number]
    }
    #expect(try fetch(receiver.origin, client()).status == 200)
    #expect(time.waits == [0.25, 0.5, 7])
  }

  @Test(arguments: [400, 401, 403, 404, 410, 501])
  func `what will not pass is not tried again`(status: Int) throws {
    let receiver = try HTTPReceiver { _, _ in .answer(status) }
    let fault = #expect(throws: Fault.self) { try fetch(receiver.origin + "/?canary", client()) }
    #expect(fault?.code == .upstreamFailed)
    #expect(fault?.details["upstream_status"] == .int(status))
    #expect(fault?.message.contains("canary") == false)
    #expect(receiver.requests.count == 1)
  }

  @Test func `attempts end`() throws {
    let receiver = try HTTPReceiver { _, _ in .answer(500) }
    let fault = #expect(throws: Fault.self) { try fetch(receiver.origin, client()) }
    #expect(fault?.details["attempts"] == .int(4))
    #expect(receiver.requests.count == 4)
    #expect(time.waits.count == 3)
  }

  @Test func `bodies beyond the limit are cut off, announced or not`() throws {
    let large = [UInt8](repeating: 65, count: 5000)
    let receiver = try HTTPReceiver { request, _ in
      switch request.target {
      case "/announced": .answer(200, body: large)
      case "/endless": .raw(Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + large)
      default: .answer(200, body: Array(large.prefix(4000)))
      }
    }
    for path in ["/announced", "/endless"] {
      let fault = #expect(throws: Fault.self) {
        try fetch(receiver.origin + path, client(), limit: 4000)
      }
      #expect(fault?.code == .uploadTooLarge)
    }
    #expect(try fetch(receiver.origin, client(), limit: 4000).body.count == 4000)
    #expect(time.waits.isEmpty)
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "HTTP/1.1 200", "", "not HTTP\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort",
    "HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n",
  ])
  func `answers that lie about themselves fail`(answer: String) throws {
    let receiver = try HTTPReceiver { _, _ in .raw(Array(answer.utf8)) }
    var client = client()
    client.backoff.attempts = 1
    let fault = #expect(throws: Fault.self) { try fetch(receiver.origin, client) }
    #expect(fault?.code == .upstreamFailed)
  }

  @Test func `a server that stalls is given up`() throws {
    let receiver = try HTTPReceiver { _, _ in
      .stall(Array("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".utf8))
    }
    var client = client()
    client.policy.totalSeconds = 0.2
    client.backoff.attempts = 1
    let fault = #expect(throws: Fault.self) { try fetch(receiver.origin, client) }
    #expect(fault?.code == .timeoutUpstream)
    #expect(fault?.kind.httpStatus == 504)
  }

  @Test func `a host that keeps failing is left alone for a while`() throws {
    let receiver = try HTTPReceiver { _, number in .answer(number < 4 ? 500 : 200) }
    var client = client()
    client.backoff.attempts = 1
    let gate = HostGate(failureLimit: 3, pauseSeconds: 30, time: time.time())
    func code() -> Fault.Code? {
      do { _ = try fetch(receiver.origin, client, gate: gate) } catch {
        return (error as? Fault)?.code
      }
      return nil
    }
    #expect((0..<3).map { _ in code() } == [.upstreamFailed, .upstreamFailed, .upstreamFailed])
    #expect(code() == .breakerOpen)
    #expect(receiver.requests.count == 3)
    time.pass(31)
    #expect(code() == .upstreamFailed)
    #expect(code() == .breakerOpen)
    time.pass(31)
    #expect(code() == nil && code() == nil)
    #expect(receiver.requests.count == 6)
  }

  @Test func `whoever may try again waits until the host is tried again`() throws {
    let receiver = try HTTPReceiver { _, number in .answer(number < 2 ? 500 : 200) }
    let gate = HostGate(failureLimit: 2, pauseSeconds: 20, time: time.time())
    #expect(try fetch(receiver.origin, client(), gate: gate).status == 200)
    // Two failures, then the pause of 20 s less what has passed since.
    #expect(time.waits == [0.25, 0.5, 19.5] || time.waits == [0.25, 20])
    #expect(receiver.requests.count == 3)
  }

  @Test func `a host has no more transfers at once than its places`() throws {
    let gate = HostGate(concurrency: 2)
    let url = try WebURL("https://a.test/")
    let other = try WebURL("https://b.test/")
    let peak = Monitor((now: 0, peak: 0, done: 0))
    try gate.enter(other)
    for _ in 0..<8 {
      WorkerThread("transfer") {
        for _ in 0..<50 {
          try? gate.enter(url)
          peak.update {
            $0.now += 1
            $0.peak = max($0.peak, $0.now)
          }
          peak.update { $0.now -= 1 }
          gate.leave(url, isHealthy: true)
        }
        peak.update { $0.done += 1 }
      }?.detach()
    }
    let _: Bool = peak.wait { $0.done == 8 ? true : nil }
    #expect(peak.withLock { $0.peak } <= 2)
  }

  @Test func `a missing library names its package`() {
    guard case .failure(let fault) = TransferSession.load(["libcurl-of-nobody.so"]) else {
      Issue.record("a library that does not exist was loaded")
      return
    }
    #expect(fault.message.contains("libcurl4"))
  }

  @Test func `the system's resolver knows this machine`() throws {
    let addresses = try HostResolver.system.addresses("localhost", 10)
    #expect(addresses.allSatisfy { $0.reach == .local } && !addresses.isEmpty)
    #expect(throws: Fault.self) { try HostResolver.system.addresses("nowhere.invalid", 10) }
  }
}
