public import Faults
import FileAccess
import JSON

#if canImport(Glibc)
import Glibc
#endif

/// A run at one moment, as whoever watches it is told.
public struct RunSnapshot: Sendable {
  public var job: RunJob
  /// With the counts of this moment.
  public var summary: RunSummary
  /// Whether anything differs from the snapshot before.
  public var isChange: Bool

  /// Whether nobody is at work on the run, and it has not ended.
  public var isWaiting: Bool { !job.isActive && summary.status == .queued }
}

/// Follows a run, whoever works on it, until it ends.
///
/// A run has ended when it has finished, or when the processes that worked on it have stopped it and
/// said so. One whose processes were killed waits for the next.
/// - Parameters:
///   - isInterrupted: asked several times a second; true returns at once.
///   - report: gets a snapshot each time; false ends the watch.
/// - Returns: the last snapshot.
/// - Throws: `Fault` with code `job.not_found` where there is no run, or none any more, and
///   `job.expired`.
public func watchRun(
  _ directory: RunDirectory, isInterrupted: () -> Bool,
  report: (RunSnapshot) throws(Fault) -> Bool
) throws(Fault) -> RunSnapshot {
  var follower: (jobID: String, items: Int, journals: JournalFollower)?
  var last: JSONValue?
  while true {
    let job = try RunJob(reading: directory)
    if job.summary.status == .expired { try job.refuseExpired() }
    var summary = job.summary
    if !summary.isFinished {
      let id = job.specification.jobID
      if follower?.jobID != id || follower?.items != summary.items {
        follower = (id, summary.items, JournalFollower(directory, count: summary.items))
      }
      try follower?.journals.advance()
      if let counts = follower?.journals.counts { summary.counts = counts }
    }
    let value = job.json(of: summary)
    let snapshot = RunSnapshot(job: job, summary: summary, isChange: value != last)
    last = value
    let goesOn = try report(snapshot)
    let hasEnded = !job.isActive && [.succeeded, .failed, .canceled].contains(summary.status)
    if hasEnded || !goesOn || isInterrupted() { return snapshot }
    // Who works may be on another machine, of which the system tells nothing.
    poll(nil, 0, 200)
  }
}
