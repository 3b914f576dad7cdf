public import Faults
import FileAccess

#if canImport(Glibc)
import Glibc
#endif

/// Asks the processes at work on a run to stop, and keeps others from going on with it unasked.
///
/// The request is a file of the run and outlives everybody. Each process sees it within a moment,
/// finishes and commits what it has in work, and ends; where none is at work the run is canceled at
/// once.
/// - Throws: `Fault` with code `job.already_completed`, or `job.not_found`.
public func cancelRun(_ directory: RunDirectory) throws(Fault) -> RunJob {
  try directory.refuseForeignOwner()
  try refuseFinished(directory)
  return try asStorageFault { () throws(Fault) in
    try directory.requestCancel()
    do throws(Fault) {
      let lock = try RunLock.take(directory, .exclusive)
      defer { withExtendedLifetime(lock) {} }
      try JournalSet.refuseWriters(directory)
      do throws(Fault) {
        try refuseFinished(directory)
      } catch {
        try directory.withdrawCancel()
        throw error
      }
      try writeCanceled(directory)
    } catch {
      if error.code != .runLocked { throw error }
    }
    return try RunJob(reading: directory)
  }
}

/// Writes that a canceled run is canceled, where nobody else is at work; `lock` is lost.
func noteCanceled(_ directory: RunDirectory, _ lock: borrowing RunLock) throws(Fault) {
  guard try lock.upgrade(attempts: 5) else { return }
  do throws(Fault) {
    try JournalSet.refuseWriters(directory)
  } catch {
    if error.code == .runLocked { return }
    throw error
  }
  try writeCanceled(directory)
}

/// Replaces the summary of a run that nobody works on, unless it says so already.
private func writeCanceled(_ directory: RunDirectory) throws(Fault) {
  let (specification, summary) = try directory.read()
  if summary?.status == .canceled || summary?.isFinished == true { return }
  let journals = try JournalSet(directory, count: specification.inputCount, .read)
  let finisher = RunFinisher(
    directory: directory, specification: specification, failOn: .any, isDurable: true,
    startedAt: summary?.startedAt ?? currentTimestamp())
  try directory.prepareTemporary(of: .whole)
  _ = try finisher.finish(journals, .canceled)
}

private func refuseFinished(_ directory: RunDirectory) throws(Fault) {
  guard let summary = try directory.read().summary, summary.isFinished else { return }
  throw Fault(
    .jobAlreadyCompleted, "the run in \(directory.path.display) has finished: nothing to cancel")
}

extension RunDirectory {
  func requestCancel() throws(Fault) {
    let file = try Descriptor(opening: cancelRequest, O_WRONLY | O_CREAT | O_NOFOLLOW)
    try file.synchronize()
    try file.close()
    try synchronizeDirectory(path)
  }

  func withdrawCancel() throws(Fault) {
    guard isCancelRequested else { return }
    try removeFile(cancelRequest)
    try synchronizeDirectory(path)
  }

  /// Lets a canceled run go on, or refuses to.
  /// - Throws: `Fault` with code `job.canceled` unless `resumes`.
  func passCancel(resumes: Bool) throws(Fault) {
    guard isCancelRequested else { return }
    if resumes { return try withdrawCancel() }
    throw Fault(
      .jobCanceled,
      "the run in \(path.display) was canceled: the same command with --resume goes on")
  }
}
