public import Faults
import FileAccess
import Inference
import JSON
import Models
public import Requests

/// Creates, resumes, extends or replays a run, or works on a shard of it.
///
/// - Parameters:
///   - isInterrupted: asked several times a second; true lets work in progress finish and stops.
///   - report: gets the progress after each commit with the results committed, on the calling thread.
/// - Throws: `Fault`; with code `resource.version_conflict` for a directory of another
///   configuration, `job.canceled`, `run.locked`, `run.corrupt`, `run.nondeterministic`, those of loading the model,
///   and those of storage.
public func executeRun(
  _ request: RunRequest, isInterrupted: () -> Bool,
  report: (RunProgress, [ResultItem]) -> Void
) throws(Fault) -> RunOutcome {
  try request.directory.refuseForeignOwner()
  if let outcome = try replay(request) { return outcome }
  // A model that cannot be loaded leaves no directory behind.
  let exists = try FileStamp(of: request.directory.specification) != nil
  let models = exists && !request.overwrites ? nil : try request.loadModels()
  return try asStorageFault { () throws(Fault) in
    try createDirectory(request)
    let lock = try RunLock.takeToCreate(
      request.directory, request.shard == nil ? .exclusive : .shared)
    // Another process may have finished the run in the meantime.
    if let outcome = try replay(request) { return outcome }
    let opened: (RunRequest, RunSpecification)
    do throws(Fault) {
      opened = try open(request)
    } catch {
      // Those who are about to leave may have seen this lock and left the last word to its holder.
      if error.code == .jobCanceled, request.shard != nil {
        try noteCanceled(request.directory, lock)
      }
      throw error
    }
    let (request, specification) = opened
    if request.shard != nil { try lock.share() }
    var attempt = try RunAttempt(request, specification, models)
    return try attempt.run(lock, isInterrupted: isInterrupted, report: report)
  }
}

/// What cannot be written is a storage fault, whatever the system calls it.
func asStorageFault<Result>(_ body: () throws(Fault) -> Result) throws(Fault) -> Result {
  do throws(Fault) {
    return try body()
  } catch {
    guard [.accessDenied, .inputNotFound].contains(error.code), error.details["errno"] != nil else {
      throw error
    }
    throw Fault(.storageIOError, error.message, details: error.details, cause: error)
  }
}

private func createDirectory(_ request: RunRequest) throws(Fault) {
  for folder in try createDirectories(request.directory.path) {
    try synchronizeDirectory(folder.parent)
  }
}

/// The outcome of a run that has finished; `nil` while there is something to do.
private func replay(_ request: RunRequest) throws(Fault) -> RunOutcome? {
  guard !request.overwrites,
    case .run(let specification, let summary) = try request.directory.state()
  else { return nil }
  let (_, added) = try request.adapted(to: specification)
  guard let summary, summary.isFinished, added == nil else { return nil }
  // The marker is the last thing that is written.
  if summary.status == .succeeded, try FileStamp(of: request.directory.success) == nil {
    return nil
  }
  if request.retriesFailed {
    let codes = summary.failures.keys.filter {
      request.retriedCodes?.matches(Array($0.utf8)) ?? true
    }
    if !codes.isEmpty { return nil }
  }
  try request.directory.refuseExpired(specification, summary)
  return RunOutcome(summary: summary, ending: .replayed, counts: summary.counts)
}

/// Reads the specification of the run, extends it, or creates the run; the lock is held.
private func open(
  _ request: RunRequest
) throws(Fault) -> (request: RunRequest, specification: RunSpecification) {
  let directory = request.directory
  if case .run(var specification, _) = try directory.state(), !request.overwrites {
    let (request, added) = try request.adapted(to: specification)
    try directory.passCancel(resumes: request.resumes)
    if let added {
      try JournalSet.refuseWriters(directory)
      try removeFile(directory.success)
      try directory.extend(&specification, with: added, at: currentTimestamp())
    }
    return (request, specification)
  }
  try JournalSet.refuseWriters(directory)
  try directory.clear()
  var specification = RunSpecification(
    jobID: makeJobID(prefix: "run_"), createdAt: currentTimestamp(),
    fingerprint: request.fingerprint, inputs: request.inputs, origin: request.origin)
  specification.runKey = request.runKey
  specification.metadata = request.metadata
  specification.ttlHours = request.ttlHours
  try directory.create(specification, request.inputs, request.layout)
  return (request, specification)
}

/// The models of a run, ready to compute.
struct LoadedModels {
  var classifiers: ClassifierSet
  var compared: ComparedClassifier?
}

extension RunRequest {
  func loadModels() throws(Fault) -> LoadedModels {
    let classifiers = ClassifierSet(
      try Classifier(model, request: inference, engine: engine), engine: engine)
    guard let compared else { return LoadedModels(classifiers: classifiers) }
    do throws(Fault) {
      let second = try Classifier(compared.model, request: inference, engine: engine)
      return LoadedModels(
        classifiers: classifiers,
        compared: ComparedClassifier(second, beside: model.labels, mapping: compared.mapping))
    } catch {
      throw error.prefixed("--compare \(compared.model.name)@\(compared.model.version)")
    }
  }

  /// The request as it applies to a run that exists, with all inputs of the run, and those that it
  /// adds.
  ///
  /// - Throws: `Fault` with code `resource.version_conflict`, or `idempotency.key_reused` when the
  ///   run has the same key and another configuration.
  func adapted(
    to specification: RunSpecification
  ) throws(Fault) -> (request: RunRequest, added: InputList?) {
    if let difference = difference(
      "run_key", specification.runKey.map(JSONValue.string), runKey.map(JSONValue.string))
    {
      throw Fault(run: directory.path, differs: [difference])
    }
    var request = self
    var stored = specification.fingerprint
    var added: InputList?
    if extends || !specification.extensions.isEmpty {
      let list = try directory.readInputs(specification)
      stored = stored.replacing(list)
      if extends {
        let extended = try InputListExtension(list, adding: inputs)
        request.inputs = extended.whole
        if !extended.added.isEmpty {
          added = extended.added
          stored = stored.replacing(extended.whole)
        }
      }
    }
    let differences =
      stored.differences(from: request.fingerprint)
      + [
        difference("metadata", specification.metadata, metadata),
        difference(
          "ttl_hours", specification.ttlHours.map(JSONValue.double), ttlHours.map(JSONValue.double)),
      ].compactMap(\.self)
    if differences.isEmpty { return (request, added) }
    let fault = Fault(run: directory.path, differs: differences)
    if runKey == nil { throw fault }
    throw Fault(
      .idempotencyKeyReused, "the run key belongs to another request: " + fault.message,
      details: fault.details)
  }

  /// What is said about the run now and was not said when it was created.
  private func difference(
    _ field: String, _ stored: JSONValue?, _ given: JSONValue?
  ) -> Fingerprint.Difference? {
    guard let given, given != stored else { return nil }
    return Fingerprint.Difference(field: field, mine: stored ?? .null, other: given)
  }
}
