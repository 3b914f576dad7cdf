public import Faults
import Workers

/// Limits how many transfers run at once with a host, and leaves a host alone that keeps failing.
///
/// After so many failures in a row the circuit of a host is open: transfers fail at once. When the
/// pause is over, one transfer tries; its success closes the circuit, its failure starts the next
/// pause.
public final class HostGate: Sendable {
  private struct Host {
    var running = 0
    var failures = 0
    var openUntil = 0.0
    var isTrying = false
  }

  private let hosts = Monitor<[String: Host]>([:])
  private let concurrency: Int
  private let failureLimit: Int
  private let pauseSeconds: Double
  private let time: TransferTime

  public init(
    concurrency: Int = 8, failureLimit: Int = 5, pauseSeconds: Double = 30,
    time: TransferTime = .system
  ) {
    precondition(concurrency > 0 && failureLimit > 0)
    self.concurrency = concurrency
    self.failureLimit = failureLimit
    self.pauseSeconds = pauseSeconds
    self.time = time
  }

  /// Waits for a place; each success must be followed by `leave`.
  /// - Throws: `Fault` with code `breaker.open` while the host is left alone; its detail `retry_after`
  ///   says for how many seconds.
  public func enter(_ url: WebURL) throws(Fault) {
    let rest: Double = hosts.wait { hosts in
      var host = hosts[url.origin] ?? Host()
      if host.failures >= self.failureLimit {
        let rest = host.openUntil - self.time.now()
        // Whoever tries will know soon.
        if host.isTrying || rest > 0 { return max(rest, 1) }
        host.isTrying = true
      } else if host.running >= self.concurrency {
        return nil
      }
      host.running += 1
      hosts[url.origin] = host
      return 0
    }
    if rest == 0 { return }
    throw Fault(
      .breakerOpen,
      "\(url.origin) failed \(failureLimit) times in a row and is left alone for "
        + "\(Int(pauseSeconds)) s",
      details: ["origin": .string(url.origin), "retry_after": .double(rest)])
  }

  public func leave(_ url: WebURL, isHealthy: Bool) {
    hosts.update { hosts in
      guard var host = hosts[url.origin] else { return }
      host.running -= 1
      host.isTrying = false
      host.failures = isHealthy ? 0 : host.failures + 1
      if host.failures >= self.failureLimit {
        host.openUntil = self.time.now() + self.pauseSeconds
      }
      hosts[url.origin] = host
    }
  }
}
