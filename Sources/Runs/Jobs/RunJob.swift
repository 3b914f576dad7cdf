public import Faults
import FileAccess
public import JSON

#if canImport(Glibc)
import Glibc
#endif

/// A run as it stands now: what its files say, and whether anybody is at work on it.
public struct RunJob: Sendable {
  public let directory: RunDirectory
  public let specification: RunSpecification
  /// With the status and the counts of this moment, also where a process died without writing them.
  public let summary: RunSummary
  /// Whether a process is at work on the run.
  public let isActive: Bool
  /// Whether the processes at work have been asked to stop, or the run must not go on unasked.
  public let isCancelRequested: Bool

  /// - Throws: `Fault` with code `job.not_found` where there is no run.
  public init(reading directory: RunDirectory, at now: Timestamp = .now) throws(Fault) {
    self.directory = directory
    // In this order: what ends in between has its summary written.
    let isActive = try directory.hasWorkers()
    let (specification, written) = try directory.read()
    self.specification = specification
    var summary = written ?? RunSummary(specification, startedAt: "")
    if written == nil { summary.status = .queued }
    let isOpen = !summary.isFinished
    self.isActive = isActive && isOpen
    isCancelRequested = isOpen && directory.isCancelRequested
    if isOpen {
      if self.isActive {
        summary.status = .running
      } else if isCancelRequested {
        summary.status = .canceled
      } else if summary.status == .running {
        summary.status = .queued
      }
    }
    let expiry = self.isActive ? nil : try directory.expiry(specification, written)
    summary.metadata = specification.metadata
    summary.expiresAt = expiry?.text
    if let expiry, expiry <= now { summary.status = .expired }
    self.summary = summary
  }

  /// - Throws: `Fault` with code `job.expired` when the time to live of the run is over.
  public func refuseExpired() throws(Fault) {
    guard summary.status == .expired, let expiry = summary.expiresAt.flatMap(Timestamp.init) else {
      return
    }
    throw directory.expired(at: expiry)
  }

  /// The job resource with its place.
  ///
  /// The counts of a run that has not finished are those of its journals.
  public func json() throws(Fault) -> JSONValue {
    json(of: try counted())
  }

  /// The job resource with the counts of a summary of this run.
  public func json(of summary: RunSummary) -> JSONValue {
    var members = summary.json.object ?? [:]
    members["started_at"] = summary.startedAt.isEmpty ? .null : .string(summary.startedAt)
    if summary.status == .running || summary.status == .queued { members["completed_at"] = .null }
    members["output"] = .string(directory.path.identifier)
    members["active"] = .bool(isActive)
    if isCancelRequested { members["cancel_requested"] = true }
    return .object(members)
  }

  /// The summary with the counts of the journals where the run has not finished.
  public func counted() throws(Fault) -> RunSummary {
    if summary.isFinished { return summary }
    var summary = summary
    summary.counts = try JournalSet(directory, count: specification.inputCount, .read).index.counts
    return summary
  }
}

extension RunDirectory {
  /// Whether a process is at work: each holds the lock of its own journal, whatever else it shares.
  func hasWorkers() throws(Fault) -> Bool {
    for shard in try JournalSet.shards(in: journalFolder) {
      // The lock is given back at once; who wants it in that moment asks again.
      let journal = try JournalFile(shard, in: journalFolder, O_RDONLY)
      if try !journal.file.lock(.shared) { return true }
    }
    return false
  }

  var isCancelRequested: Bool { ((try? FileStamp(of: cancelRequest)) ?? nil) != nil }
}
