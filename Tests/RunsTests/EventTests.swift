import Faults
import FileAccess
import InfercamTestSupport
import JSON
import Testing
import Transfers
import Workers

@testable import Runs

struct EventTests {
  let folder: TemporaryFolder
  var directory: RunDirectory { RunDirectory(folder.path) }
  let time = PassingTime()

  init() throws {
    folder = try TemporaryFolder()
  }

  /// Time that passes only by waiting.
  final class PassingTime: Sendable {
    private let state: Monitor<(now: Double, waits: [Double])> = Monitor((0, []))

    var waits: [Double] { state.withLock { $0.waits } }

    var time: TransferTime {
      TransferTime(
        now: { self.state.withLock { $0.now } },
        unixTime: { 1_700_000_000 + Int64(self.state.withLock { $0.now }) },
        wait: { seconds, isCancelled in
          if isCancelled() { return false }
          self.state.update {
            $0.now += seconds
            $0.waits.append(seconds)
          }
          return true
        }, random: { 0.5 })
    }
  }

  static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

  func callback(_ receiver: HTTPReceiver, path: String = "/hook?canary") throws -> Callback {
    var policy = TransferPolicy()
    policy.allowsHTTP = true
    policy.allowsPrivateNetworks = true
    var callback = Callback(
      try WebURL(receiver.origin + path), secret: try WebhookSecret(Array(Self.secret.utf8)),
      policy: policy)
    callback.client.time = time.time
    return callback
  }

  /// Makes a run that has ended, with its event in the outbox.
  @discardableResult
  func endRun(
    digest: String? = "d1", for sinks: Set<EventSink> = [.callback], completedAt: String = "T"
  ) throws -> RunEvent {
    let specification: JSONValue = [
      "schema": .string(RunSpecification.schema), "job_id": "run_1", "created_at": "T",
      "fingerprint": [:], "inputs": ["sha256": "00", "count": 2],
    ]
    try folder.write(specification.encodedText, to: "run.json")
    var summary = RunSummary(try RunSpecification(reading: directory), startedAt: "T")
    summary.status = digest == nil ? .failed : .succeeded
    summary.runDigest = digest
    summary.completedAt = completedAt
    let event = RunEvent(summary, for: sinks)
    do {
      var outbox = try Outbox.open(directory)
      try outbox.add(event)
    }
    try folder.write(summary.json.encodedText, to: "summary.json")
    return event
  }

  func deliver(_ callback: Callback) throws -> DeliveryReport {
    try directory.deliverEvents(to: callback, isInterrupted: { false })
  }

  @Test(arguments: [
    (
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
      Int64(1_614_265_330), #"{"test": 2432232314}"#,
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    ),
    (
      "whsec_plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxBNrRLzqYUf", 1_731_705_121,
      #"{"event_type":"ping","data":{"success":true}}"#,
      "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="
    ),
  ])
  func `signatures are those that Standard Webhooks publishes`(
    secret: String, id: String, time: Int64, body: String, expected: String
  ) throws {
    let headers = try WebhookSecret(Array(secret.utf8)).headers(
      eventID: id, unixTime: time, body: Array(body.utf8))
    let values = Dictionary(uniqueKeysWithValues: headers)
    #expect(values["webhook-signature"] == expected)
    #expect(values["webhook-id"] == id && values["X-Event-Id"] == id)
    #expect(values["webhook-timestamp"] == "\(time)" && values["X-Timestamp"] == "\(time)")
    #expect(values["X-Signature"]?.hasPrefix("sha256=") == true)
  }

  @Test func `a secret is read in both forms and shown in none`() throws {
    let plain = try WebhookSecret(Array("0123456789abcdef\r\n".utf8))
    #expect(plain.key == Array("0123456789abcdef".utf8))
    #expect(try WebhookSecret(Array((Self.secret + "\n").utf8)).key.count == 24)
    var dumped = "\(plain) \(String(reflecting: plain))"
    dump(plain, to: &dumped)
    #expect(!dumped.contains("48") && !dumped.contains("0123"))
  }

  @Test(arguments: ["", "short", "whsec_", "whsec_not base64!", "whsec_Zm9v", "\n"])
  func `a secret that is none is refused and not shown`(text: String) {
    let fault = #expect(throws: Fault.self) { try WebhookSecret(Array(text.utf8)) }
    #expect(fault?.code == .paramOutOfRange)
    #expect(fault?.message.contains("Zm9v") == false && fault?.message.contains("short") == false)
  }

  @Test func `an event is sent until it is accepted`() throws {
    let event = try endRun()
    let receiver = try HTTPReceiver { _, number in
      [
        .answer(503), .reset, .answer(302, headers: [("Location", "/elsewhere")]), .answer(404),
        .answer(429, headers: [("Retry-After", "3")]), .answer(204),
      ][number]
    }
    var callback = try callback(receiver)
    callback.waitSeconds = 1000
    let report = try deliver(callback)
    #expect(report.delivered == 1 && report.pending == 0 && report.notes.isEmpty)
    #expect(time.waits == [2.5, 5, 10, 20, 40])
    let requests = receiver.requests
    #expect(requests.count == 6)
    #expect(requests.allSatisfy { $0.method == "POST" && $0.target == "/hook?canary" })
    #expect(Set(requests.map(\.body)) == [event.body.encoded()])
    #expect(Set(requests.map { $0.headers["webhook-id"] }) == [event.id])
    // Each attempt is signed with its own time.
    #expect(Set(requests.map { $0.headers["webhook-timestamp"] }).count == 6)
    #expect(Set(requests.map { $0.headers["webhook-signature"] }).count == 6)
    for request in requests {
      let time = try #require(request.headers["x-timestamp"].flatMap { Int64($0) })
      let expected = callback.secret.headers(
        eventID: event.id, unixTime: time, body: request.body)
      for (name, value) in expected { #expect(request.headers[name.lowercased()] == value) }
    }
    #expect(try deliver(callback).delivered == 0)
    #expect(receiver.requests.count == 6)
  }

  @Test func `what is not accepted in time stays, and counts on`() throws {
    try endRun()
    let receiver = try HTTPReceiver { _, number in .answer(number < 5 ? 500 : 200) }
    var callback = try callback(receiver)
    callback.waitSeconds = 10
    let first = try deliver(callback)
    #expect(first.pending == 1 && first.problem == .upstreamFailed)
    #expect(time.waits == [2.5, 5])
    #expect(try directory.pendingEvents() == 1)
    callback.waitSeconds = 0
    #expect(try deliver(callback).pending == 1)
    #expect(receiver.requests.count == 4)
    callback.waitSeconds = 86_400
    #expect(try deliver(callback).delivered == 1)
    #expect(time.waits == [2.5, 5, 40])
    #expect(try directory.pendingEvents() == 0)
  }

  @Test func `a receiver that stalls is given up`() throws {
    try endRun()
    let receiver = try HTTPReceiver { _, _ in .stall() }
    var callback = try callback(receiver)
    #expect(callback.client.policy.totalSeconds == 15)
    callback.client.policy.totalSeconds = 0.2
    callback.waitSeconds = 0
    #expect(try deliver(callback).problem == .timeoutUpstream)
  }

  @Test func `an endless answer to an event is an answer`() throws {
    try endRun()
    let receiver = try HTTPReceiver { _, _ in
      .raw(Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + [UInt8](repeating: 65, count: 1 << 20))
    }
    #expect(try deliver(callback(receiver)).delivered == 1)
  }

  @Test func `410 ends deliveries to one URL`() throws {
    try endRun()
    let receiver = try HTTPReceiver { request, _ in
      .answer(request.target == "/new" ? 200 : 410)
    }
    #expect(try deliver(callback(receiver)).pending == 1)
    let again = try deliver(callback(receiver))
    #expect(again.pending == 1 && again.notes.count == 1)
    #expect(receiver.requests.count == 1)
    #expect(try deliver(callback(receiver, path: "/new")).delivered == 1)
    let outbox = String(decoding: try folder.read("outbox.jsonl"), as: UTF8.self)
    #expect(!outbox.contains("canary") && !outbox.contains("MfKQ9r8GKYqrTwj"))
  }

  @Test func `an address that is closed is not tried again`() throws {
    try endRun()
    let receiver = try HTTPReceiver { _, _ in .answer(200) }
    var callback = try callback(receiver)
    callback.client.policy.allowsPrivateNetworks = false
    #expect(try deliver(callback).problem == .accessDenied)
    #expect(receiver.requests.isEmpty && time.waits.isEmpty)
  }

  @Test func `an event that was written right before a crash is told once the run has ended`()
    throws
  {
    let first = try endRun()
    try removeFile(directory.summary)
    let receiver = try HTTPReceiver { _, _ in .answer(200) }
    let fault = #expect(throws: Fault.self) { try deliver(callback(receiver)) }
    #expect(fault?.code == .jobNotFound)
    #expect(receiver.requests.isEmpty)
    let second = try endRun(completedAt: "later")
    #expect(second.id == first.id && second.body != first.body)
    #expect(try deliver(callback(receiver)).delivered == 1)
    #expect(receiver.requests.map(\.body) == [second.body.encoded()])
  }

  @Test func `another outcome is another event`() throws {
    let ids = [
      try endRun(digest: "d1").id, try endRun(digest: "d2").id, try endRun(digest: nil).id,
    ]
    #expect(Set(ids).count == 3)
    let receiver = try HTTPReceiver { _, _ in .answer(200) }
    #expect(try deliver(callback(receiver)).delivered == 3)
    #expect(receiver.requests.map { $0.headers["x-event-id"] } == ids)
  }

  @Test func `an outbox with a torn end loses what was not written`() throws {
    let event = try endRun()
    let start = try folder.read("outbox.jsonl").count
    do {
      var outbox = try Outbox.open(directory)
      try outbox.noteDelivery(event, .callback)
    }
    let bytes = try folder.read("outbox.jsonl")
    for length in start..<bytes.count {
      try folder.write(Array(bytes[..<length]), to: RawPath("outbox.jsonl"))
      #expect(try directory.pendingEvents() == 1)
      #expect(try folder.read("outbox.jsonl").count == start)
    }
    try folder.write(bytes, to: RawPath("outbox.jsonl"))
    #expect(try directory.pendingEvents() == 0)
  }

  @Test func `an outbox damaged before its end is refused`() throws {
    let event = try endRun()
    do {
      var outbox = try Outbox.open(directory)
      try outbox.noteDelivery(event, .callback)
    }
    var bytes = try folder.read("outbox.jsonl")
    bytes[40] ^= 1
    try folder.write(bytes, to: RawPath("outbox.jsonl"))
    let fault = #expect(throws: Fault.self) { try directory.pendingEvents() }
    #expect(fault?.code == .runCorrupt)
  }

  @Test func `two processes do not deliver at once`() throws {
    try endRun()
    let outbox = try Outbox.open(directory)
    let fault = #expect(throws: Fault.self) { try directory.pendingEvents() }
    #expect(fault?.code == .runLocked)
    #expect(outbox.state.pending(.callback).count == 1)
  }

  @Test func `a run can end while another process delivers`() throws {
    let first = try endRun()
    let second = try endRun(digest: "d2")
    try folder.write([], to: RawPath("outbox.jsonl"))
    do {
      var outbox = try Outbox.open(directory)
      try Outbox.note(second, in: directory, patienceMilliseconds: 0)
      try outbox.add(first)
      try outbox.noteDelivery(first, .callback)
    }
    #expect(try Outbox.open(directory).state.pending(.callback) == [second])
  }
}
