public import Faults
import FileAccess
import JSON

/// Makes the results and the summary of a run from its journals.
struct RunFinisher {
  let directory: RunDirectory
  let specification: RunSpecification
  let failOn: FailOn
  let isDurable: Bool
  let startedAt: String
  /// Who is told that the run has ended.
  var eventSinks: Set<EventSink> = []
  /// Whether archives of heatmaps are made anew that hold what they should.
  var rebuildsArchives = false

  /// Writes the summary of an attempt that has ended; with every item done, the results too.
  func finish(
    _ journals: JournalSet, _ ending: RunOutcome.Ending
  ) throws(Fault) -> RunSummary {
    var summary = RunSummary(specification, startedAt: startedAt)
    summary.counts = journals.index.counts
    switch ending {
    case .finished, .replayed, .shardFinished:
      try journals.refuseConflicts()
      if let count = specification.fingerprint.layout?.itemsPerArchive {
        let archives = HeatmapArchives(
          directory: directory, itemsPerArchive: count, isDurable: isDurable,
          rebuildsAll: rebuildsArchives)
        try archives.write(journals)
      }
      var tally = ResultTally(compared: specification.fingerprint.json["compare"]?["model"])
      summary.runDigest = try writeOrderedResults(
        journals, to: directory.results, temporary: directory.temporary.appending("results"),
        isDurable: isDurable, tally: &tally)
      if let count = specification.fingerprint.logitsCount {
        try writeLogits(
          journals, count: count, to: directory.logits,
          temporary: directory.temporary.appending("logits"), isDurable: isDurable)
      }
      summary.truth = tally.truthJSON
      summary.comparison = tally.compareJSON
      let isTooMany = failOn.isExceeded(failed: summary.failed, items: summary.items)
      summary.status = isTooMany ? .failed : .succeeded
      try directory.withdrawCancel()
    case .interrupted:
      summary.status = .canceled
    case .deadline:
      summary.status = .canceled
      summary.error = ["code": "timeout.sync", "message": "the time was up (--deadline)"]
    case .canceled:
      summary.status = .canceled
      summary.error = ["code": "job.canceled", "message": "canceled by request (runs cancel)"]
    case .tooManyFailures:
      summary.status = .failed
      summary.error = [
        "code": "resource.exhausted",
        "message": .string("stopped after \(summary.failed) failed items (--max-failures)"),
      ]
    }
    let now = Timestamp.now
    summary.completedAt = now.text
    summary.expiresAt = specification.ttlHours.map { now.adding(hours: $0).text }
    // Before the run counts as ended: whoever dies in between leaves the event to the next process.
    if summary.status != .canceled, !eventSinks.isEmpty {
      try Outbox.note(RunEvent(summary, for: eventSinks), in: directory)
    }
    // The marker is there under its temporary name before the summary, so that an end that was
    // interrupted between the two can be told from a marker that somebody has removed.
    var marker: RawPath?
    if summary.status == .succeeded, let digest = summary.runDigest {
      marker = try directory.stage([Array((digest + "\n").utf8)], for: directory.success)
      try synchronizeDirectory(directory.temporary)
    }
    try directory.write(summary)
    if let marker {
      try renameFile(marker, to: directory.success)
      try synchronizeDirectory(directory.path)
    } else {
      try removeFile(directory.success)
    }
    return summary
  }

  /// Ends the part of a shard that finished it, or was canceled: the last process to leave writes what
  /// the run has come to.
  /// - Returns: the summary, and whether the run has finished.
  func leave(
    _ lock: borrowing RunLock, _ ending: RunOutcome.Ending
  ) throws(Fault) -> (summary: RunSummary, isWhole: Bool) {
    let isCanceled = directory.isCancelRequested
    if isCanceled || ending == .shardFinished,
      try lock.upgrade(attempts: isCanceled ? 5 : 1)
    {
      let journals = try JournalSet(directory, count: specification.inputCount, .read)
      try journals.refuseDamage()
      if journals.index.done == journals.index.count {
        return (try finish(journals, .finished), true)
      }
      if isCanceled { return (try finish(journals, .canceled), false) }
    }
    var summary = try presentSummary()
    if isCanceled { summary.status = .canceled }
    return (summary, false)
  }

  /// The summary as the journals have it now.
  func presentSummary() throws(Fault) -> RunSummary {
    let journals = try JournalSet(directory, count: specification.inputCount, .read)
    var summary = RunSummary(specification, startedAt: startedAt)
    summary.counts = journals.index.counts
    return summary
  }
}

/// Finishes a run whose shards are done.
///
/// Every input must have a record whose files are there, and records of one item in several journals
/// must be the same.
/// - Throws: `Fault` with code `run.incomplete` when an item has no record, `run.nondeterministic`
///   when two differ, `run.corrupt`, `run.locked` while a shard is at work, `job.not_found`.
public func mergeRun(
  _ directory: RunDirectory, failOn: FailOn, eventSinks: Set<EventSink> = []
) throws(Fault) -> RunOutcome {
  let (specification, summary) = try directory.read()
  if let summary, summary.isFinished {
    return RunOutcome(summary: summary, ending: .replayed, counts: summary.counts)
  }
  return try asStorageFault { () throws(Fault) in
    let lock = try RunLock.take(directory, .exclusive)
    defer { withExtendedLifetime(lock) {} }
    let list = try directory.readInputs(specification)
    let journals = try JournalSet(directory, count: specification.inputCount, .exclusive)
    try journals.refuseDamage()
    try journals.refuseConflicts()
    try refuseGaps(list, journals, directory)
    let finisher = RunFinisher(
      directory: directory, specification: specification, failOn: failOn, isDurable: true,
      startedAt: summary?.startedAt ?? currentTimestamp(), eventSinks: eventSinks)
    try directory.prepareTemporary(of: .whole)
    let merged = try finisher.finish(journals, .finished)
    return RunOutcome(summary: merged, ending: .finished, counts: merged.counts)
  }
}

private func refuseGaps(
  _ list: InputList, _ journals: JournalSet, _ directory: RunDirectory
) throws(Fault) {
  var missing = 0
  var example: InputItem?
  for item in list {
    if let (record, line) = try journals.read(item.sequence),
      let files = record.files(in: line), try journals.heatmaps.contain(files.artefacts)
    {
      continue
    }
    missing += 1
    example = example ?? item
  }
  guard let example else { return }
  throw Fault(
    .runIncomplete,
    "\(missing) of \(list.count) items have no record with all its files, such as "
      + "\(printable(example.id)): finish the shards, or run the command without --shard",
    details: ["missing": .int(missing), "id": .string(example.id)])
}

extension RunDirectory {
  func write(_ summary: RunSummary) throws(Fault) {
    try replace(self.summary, with: summary.json.encoded(pretty: true) + [0x0A])
  }
}

extension JournalIndex {
  var counts: ItemCounts {
    ItemCounts(items: count, succeeded: succeeded, failures: failures)
  }
}

extension RunSummary {
  public var counts: ItemCounts {
    get { ItemCounts(items: items, succeeded: succeeded, failures: failures) }
    set {
      succeeded = newValue.succeeded
      failed = newValue.failed
      failures = newValue.failures
    }
  }
}
