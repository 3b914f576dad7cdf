import Faults
import FileAccess
import Images
import Inference
import JSON
import Models
import Requests
import Workers

#if canImport(Glibc)
import Glibc
#endif

/// One process at work on a run, or on a shard of it.
struct RunAttempt: ~Copyable {
  private let request: RunRequest
  private let specification: RunSpecification
  private var models: LoadedModels?
  private let committer: Committer
  private var plan: WorkPlan
  private let doneBefore: Int
  private let startedAt = currentTimestamp()
  private let started = Stopwatch()
  private let staging = StagingBudget()
  private var ending = RunOutcome.Ending.finished
  private var notes: [String] = []

  /// - Parameter models: `nil` to load them when there is something to do.
  init(
    _ request: RunRequest, _ specification: RunSpecification, _ models: LoadedModels?
  ) throws(Fault) {
    self.request = request
    self.specification = specification
    self.models = models
    let shard = request.shard ?? .whole
    var journals = try JournalSet(
      request.directory, count: specification.inputCount,
      request.shard.map { .shard($0) } ?? .exclusive)
    try journals.refuseDamage()
    try request.directory.prepareTemporary(of: shard)
    notes = journals.torn.map { "\($0.display) ended within a line: the rest is in *.torn" }
    let plan = try WorkPlan(request, &journals)
    guard let writer = journals.makeWriter(isDurable: request.durability != .none) else {
      preconditionFailure("the journals were opened to be written")
    }
    let committer = try Committer(journals, writer, request.directory, request.durability)
    self.committer = committer
    self.plan = plan
    doneBefore = plan.counts.done
  }

  mutating func run(
    _ lock: borrowing RunLock, isInterrupted: () -> Bool,
    report: (RunProgress, [ResultItem]) -> Void
  ) throws(Fault) -> RunOutcome {
    if !plan.isEmpty {
      let writer = committer.writer
      do throws(Fault) {
        try begin()
        writer.noteCrashes()
        try work(lock, isInterrupted: isInterrupted, report: report)
      } catch {
        writer.endNotingCrashes()
        // What is in work now has not ended this process.
        try? writer.note(.close)
        throw error
      }
      writer.endNotingCrashes()
      try writer.note(.close, ["done": JSONValue(plan.counts.done)])
    }
    return try finish(lock)
  }

  private mutating func begin() throws(Fault) {
    if models == nil { models = try request.loadModels() }
    if request.shard == nil {
      try removeFile(request.directory.success)
      var summary = RunSummary(specification, startedAt: startedAt)
      summary.counts = plan.counts
      try request.directory.write(summary)
    }
    try committer.writer.note(
      .open,
      [
        "v": 1, "job": .string(specification.jobID), "pid": JSONValue(Int(getpid())),
        "host": .string(hostName()),
      ])
  }

  private mutating func work(
    _ lock: borrowing RunLock, isInterrupted: () -> Bool,
    report: (RunProgress, [ResultItem]) -> Void
  ) throws(Fault) {
    let quarantined = try quarantine()
    report(progress, quarantined)
    for item in plan.suspects where ending == .finished {
      // Each is committed before the next one starts, so that a crash has one cause.
      try process(
        OneItemSource(item), isAlone: true, lock, isInterrupted: isInterrupted, report: report)
    }
    if ending == .finished, plan.pendingCount > 0 {
      let source = ListSource(request.inputs, count: plan.pendingCount) {
        [pending = plan.pending] in pending[$0]
      }
      try process(source, isAlone: false, lock, isInterrupted: isInterrupted, report: report)
    }
  }

  /// Records the items that end every process that takes them up, and returns their results.
  private mutating func quarantine() throws(Fault) -> [ResultItem] {
    let reader = request.makeReader()
    let items = plan.poison.map { item in
      var result = ResultItem(
        sequence: item.sequence, id: item.id, requestID: "\(specification.jobID):\(item.sequence)",
        source: item.source, model: request.model.identity,
        outcome: .failed(
          Fault(
            .workerCrashed,
            "the program crashed or was killed each time it worked on \(item.display): "
              + "look at the file, then compute it again with --retry-failed")),
        timings: Timings())
      result.echo = item.echo
      return ProcessedItem(result: result, stamp: reader.stamp(of: item))
    }
    try commit(items)
    return items.map(\.result)
  }

  private mutating func process(
    _ source: any ItemSource, isAlone: Bool, _ lock: borrowing RunLock,
    isInterrupted: () -> Bool, report: (RunProgress, [ResultItem]) -> Void
  ) throws(Fault) {
    let settings = try settings(isAlone: isAlone)
    let source = try orderedSource(receivingSource(source), workers: settings.workers)
    let cancellation = CancellationFlag()
    try runPipeline(
      workers: settings.workers, source, cancellation: cancellation,
      linger: request.durability == .item || isAlone ? 0 : 250,
      work: { (index, finished) throws(Fault) in
        var worker = try ItemWorker(settings, index: index) { finished.push($0) }
        try worker.run(source, cancellation)
      },
      consume: { (items: [ProcessedItem]) throws(Fault) in
        try commit(items)
        report(progress, items.map(\.result))
        if let reason = reasonToStop(isInterrupted), ending == .finished {
          ending = reason
          cancellation.cancel()
        }
        if !items.isEmpty { try lock.refuseRemoval() }
      })
  }

  /// The source with what servers send, where inputs are URLs.
  private func receivingSource(_ source: any ItemSource) throws(Fault) -> any ItemSource {
    guard let transfers = request.transfers, request.inputs.hasURLs else { return source }
    return try ReceivingSource(
      source, transfers, limit: request.inference.decoding.limits.maxBytes)
  }

  /// The source with the large ones of its last items first, where there is somebody to share them with.
  ///
  /// A file that does not answer must not keep other items from their turn, so nothing is opened where reads
  /// have a time limit.
  private func orderedSource(_ source: any ItemSource, workers: Int) -> any ItemSource {
    guard workers > 1, request.itemTimeout == nil else { return source }
    let reader = request.makeReader()
    return LargestFirstSource(source, window: 8 * workers) { reader.weight(of: $0) }
  }

  private mutating func commit(_ items: [ProcessedItem]) throws(Fault) {
    try committer.commit(items)
    for item in items { plan.count(item.result.fault?.code.rawValue) }
  }

  private func reasonToStop(_ isInterrupted: () -> Bool) -> RunOutcome.Ending? {
    if isInterrupted() { return .interrupted }
    if request.directory.isCancelRequested { return .canceled }
    if let limit = request.maxFailures, plan.counts.failed >= limit { return .tooManyFailures }
    if let deadline = request.deadline, started.seconds >= deadline { return .deadline }
    return nil
  }

  private var progress: RunProgress {
    RunProgress(
      counts: plan.counts, doneNow: plan.counts.done - doneBefore, seconds: started.seconds)
  }

  private func settings(isAlone: Bool) throws(Fault) -> PipelineSettings {
    guard let models else { preconditionFailure("the model is loaded before work begins") }
    var settings = PipelineSettings(
      classifiers: models.classifiers, model: request.model, request: request.inference,
      jobID: specification.jobID, access: request.access)
    settings.compared = models.compared
    settings.workers = request.workers
    settings.divideThreads(items: isAlone ? 1 : plan.counts.items - plan.counts.done)
    settings.batch = isAlone ? 1 : request.batch
    settings.layout = request.layout
    settings.savesLogits = request.savesLogits
    settings.itemTimeout = request.itemTimeout
    settings.memory = request.memoryBudget.map(MemoryBudget.init(total:))
    settings.journal = committer.writer
    settings.isAlone = isAlone
    if request.inference.gradCAM.enabled || request.inputs.hasMapOptions {
      let directory = request.directory
      let storage: FileStorage =
        if let count = request.layout.itemsPerArchive {
          .packed(itemsPerArchive: count)
        } else {
          request.durability == .none ? .immediate : .staged(staging)
        }
      settings.destination = .files(
        folder: directory.heatmaps, prefix: "heatmaps/",
        temporary: directory.temporary(of: request.shard ?? .whole), storage)
    }
    return settings
  }

  private mutating func finish(_ lock: borrowing RunLock) throws(Fault) -> RunOutcome {
    if plan.counts.done == plan.counts.items, ending != .tooManyFailures { ending = .finished }
    let finisher = RunFinisher(
      directory: request.directory, specification: specification, failOn: request.failOn,
      isDurable: request.durability != .none, startedAt: startedAt,
      eventSinks: request.eventSinks)
    let summary: RunSummary
    if request.shard == nil {
      summary = try finisher.finish(committer.journals, ending)
    } else {
      if ending == .finished { ending = .shardFinished }
      let (last, isWhole) = try finisher.leave(lock, ending)
      if isWhole { ending = .finished }
      summary = last
    }
    return RunOutcome(
      summary: summary, ending: ending, counts: plan.counts, doneNow: progress.doneNow,
      seconds: started.seconds, notes: notes)
  }
}
