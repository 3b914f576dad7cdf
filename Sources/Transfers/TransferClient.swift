public import Faults

/// Reads what URLs name: follows redirects, tries again, and leaves failing hosts alone.
public struct TransferClient: Sendable {
  public var policy = TransferPolicy()
  public var backoff = Backoff(base: 0.5, cap: 30, attempts: 4)
  public var resolver = HostResolver.system
  public var time = TransferTime.system
  public var isCancelled: @Sendable () -> Bool = { false }

  public init(_ policy: TransferPolicy) {
    self.policy = policy
  }

  public func makeSession() throws(Fault) -> TransferSession {
    try TransferSession(policy, resolver: resolver, isCancelled: isCancelled)
  }

  /// Reads the body of a successful answer.
  ///
  /// Every redirect is checked as the URL was. Failures that may pass are tried again after a delay.
  /// - Parameters:
  ///   - limit: the most bytes that are accepted.
  ///   - gate: asked before and told after each exchange with a host; see `HostGate`.
  /// - Throws: as `TransferSession.send`; `upstream.failed` also for an unsuccessful status.
  public func fetch(
    _ url: WebURL, limit: Int, session: TransferSession, gate: HostGate? = nil
  ) throws(Fault) -> TransferResponse {
    var failures = 0
    while true {
      let failure: TransferFailure
      do throws(TransferFailure) {
        return try followRedirects(url, limit, session, gate)
      } catch {
        failure = error
      }
      failures += 1
      guard failure.isTransient, failures < backoff.attempts, !isCancelled() else {
        throw failure.fault.adding("attempts", .int(failures))
      }
      let delay = backoff.delay(
        after: failures, random: time.random(), retryAfter: failure.retryAfter)
      guard time.wait(delay, isCancelled) else { throw failure.fault }
    }
  }

  private func followRedirects(
    _ first: WebURL, _ limit: Int, _ session: TransferSession, _ gate: HostGate?
  ) throws(TransferFailure) -> TransferResponse {
    var url = first
    for _ in 0...policy.redirectLimit {
      let response = try exchange(url, limit, session, gate)
      if (200..<300).contains(response.status) { return response }
      guard [301, 302, 303, 307, 308].contains(response.status),
        let location = response.header("location")
      else { throw TransferFailure(response, from: url, unixTime: time.unixTime()) }
      do throws(Fault) {
        url = try url.resolving(location)
      } catch {
        throw TransferFailure(error.prefixed("\(url.origin) redirects to what is not read"))
      }
    }
    throw TransferFailure(
      Fault(.upstreamFailed, "\(first.origin) redirects more than \(policy.redirectLimit) times"))
  }

  private func exchange(
    _ url: WebURL, _ limit: Int, _ session: TransferSession, _ gate: HostGate?
  ) throws(TransferFailure) -> TransferResponse {
    do throws(Fault) {
      try gate?.enter(url)
    } catch {
      var failure = TransferFailure(error, isTransient: true)
      if case .double(let rest)? = error.details["retry_after"] { failure.retryAfter = rest }
      throw failure
    }
    do throws(Fault) {
      let response = try session.send(TransferRequest(url, limit: limit))
      gate?.leave(url, isHealthy: response.status < 500)
      return response
    } catch {
      let isTransient = error.code == .upstreamFailed || error.code == .timeoutUpstream
      gate?.leave(url, isHealthy: !isTransient)
      throw TransferFailure(error, isTransient: isTransient)
    }
  }
}

/// A failed attempt.
struct TransferFailure: Error {
  var fault: Fault
  /// Whether another attempt may succeed.
  var isTransient = false
  /// The seconds that the server wants to be left alone.
  var retryAfter: Double?

  init(_ fault: Fault, isTransient: Bool = false) {
    self.fault = fault
    self.isTransient = isTransient
  }

  /// The failure of an unsuccessful status.
  init(_ response: TransferResponse, from url: WebURL, unixTime: Int64) {
    fault = Fault(
      .upstreamFailed, "\(url.origin) answered with status \(response.status)",
      details: ["origin": .string(url.origin), "upstream_status": .int(response.status)])
    isTransient = [408, 425, 429, 500, 502, 503, 504].contains(response.status)
    retryAfter = response.retryAfter(at: unixTime)
  }
}
