import Faults
import JSON
public import Transfers

/// Where the end of a run is reported to, and how.
public struct Callback: Sendable {
  public var url: WebURL
  public var secret: WebhookSecret
  public var client: TransferClient
  /// How long deliveries may go on before what is left is left to the outbox.
  public var waitSeconds = 60.0

  /// The most bytes of an answer, which nobody reads.
  private static let answerLimit = 64 << 10

  public init(_ url: WebURL, secret: WebhookSecret, policy: TransferPolicy) {
    self.url = url
    self.secret = secret
    client = TransferClient(policy)
    client.policy.totalSeconds = 15
    client.policy.ports = nil
    client.backoff = Backoff(base: 5, cap: 86_400, attempts: .max)
  }

  /// What a receiver makes of an event.
  enum Answer {
    case accepted
    /// It wants no events any more (410).
    case gone
    case refused(Fault, retryAfter: Double?)
  }

  /// Sends an event once.
  func send(_ event: RunEvent, _ session: TransferSession) -> Answer {
    let body = event.body.encoded()
    var request = TransferRequest(url, limit: Self.answerLimit)
    request.body = body
    let time = client.time.unixTime()
    request.headers = [
      ("Content-Type", "application/json"), ("User-Agent", "infercam"),
    ]
    request.headers += secret.headers(eventID: event.id, unixTime: time, body: body)
    do throws(Fault) {
      let response = try session.send(request)
      return answer(response.status, response.retryAfter(at: client.time.unixTime()))
    } catch {
      // An answer that is too long is an answer.
      if error.code == .uploadTooLarge, case .int(let status)? = error.details["upstream_status"] {
        return answer(status, nil)
      }
      return .refused(error, retryAfter: nil)
    }
  }

  private func answer(_ status: Int, _ retryAfter: Double?) -> Answer {
    if (200..<300).contains(status) { return .accepted }
    if status == 410 { return .gone }
    let fault = Fault(
      .upstreamFailed, "\(url.origin) answered with status \(status)",
      details: ["upstream_status": .int(status)])
    return .refused(fault, retryAfter: retryAfter)
  }
}
