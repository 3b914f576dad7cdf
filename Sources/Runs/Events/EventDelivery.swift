public import Faults
import FileAccess
import JSON
import Transfers

/// What became of the events of a run.
public struct DeliveryReport: Sendable, Hashable {
  public var delivered = 0
  /// Events that are still to be told.
  public var pending = 0
  /// Why delivery has stopped.
  public var problem: Fault.Code?
  /// What people should know.
  public var notes: [String] = []

  public init() {}
}

extension RunDirectory {
  /// Sends the events that the receiver has not accepted yet.
  ///
  /// Failed attempts are repeated after 5 seconds to 24 hours with jitter, as long as the time of the
  /// callback allows; the rest stays in the outbox.
  /// - Throws: `Fault` with code `run.locked` while another process delivers, `job.not_found` before
  ///   the run has ended, and those of storage.
  public func deliverEvents(
    to callback: Callback, isInterrupted: () -> Bool
  ) throws(Fault) -> DeliveryReport {
    var report = DeliveryReport()
    guard try Outbox.exists(self) else { return report }
    try requireEnd()
    var outbox = try Outbox.open(self)
    let events = outbox.state.pending(.callback)
    if events.isEmpty { return report }
    report.pending = events.count
    if outbox.state.gone.contains(callback.url.digest) {
      report.notes.append("\(callback.url.origin) wants no events any more (410 Gone)")
      return report
    }
    let session: TransferSession
    do throws(Fault) {
      session = try callback.client.makeSession()
    } catch {
      report.problem = error.code
      report.notes.append(error.message)
      return report
    }
    let time = callback.client.time
    let deadline = time.now() + callback.waitSeconds
    for event in events {
      let isTold = try deliver(
        event, callback, session, &outbox, deadline, isInterrupted, &report)
      guard isTold else { break }
      report.delivered += 1
      report.pending -= 1
    }
    return report
  }

  /// Sends one event until it is accepted or the time is up; returns whether it was.
  private func deliver(
    _ event: RunEvent, _ callback: Callback, _ session: TransferSession, _ outbox: inout Outbox,
    _ deadline: Double, _ isInterrupted: () -> Bool, _ report: inout DeliveryReport
  ) throws(Fault) -> Bool {
    let time = callback.client.time
    while true {
      switch callback.send(event, session) {
      case .accepted:
        try outbox.noteDelivery(event, .callback)
        return true
      case .gone:
        try outbox.noteGone(callback.url.digest)
        report.problem = .upstreamFailed
        report.notes.append(
          "\(callback.url.origin) answered 410 Gone: nothing is sent there any more")
        return false
      case .refused(let fault, let retryAfter):
        try outbox.noteFailure(event, .callback, fault)
        let failures = outbox.state.failures(event.id, .callback)
        let delay = callback.client.backoff.delay(
          after: failures, random: time.random(), retryAfter: retryAfter)
        let isFinal = fault.code == .accessDenied || fault.code == .internalError
        guard !isFinal, time.now() + delay <= deadline, time.wait(delay, isInterrupted) else {
          report.problem = fault.code
          report.notes.append(fault.message)
          return false
        }
      }
    }
  }

  /// Runs a command for the events that it has not been told yet, with the job resource on its
  /// standard input.
  ///
  /// A command that has run has been told, whatever its exit status.
  public func deliverEvents(
    toCommand command: [UInt8], isInterrupted: () -> Bool
  ) throws(Fault) -> DeliveryReport {
    var report = DeliveryReport()
    guard try Outbox.exists(self) else { return report }
    try requireEnd()
    var outbox = try Outbox.open(self)
    for event in outbox.state.pending(.command) {
      let process = try HookProcess(command)
      var members = event.body["data"]?.object ?? [:]
      members["output"] = .string(path.identifier)
      process.write(JSONValue.object(members).encoded() + [0x0A], isInterrupted: isInterrupted)
      let ending = process.finish(isInterrupted: isInterrupted)
      if ending == .abandoned { break }
      try outbox.noteDelivery(event, .command)
      report.delivered += 1
      if let problem = ending.problem { report.notes.append("--on-complete: \(problem)") }
    }
    return report
  }

  /// How many events nobody has been told.
  public func pendingEvents() throws(Fault) -> Int {
    guard try Outbox.exists(self) else { return 0 }
    let outbox = try Outbox.open(self)
    return EventSink.allCases.map { outbox.state.pending($0).count }.reduce(0, +)
  }

  /// An event that was written right before a crash waits for the run to end again.
  private func requireEnd() throws(Fault) {
    let status = try read().summary?.status
    guard status == .succeeded || status == .failed else {
      throw Fault(
        .jobNotFound, "the run in \(path.display) has not ended: run its command again")
    }
  }
}
