public import Faults
import FileAccess
import Images
import Inference
import Requests
import Tensors
import Workers

#if canImport(Glibc)
import Glibc
#endif

/// What the same command would do now.
public struct RunPreview: Sendable {
  public enum Action: String, Sendable {
    case create
    case resume
    case extend
    case replay
    case overwrite
  }

  public var action: Action
  /// The items of the run, or of the shard.
  public var items: Int
  /// Items whose records count.
  public var done = 0
  /// Items that have a record and are computed again: their input has changed, a file of theirs is
  /// lost, or they failed and are to be tried again.
  public var again = 0
  /// Items that were in work when a process ended, which are done one by one.
  public var suspects = 0
  /// Items to do that would fail by what their bytes, type and header say, with each code.
  public var rejects: [String: Int] = [:]
  /// Items to do that were not looked at, since they are on the network.
  public var unseen = 0
  /// `nil` where nothing is to do.
  public var estimate: RunEstimate?

  public var toDo: Int { items - done }
}

/// How long the rest of a run takes and how much memory, by a sample that was computed.
public struct RunEstimate: Sendable {
  public var sampled: Int
  public var imagesPerSecond: Double
  public var seconds: Double
  /// The most memory that this process has had.
  public var peakBytes: Int
}

/// Says what `executeRun` would do, without writing anything; reads the inputs that are to be done,
/// and computes a few of them.
///
/// - Throws: `Fault` as `executeRun` does where it would not begin.
public func previewRun(
  _ request: RunRequest, isInterrupted: () -> Bool
) throws(Fault) -> RunPreview {
  var (preview, request, isPending) = try previewPlan(request)
  if preview.toDo == 0 || isInterrupted() { return preview }
  let sample = try inspect(request, isPending, &preview, isInterrupted)
  if isInterrupted() || sample.isEmpty { return preview }
  request.transfers = nil
  preview.estimate = try estimate(request, sample, toDo: preview.toDo, isInterrupted)
  return preview
}

/// What is to be done, and which items that concerns.
private func previewPlan(
  _ request: RunRequest
) throws(Fault) -> (preview: RunPreview, request: RunRequest, isPending: [Bool]) {
  var journals: JournalSet
  var request = request
  var preview = RunPreview(action: .create, items: 0)
  if case .run(let specification, let summary) = try request.directory.state(),
    !request.overwrites
  {
    let (adapted, added) = try request.adapted(to: specification)
    if summary?.isFinished == true, added == nil, !request.retriesFailed {
      try request.directory.refuseExpired(specification, summary)
      let count = request.inputs.count
      let nothing = [Bool](repeating: false, count: count)
      return (RunPreview(action: .replay, items: count, done: count), request, nothing)
    }
    request = adapted
    preview.action = added != nil ? .extend : .resume
    journals = try JournalSet(request.directory, count: request.inputs.count, .read)
    try journals.refuseDamage()
  } else {
    if case .run = try request.directory.state() { preview.action = .overwrite }
    journals = JournalSet(empty: request.directory, count: request.inputs.count)
  }
  let shard = request.shard ?? .whole
  let recorded = request.inputs.count {
    shard.owns(id: $0.id) && journals.index.contains($0.sequence)
  }
  let plan = try WorkPlan(request, &journals)
  preview.items = plan.counts.items
  preview.done = plan.counts.done
  preview.again = recorded - plan.counts.done
  preview.suspects = plan.suspects.count
  if preview.action == .resume, preview.toDo == 0 { preview.action = .replay }
  var isPending = plan.pending
  for item in plan.suspects { isPending[item.sequence] = true }
  return (preview, request, isPending)
}

/// Reads the items to do up to their headers.
/// - Returns: the places of a few that would not fail, spread over all.
private func inspect(
  _ request: RunRequest, _ isPending: [Bool], _ preview: inout RunPreview,
  _ isInterrupted: () -> Bool
) throws(Fault) -> Set<Int> {
  let options = request.inference.decoding
  let reader = request.makeReader()
  var accepted: [Int] = []
  var rejects: [String: Int] = [:]
  var unseen = 0
  try runOrdered(
    workers: request.workers, window: 64 * request.workers,
    ListSource(request.inputs) { isPending[$0] }, isInterrupted: isInterrupted,
    work: { (_, source, cancellation, finished) in
      while !cancellation.isCancelled, case .element(let item) = source.next(wait: true) {
        finished.push((item.sequence, (item.sequence, inspect(item, reader, options))))
      }
    },
    report: { (sequence, finding) throws(Fault) in
      switch finding {
      case .accepted: accepted.append(sequence)
      case .unseen: unseen += 1
      case .rejected(let code): rejects[code, default: 0] += 1
      }
    })
  preview.rejects = rejects
  preview.unseen = unseen
  let wanted = min(accepted.count, max(16, 2 * request.workers * request.batch))
  return Set((0..<wanted).map { accepted[$0 * accepted.count / wanted] })
}

/// What a look at an item has found.
private enum Finding: Sendable {
  case accepted
  case rejected(String)
  case unseen
}

private func inspect(
  _ item: InputItem, _ reader: InputReader, _ options: DecodeOptions
) -> Finding {
  if item.url != nil { return .unseen }
  do throws(Fault) {
    let bytes = try reader.read(item).bytes
    try bytes.withUnsafeBufferPointer { (buffer) throws(Fault) in
      let raw = UnsafeRawBufferPointer(buffer)
      if NPY.isNPY(raw) { return }
      _ = try ImageHeader.read(raw, declared: item.declaredType, options: options)
    }
    return .accepted
  } catch {
    return .rejected(error.code.rawValue)
  }
}

/// Computes a sample as the run would, and keeps nothing of it.
private func estimate(
  _ request: RunRequest, _ sample: Set<Int>, toDo: Int, _ isInterrupted: () -> Bool
) throws(Fault) -> RunEstimate {
  let models = try request.loadModels()
  var settings = PipelineSettings(
    classifiers: models.classifiers, model: request.model, request: request.inference, jobID: "",
    access: request.access)
  settings.compared = models.compared
  settings.workers = request.workers
  settings.batch = request.batch
  settings.destination = request.inference.gradCAM.enabled ? .inline : .none
  let watch = Stopwatch()
  var sampled = 0
  try inferItems(
    settings, ListSource(request.inputs) { sample.contains($0) }, isInterrupted: isInterrupted
  ) { _ in sampled += 1 }
  let rate = Double(sampled) / max(watch.seconds, 1e-6)
  var usage = rusage()
  getrusage(RUSAGE_SELF.rawValue, &usage)
  return RunEstimate(
    sampled: sampled, imagesPerSecond: rate, seconds: rate > 0 ? Double(toDo) / rate : 0,
    peakBytes: usage.ru_maxrss * 1024)
}
