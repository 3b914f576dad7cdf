public import Faults
public import FileAccess
import JSON

/// Which runs are listed.
public struct RunFilter: Sendable {
  /// Any of these; empty for all.
  public var statuses: Set<RunSummary.Status> = []
  /// Any of these, `NAME` or `NAME@VERSION`; empty for all.
  public var models: [String] = []
  /// Submitted then or later.
  public var since: Timestamp?
  /// Submitted before.
  public var until: Timestamp?

  public init() {}

  func matches(_ job: RunJob) -> Bool {
    let summary = job.summary
    if !statuses.isEmpty, !statuses.contains(summary.status) { return false }
    let names = [summary.model, "\(summary.model)@\(summary.modelVersion)"]
    if !models.isEmpty, !models.contains(where: names.contains) { return false }
    if since == nil, until == nil { return true }
    guard let submitted = Timestamp(summary.submittedAt) else { return false }
    return since.map { submitted >= $0 } ?? true && until.map { submitted < $0 } ?? true
  }
}

/// A page of the runs of a folder, newest first.
public struct RunPage: Sendable {
  public var jobs: [RunJob]
  /// Continues after this page; `nil` at the end.
  public var nextCursor: String?
  /// Folders that hold a run which cannot be read, and why.
  public var unreadable: [(path: RawPath, fault: Fault)]
}

/// Lists the runs whose directories lie in a folder, by the time of their submission, newest first.
///
/// A cursor says after which run to go on, so that new runs and such as are removed in the meantime
/// neither repeat nor hide others.
/// - Throws: `Fault` with code `param.out_of_range` for a cursor of another list.
public func listRuns(
  in folder: RawPath, _ filter: RunFilter, after cursor: String?, limit: Int
) throws(Fault) -> RunPage {
  let last = try cursor.map { (cursor) throws(Fault) in try PageCursor.open(cursor, of: "runs") }
  var entries: [(position: String, job: RunJob)] = []
  var page = RunPage(jobs: [], unreadable: [])
  for name in try namesInDirectory(folder) {
    let path = folder.bytes == [UInt8(ascii: ".")] ? name : folder.appending(name)
    do throws(Fault) {
      guard try RunDirectory(path).holdsRun() else { continue }
      let job = try RunJob(reading: RunDirectory(path))
      let position = [job.summary.submittedAt, job.summary.jobID, name.identifier]
        .joined(separator: " ")
      if let last, position >= last { continue }
      if filter.matches(job) { entries.append((position, job)) }
    } catch {
      // What is removed meanwhile is no longer there.
      if error.code != .jobNotFound { page.unreadable.append((path, error)) }
    }
    if entries.count > 2 * limit + 64 { keepNewest(&entries, limit + 1) }
  }
  keepNewest(&entries, limit + 1)
  if entries.count > limit, let end = entries.prefix(limit).last {
    page.nextCursor = PageCursor.seal(end.position, of: "runs")
  }
  page.jobs = entries.prefix(limit).map(\.job)
  return page
}

extension RunDirectory {
  /// Whether a run is here, be it one that cannot be read; a `run.json` of others is none.
  fileprivate func holdsRun() throws(Fault) -> Bool {
    if Self.isRun(path) { return true }
    guard let stamp = try FileStamp(of: specification), stamp.kind == .regular,
      let value = try? readRunJSON(specification),
      value["schema"]?.string?.hasPrefix("infercam.run/") == true
    else { return try retiredRun() != nil }
    throw Fault(
      .runCorrupt,
      "the list of inputs, inputs.jsonl, is missing: restore it, or run again with --overwrite")
  }

}

/// Finds the run with a job id among the runs in folders.
/// - Throws: `Fault` with code `job.not_found`.
public func findRun(_ jobID: String, in folders: [RawPath]) throws(Fault) -> RunDirectory {
  for folder in folders where try FileStamp(of: folder)?.kind == .directory {
    for name in try namesInDirectory(folder) {
      let path = folder.bytes == [UInt8(ascii: ".")] ? name : folder.appending(name)
      guard RunDirectory.isRun(path) else { continue }
      let directory = RunDirectory(path)
      if let (specification, _) = try? directory.read(), specification.jobID == jobID {
        return directory
      }
    }
  }
  let places = folders.map(\.display).joined(separator: ", ")
  throw Fault(.jobNotFound, "no run in \(places) is the job \(printable(jobID)): name its folder")
}

private func keepNewest(_ entries: inout [(position: String, job: RunJob)], _ count: Int) {
  entries.sort { $0.position > $1.position }
  entries.removeLast(max(0, entries.count - count))
}
