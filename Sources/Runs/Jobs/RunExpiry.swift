import Faults
import FileAccess

extension RunDirectory {
  /// When the run expires if nobody works on it any more; `nil` for one that is kept for ever.
  ///
  /// The time to live counts from the end of the run, or, where it has not finished, from the last
  /// work on it.
  func expiry(
    _ specification: RunSpecification, _ summary: RunSummary?
  ) throws(Fault) -> Timestamp? {
    guard let hours = specification.ttlHours else { return nil }
    let completed = summary?.completedAt.flatMap(Timestamp.init)
    if let completed, summary?.isFinished == true { return completed.adding(hours: hours) }
    let created = Timestamp(specification.createdAt)
    var last = completed ?? created ?? Timestamp(milliseconds: 0)
    for shard in try JournalSet.shards(in: journalFolder) {
      guard let stamp = try FileStamp(of: journalFolder.appending(shard.journalName)) else {
        continue
      }
      last = max(last, Timestamp(milliseconds: Int(stamp.modifiedNanoseconds / 1_000_000)))
    }
    return last.adding(hours: hours)
  }

  /// - Throws: `Fault` with code `job.expired` for a finished run whose time is over.
  func refuseExpired(
    _ specification: RunSpecification, _ summary: RunSummary?, at now: Timestamp = .now
  ) throws(Fault) {
    guard let summary, summary.isFinished, let expiry = try expiry(specification, summary),
      expiry <= now
    else { return }
    throw expired(at: expiry)
  }

  func expired(at expiry: Timestamp) -> Fault {
    Fault(
      .jobExpired,
      "the run in \(path.display) expired at \(expiry.text): infercam runs prune removes it, "
        + "run --overwrite computes it anew",
      details: ["expires_at": .string(expiry.text)])
  }
}
