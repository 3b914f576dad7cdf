import CPlatform
public import Faults
import FileAccess
import Inference
import JSON
import Models
import Requests
import Workers

#if canImport(Glibc)
import Glibc
#endif

/// Says what `executeRun` would do, without writing or loading anything.
public func previewRun(_ request: RunRequest) throws(Fault) -> RunPreview {
  let items = request.inputs.count
  switch try request.directory.state() {
  case .absent, .unused:
    return RunPreview(action: .create, items: items, done: 0)
  case .run(let specification, let summary):
    if request.overwrites { return RunPreview(action: .overwrite, items: items, done: 0) }
    try refuseDifferences(request, specification)
    let done = summary.map { $0.succeeded + $0.failed } ?? 0
    let isFinished = summary?.isFinished ?? false
    return RunPreview(action: isFinished ? .replay : .resume, items: items, done: done)
  }
}

/// Creates, resumes or replays a run.
///
/// - Parameters:
///   - isInterrupted: asked several times a second; true lets work in progress finish and stops.
///   - report: gets the progress after each commit, on the calling thread.
/// - Throws: `Fault`; with code `resource.version_conflict` for a directory of another
///   configuration, `run.locked`, `run.corrupt`, those of loading the model, and those of storage.
public func executeRun(
  _ request: RunRequest, isInterrupted: () -> Bool, report: (RunProgress) -> Void
) throws(Fault) -> RunOutcome {
  if let outcome = try replay(request) { return outcome }
  let classifier = try Classifier(
    request.model, request: request.inference, engine: request.engine)
  do throws(Fault) {
    return try execute(request, classifier, isInterrupted: isInterrupted, report: report)
  } catch {
    // What cannot be written is a storage fault, whatever the system calls it.
    guard [.accessDenied, .inputNotFound].contains(error.code) else { throw error }
    throw Fault(.storageIOError, error.message, details: error.details, cause: error)
  }
}

private func execute(
  _ request: RunRequest, _ classifier: Classifier, isInterrupted: () -> Bool,
  report: (RunProgress) -> Void
) throws(Fault) -> RunOutcome {
  let directory = request.directory
  for folder in try createDirectories(directory.path) {
    try synchronizeDirectory(folder.parent)
  }
  let lock = try RunLock.take(directory, owner: lockOwner())
  // Another process may have finished the run in the meantime.
  if let outcome = try replay(request) { return outcome }
  let specification = try openSpecification(request)
  var attempt = try RunAttempt(request, specification, classifier)
  return try attempt.run(lock, isInterrupted: isInterrupted, report: report)
}

/// The outcome of a run that has finished; `nil` while there is something to do.
private func replay(_ request: RunRequest) throws(Fault) -> RunOutcome? {
  guard !request.overwrites,
    case .run(let specification, let summary) = try request.directory.state()
  else { return nil }
  try refuseDifferences(request, specification)
  guard let summary, summary.isFinished else { return nil }
  if request.retriesFailed, summary.failed > 0 { return nil }
  return RunOutcome(summary: summary, ending: .replayed)
}

private func refuseDifferences(
  _ request: RunRequest, _ specification: RunSpecification
) throws(Fault) {
  let differences = specification.fingerprint.differences(from: request.fingerprint)
  if !differences.isEmpty {
    throw Fault(run: request.directory.path, differs: differences)
  }
}

/// Reads the specification of the run, or creates the run; the lock is held.
private func openSpecification(_ request: RunRequest) throws(Fault) -> RunSpecification {
  let directory = request.directory
  if case .run(let specification, _) = try directory.state(), !request.overwrites {
    try refuseDifferences(request, specification)
    try removeTree(directory.temporary)
    try createDirectory(directory.temporary)
    return specification
  }
  try directory.clear()
  let specification = RunSpecification(
    jobID: makeJobID(prefix: "run_"), createdAt: currentTimestamp(),
    fingerprint: request.fingerprint, inputs: request.inputs, origin: request.origin)
  try directory.create(specification, request.inputs)
  return specification
}

private func lockOwner() -> JSONValue {
  var name = [CChar](repeating: 0, count: 256)
  gethostname(&name, name.count - 1)
  let host = name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
  return [
    "pid": JSONValue(Int(getpid())), "host": .string(String(decoding: host, as: UTF8.self)),
  ]
}

/// One process at work on a run.
private struct RunAttempt: ~Copyable {
  private let request: RunRequest
  private let specification: RunSpecification
  private let classifier: Classifier
  private let committer: Committer
  private let startedAt = currentTimestamp()
  private let started = Stopwatch()

  init(
    _ request: RunRequest, _ specification: RunSpecification, _ classifier: Classifier
  ) throws(Fault) {
    self.request = request
    self.specification = specification
    self.classifier = classifier
    let directory = request.directory
    var journal = try Journal.open(
      directory.journal, count: specification.inputCount,
      isDurable: request.durability != .none)
    try demoteStale(&journal, request)
    self.committer = Committer(journal, directory, request.durability)
  }

  mutating func run(
    _ lock: borrowing RunLock, isInterrupted: () -> Bool, report: (RunProgress) -> Void
  ) throws(Fault) -> RunOutcome {
    try removeFile(request.directory.success)
    try write(summary(.running))
    try committer.note(
      event: "open",
      ["v": 1, "job": .string(specification.jobID), "pid": JSONValue(Int(getpid()))])
    let index = committer.index
    var done = [Bool](repeating: false, count: index.count)
    for sequence in done.indices { done[sequence] = index.contains(sequence) }
    let source = ListSource(request.inputs) { [done] in !done[$0] }
    let cancellation = CancellationFlag()
    var ending = RunOutcome.Ending.finished
    report(committer.progress)
    let settings = settings
    try runPipeline(
      workers: settings.workers, source, cancellation: cancellation,
      work: { (index, finished) throws(Fault) in
        var worker = try ItemWorker(settings, index: index) { finished.push($0) }
        try worker.run(source, cancellation)
      },
      consume: { (items: [ProcessedItem]) throws(Fault) in
        try committer.commit(items)
        let progress = committer.progress
        report(progress)
        if !cancellation.isCancelled, isInterrupted() {
          ending = .interrupted
          cancellation.cancel()
        }
        if let limit = request.maxFailures, progress.failed >= limit {
          if ending == .finished { ending = .tooManyFailures }
          cancellation.cancel()
        }
        if !items.isEmpty, try !lock.isValid() {
          throw Fault(
            .resourceVersionConflict,
            "the lock of \(request.directory.path.display) was removed: run the command again")
        }
      })
    return try finish(ending)
  }

  private var settings: PipelineSettings {
    var settings = PipelineSettings(
      classifier: classifier, model: request.model, request: request.inference,
      jobID: specification.jobID)
    settings.workers = request.workers
    settings.batch = request.batch
    if request.inference.gradCAM.enabled {
      settings.destination = .files(
        folder: request.directory.heatmaps, prefix: "heatmaps/",
        temporary: request.directory.temporary, durable: request.durability != .none)
    }
    return settings
  }

  private func finish(_ ending: RunOutcome.Ending) throws(Fault) -> RunOutcome {
    let index = committer.index
    let isComplete = index.done == index.count
    var ending = ending
    if isComplete, ending == .interrupted { ending = .finished }
    var result: RunSummary
    switch ending {
    case .finished, .replayed:
      let digest = try writeResults()
      let tooMany = request.failOn.isExceeded(failed: index.failed, items: index.count)
      result = summary(tooMany ? .failed : .succeeded)
      result.runDigest = digest
    case .interrupted:
      result = summary(.canceled)
    case .tooManyFailures:
      result = summary(.failed)
      result.error = [
        "code": "resource.exhausted",
        "message": .string("stopped after \(index.failed) failed items (--max-failures)"),
      ]
    }
    result.completedAt = currentTimestamp()
    try committer.note(event: "close", ["done": JSONValue(index.done)])
    try write(result)
    if result.status == .succeeded, let digest = result.runDigest {
      try request.directory.replace(request.directory.success, with: Array((digest + "\n").utf8))
    }
    let progress = committer.progress
    return RunOutcome(
      summary: result, ending: ending, doneNow: progress.doneNow, seconds: started.seconds)
  }

  private func summary(_ status: RunSummary.Status) -> RunSummary {
    var summary = RunSummary(specification, startedAt: startedAt)
    let index = committer.index
    summary.status = status
    summary.succeeded = index.succeeded
    summary.failed = index.failed
    summary.failures = index.failures
    return summary
  }

  private func write(_ summary: RunSummary) throws(Fault) {
    try request.directory.replace(
      request.directory.summary, with: summary.json.encoded(pretty: true) + [0x0A])
  }

  /// Writes `results.jsonl` in the order of the inputs; returns the digest of the run.
  private func writeResults() throws(Fault) -> String {
    let directory = request.directory
    return try writeOrderedResults(
      committer, to: directory.results, temporary: directory.temporary.appending("results"),
      isDurable: request.durability != .none)
  }
}
