public import Faults
public import FileAccess
import JSON

#if canImport(Glibc)
import Glibc
#endif

/// What became of the runs of a folder whose time may be over.
public struct PruneReport: Sendable {
  /// Runs that have been removed, or would be.
  public var removed: [PrunedRun] = []
  /// How many runs stay.
  public var kept = 0
  /// Runs that should be removed and could not, and folders that hold a run which cannot be read.
  public var problems: [(path: RawPath, fault: Fault)] = []
}

/// A run whose time is over.
public struct PrunedRun: Sendable {
  public var path: RawPath
  public var jobID: String
  /// `nil` for what was left of one whose removal was interrupted.
  public var expiresAt: String?
  /// Names in the folder that belong to no run, and stay.
  public var leftNames: [RawPath] = []
}

/// Removes the runs whose directories lie in a folder and whose time to live is over.
///
/// A run is retired first, in one durable step: from then on it is no run any more, whatever is left
/// of it, and the next call goes on with the rest. A run that a process has locked is left alone.
/// - Throws: `Fault` for a folder that cannot be listed, or that is a run itself.
public func pruneRuns(
  in folder: RawPath, isDryRun: Bool, at now: Timestamp = .now, isInterrupted: () -> Bool
) throws(Fault) -> PruneReport {
  if RunDirectory.isRun(folder) {
    throw Fault(
      .paramOutOfRange, "\(folder.display) is a run itself: name the folder in which it lies")
  }
  var report = PruneReport()
  for name in try namesInDirectory(folder) {
    if isInterrupted() { break }
    let path = folder.bytes == [UInt8(ascii: ".")] ? name : folder.appending(name)
    let directory = RunDirectory(path)
    do throws(Fault) {
      guard try FileStamp(of: path, followingLinks: false)?.kind == .directory,
        let run = try directory.expiredRun(at: now, &report.kept)
      else { continue }
      report.removed.append(isDryRun ? run : try directory.remove(run, at: now))
    } catch {
      switch error.code {
      case .jobNotFound: continue
      case .runLocked: report.kept += 1
      default: report.problems.append((path, error))
      }
    }
  }
  return report
}

extension RunDirectory {
  /// The run that is here, or what is left of it, if its time is over.
  fileprivate func expiredRun(at now: Timestamp, _ kept: inout Int) throws(Fault) -> PrunedRun? {
    if let rest = try retiredRun() { return rest }
    guard Self.isRun(path) else { return nil }
    // A schema of others is none that is damaged.
    if let schema = (try? readRunJSON(specification))?["schema"]?.string,
      !schema.hasPrefix("infercam.run/")
    {
      return nil
    }
    let job = try RunJob(reading: self, at: now)
    guard job.summary.status == .expired else {
      kept += 1
      return nil
    }
    return PrunedRun(
      path: path, jobID: job.specification.jobID, expiresAt: job.summary.expiresAt)
  }

  /// A run whose removal was interrupted.
  func retiredRun() throws(Fault) -> PrunedRun? {
    guard try FileStamp(of: specification, followingLinks: false) == nil,
      try FileStamp(of: retired, followingLinks: false)?.kind == .regular,
      let value = try? readRunJSON(retired), value["schema"]?.string == RunSpecification.schema,
      let jobID = value["job_id"]?.string
    else { return nil }
    return PrunedRun(path: path, jobID: jobID)
  }

  /// Removes a run whose time is over, unless somebody has gone on with it meanwhile.
  /// - Throws: `Fault` with code `run.locked` when somebody has, or is at work.
  fileprivate func remove(_ run: PrunedRun, at now: Timestamp) throws(Fault) -> PrunedRun {
    try refuseForeignOwner()
    return try asStorageFault { () throws(Fault) in
      let lock = try RunLock.take(self, .exclusive)
      defer { withExtendedLifetime(lock) {} }
      try JournalSet.refuseWriters(self)
      if try FileStamp(of: specification) != nil {
        let (specification, summary) = try read()
        guard specification.jobID == run.jobID,
          let expiry = try expiry(specification, summary), expiry <= now
        else { throw Fault(.runLocked, "\(path.display) is in use again") }
        // Takes no room, so that it works on a full disk.
        try renameFile(self.specification, to: retired)
        try synchronizeDirectory(path)
      }
      try clear()
      try removeFile(self.lock)
      var run = run
      run.leftNames = try removeDirectoryIfEmpty()
      return run
    }
  }

  /// - Returns: the names in a folder that is not empty, which stays.
  private func removeDirectoryIfEmpty() throws(Fault) -> [RawPath] {
    if path.withCString({ rmdir($0) }) == 0 { return [] }
    let error = errno
    let names = try namesInDirectory(path)
    if names.isEmpty { throw Fault(errno: error, "cannot remove the folder \(path.display)") }
    return names
  }
}
