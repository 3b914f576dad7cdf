import Execution
import Faults
import FileAccess
import Images
import Inference
import JSON
import Requests
import Workers

/// One worker: takes items, fills a chunk, runs it through the network, explains, writes.
///
/// How items meet in chunks changes nothing about any of them.
struct ItemWorker: ~Copyable {
  private let settings: PipelineSettings
  private var workspaces: WorkspacePool
  private let comparedWorkspace: Workspace?
  private var reader: ItemReader
  private var writer: HeatmapWriter
  private let emit: (ProcessedItem) -> Void
  private var chunk: [Pending] = []
  private var chunkBytes = 0
  /// Items whose contents somebody else is computing, or that are in the chunk already.
  private var awaiting: [Admitted] = []
  /// The contents that this worker owes the others.
  private var claims: Set<SharedPredictions.Key> = []

  /// An item that has been read.
  struct Admitted: Sendable {
    var item: InputItem
    var contents: InputReader.Contents
    var classifier: Classifier
    /// The item's place, where its prediction is not shared.
    var unshared: Int?
    var started: Stopwatch

    var key: SharedPredictions.Key {
      let usesLabel = classifier.request.gradCAM.targets.contains(.label)
      return SharedPredictions.Key(
        sha256: contents.sha256, declared: item.declaredType,
        label: usesLabel ? item.echo["label"]?.string : nil, options: item.options,
        unshared: unshared)
    }
  }

  /// An item that waits for its chunk to fill.
  private struct Pending {
    var item: InputItem
    var stamp: FileStamp?
    var key: SharedPredictions.Key
    var classifier: Classifier
    var input: PreparedInput
    /// The input as the compared model sees it.
    var compared: Result<PreparedInput, Fault>?
    var memory: MemoryBudget.Reservation?
    var timings: Timings
    var prepared: Stopwatch
    var started: Stopwatch
  }

  init(
    _ settings: PipelineSettings, index: Int, emit: @escaping (ProcessedItem) -> Void
  ) throws(Fault) {
    self.settings = settings
    self.reader = ItemReader(settings)
    self.workspaces = WorkspacePool(
      settings.classifiers.base, maximumBatch: settings.batch, threads: settings.threads)
    self.comparedWorkspace = settings.compared?.classifier.makeWorkspace(
      maximumBatch: settings.batch)
    self.writer = HeatmapWriter(settings.destination, settings.layout, worker: index)
    self.emit = emit
  }

  /// Works until the source ends or the flag is set.
  /// - Throws: `Fault` when an output cannot be stored.
  mutating func run(_ source: any ItemSource, _ cancellation: CancellationFlag) throws(Fault) {
    do throws(Fault) {
      try work(source, cancellation)
    } catch {
      for key in claims { settings.shared.settle(key, nil) }
      throw error
    }
  }

  private mutating func work(
    _ source: any ItemSource, _ cancellation: CancellationFlag
  ) throws(Fault) {
    var isOpen = true
    while isOpen {
      if cancellation.isCancelled { break }
      switch source.next(wait: chunk.isEmpty && awaiting.isEmpty) {
      case .element(let item):
        try settings.journal?.noteStart(item.sequence, isAlone: settings.isAlone)
        #if DEBUG
        FaultPoints.reach(item: item.id)
        #endif
        try admit(item)
        if chunk.count + awaiting.count < chunkLimit(source), chunkBytes < settings.chunkBytes {
          continue
        }
      case .nothing: break
      case .end: isOpen = false
      }
      try flush()
    }
    try flush()
  }

  /// How many items make a chunk: towards the end fewer, so that no worker is left with many while
  /// the others have none.
  private func chunkLimit(_ source: any ItemSource) -> Int {
    guard let remaining = source.remaining else { return settings.batch }
    let share = (remaining + settings.workers - 1) / settings.workers
    return min(settings.batch, max(1, share))
  }

  /// Reads an item; a failure is reported at once.
  private mutating func admit(_ item: InputItem) throws(Fault) {
    let started = Stopwatch()
    let contents: InputReader.Contents
    switch try reader.read(item) {
    case .success(let read): contents = read
    case .failure(let failure):
      return reportFailure(of: item, nil, failure.stamp, started, failure.fault)
    }
    let admitted: Admitted
    do throws(Fault) {
      admitted = Admitted(
        item: item, contents: contents,
        classifier: try settings.classifiers.classifier(for: item.options),
        unshared: settings.compared == nil ? nil : item.sequence, started: started)
    } catch {
      return reportFailure(of: item, contents, contents.stamp, started, error)
    }
    if try !take(admitted) {
      awaiting.append(admitted)
      chunkBytes += admitted.contents.bytes.count
    }
  }

  /// Writes what is known about the content of an item, or takes it into the chunk; false when
  /// somebody else is computing it.
  private mutating func take(_ admitted: Admitted) throws(Fault) -> Bool {
    let key = admitted.key
    switch settings.shared.claim(key) {
    case .awaited: return false
    case .known(let shared):
      if let pending = try prepare(admitted, as: shared.input) {
        try finish(pending, .success(shared.prediction.withoutTimes), nil)
      }
    case .owned:
      claims.insert(key)
      if let pending = try prepare(admitted) {
        chunk.append(pending)
        chunkBytes += pending.input.byteCount
      } else {
        settle(key, nil)
      }
    }
    return true
  }

  private mutating func settle(
    _ key: SharedPredictions.Key, _ shared: SharedPredictions.Shared?
  ) {
    if claims.remove(key) != nil { settings.shared.settle(key, shared) }
  }

  /// Decodes and scales an item unless that is known; a failure is reported at once.
  private mutating func prepare(
    _ admitted: Admitted, as known: PreparedInput? = nil
  ) throws(Fault) -> Pending? {
    let item = admitted.item
    let input: PreparedInput
    var compared: Result<PreparedInput, Fault>?
    var memory: MemoryBudget.Reservation?
    if let known {
      input = known.labelled(item.echo["label"]?.string)
    } else {
      let spent = admitted.started.seconds
      memory = try reserve(admitted)
      switch try reader.prepare(admitted, in: memory, spent: spent) {
      case .success(let prepared): (input, compared) = (prepared.input, prepared.compared)
      case .failure(let fault):
        reportFailure(
          of: item, admitted.contents, admitted.contents.stamp, admitted.started, fault)
        return nil
      }
      memory?.shrink(to: input.byteCount + ((try? compared?.get().byteCount) ?? 0))
    }
    var timings = Timings()
    timings.preprocess = input.preprocessMilliseconds
    timings.decode = admitted.started.milliseconds - timings.preprocess
    return Pending(
      item: item, stamp: admitted.contents.stamp, key: admitted.key,
      classifier: admitted.classifier, input: input, compared: compared, memory: memory,
      timings: timings,
      prepared: Stopwatch(), started: admitted.started)
  }

  /// Memory to decode an image in; `nil` for what is no image, which fails or needs none.
  ///
  /// Who has to wait first finishes the items that hold some.
  private mutating func reserve(
    _ admitted: Admitted
  ) throws(Fault) -> MemoryBudget.Reservation? {
    guard let budget = settings.memory else { return nil }
    let header = admitted.contents.bytes.withUnsafeBytes { bytes in
      try? ImageHeader.read(
        bytes, declared: admitted.item.declaredType, options: settings.request.decoding)
    }
    guard let header else { return nil }
    if let memory = budget.reserveIfAvailable(header.estimatedBytes) { return memory }
    try flushChunk()
    return budget.reserve(header.estimatedBytes)
  }

  private func reportFailure(
    of item: InputItem, _ found: InputReader.Contents?, _ stamp: FileStamp?, _ started: Stopwatch,
    _ fault: Fault
  ) {
    var source = item.source
    if let found {
      source["bytes"] = JSONValue(found.bytes.count)
      source["sha256"] = .string(found.sha256)
    }
    var timings = Timings()
    timings.decode = started.milliseconds
    timings.total = timings.decode
    report(item, stamp, source, .failed(fault), timings, WrittenHeatmaps())
  }

  /// Runs the chunk and reports its items, then those that were waiting for it or for others.
  private mutating func flush() throws(Fault) {
    try flushChunk()
    let waiting = awaiting
    awaiting = []
    for admitted in waiting {
      // This worker owes nothing while it waits, so that no two wait for each other.
      while try !take(admitted) { settings.shared.waitForOthers(admitted.key) }
      try flushChunk()
    }
    chunkBytes = 0
  }

  private mutating func flushChunk() throws(Fault) {
    if chunk.isEmpty { return }
    let pending = chunk
    chunk = []
    chunkBytes = 0
    let waits = pending.map(\.prepared.milliseconds)
    let predictions = predict(pending)
    let compared = comparedPredictions(pending)
    for (index, prediction) in predictions.enumerated() {
      var item = pending[index]
      item.timings.queue = waits[index]
      settle(item.key, share(prediction, of: item))
      try finish(item, prediction, compared?[index])
    }
  }

  /// What the compared model says about the items of a chunk.
  private func comparedPredictions(
    _ pending: [Pending]
  ) -> [Result<(input: PreparedInput, prediction: Prediction), Fault>]? {
    guard let compared = settings.compared, let comparedWorkspace else { return nil }
    let ready = pending.compactMap { try? $0.compared?.get() }
    var predictions = compared.classifier.predict(ready, workspace: comparedWorkspace)[...]
    return pending.map { item in
      guard let input = item.compared else {
        return .failure(Fault(.internalError, "an item was not prepared for the compared model"))
      }
      return input.flatMap { input in
        guard let prediction = predictions.popFirst() else {
          return .failure(Fault(.internalError, "an item has no prediction"))
        }
        return prediction.map { (input, $0) }
      }
    }
  }

  private func share(
    _ prediction: Result<Prediction, Fault>, of pending: Pending
  ) -> SharedPredictions.Shared? {
    guard case .success(let prediction) = prediction else { return nil }
    return SharedPredictions.Shared(
      prediction: prediction, input: pending.classifier.withoutPixels(pending.input))
  }

  /// Runs the items of each classifier together.
  private mutating func predict(_ pending: [Pending]) -> [Result<Prediction, Fault>] {
    var results = [Result<Prediction, Fault>?](repeating: nil, count: pending.count)
    for first in pending.indices where results[first] == nil {
      let classifier = pending[first].classifier
      let places = pending.indices.filter { pending[$0].classifier === classifier }
      let part = classifier.predict(
        places.map { pending[$0].input }, workspace: workspaces.workspace(for: classifier))
      for (place, result) in zip(places, part) { results[place] = result }
    }
    return results.compactMap(\.self)
  }

  private mutating func finish(
    _ pending: Pending, _ prediction: Result<Prediction, Fault>,
    _ compared: Result<(input: PreparedInput, prediction: Prediction), Fault>?
  ) throws(Fault) {
    var timings = pending.timings
    let writing = Stopwatch()
    var written = WrittenHeatmaps()
    var outcome: ResultItem.Outcome
    var logits: LogitsRow?
    do throws(ItemFailure) {
      let prediction = try Self.value(of: prediction)
      timings.inference = prediction.inferenceMilliseconds
      timings.explain = prediction.explainMilliseconds
      written = try writer.write(
        prediction, of: pending.input, by: pending.classifier, id: pending.item.id,
        sequence: pending.item.sequence)
      var result = pending.classifier.resultObject(
        prediction, of: pending.input, heatmaps: written.heatmaps, classMaps: written.classMaps)
      if let second = compared, let model = settings.compared {
        result = result.adding(
          "compare",
          model.object(prediction, of: pending.input, by: pending.classifier, second: second))
      }
      if settings.savesLogits {
        let row = LogitsRow(prediction.logits, row: pending.item.sequence)
        result = row.added(to: result)
        logits = row
      }
      outcome = .succeeded(result)
    } catch {
      switch error {
      case .item(let fault): outcome = .failed(fault)
      case .run(let fault): throw fault
      }
    }
    timings.write = writing.milliseconds
    timings.total = pending.started.milliseconds
    if let fault = settings.timeout(of: pending.item, after: timings) {
      outcome = .failed(fault)
      written = WrittenHeatmaps()
      logits = nil
    }
    let source = pending.input.source.json.merging(pending.item.source) { $1 }
    report(
      pending.item, pending.stamp, source, outcome, timings, written, logits: logits?.bytes)
  }

  private static func value(
    of result: Result<Prediction, Fault>
  ) throws(ItemFailure) -> Prediction {
    switch result {
    case .success(let prediction): prediction
    case .failure(let fault): throw .item(fault)
    }
  }

  private func report(
    _ item: InputItem, _ stamp: FileStamp?, _ source: [String: JSONValue],
    _ outcome: ResultItem.Outcome, _ timings: Timings, _ written: WrittenHeatmaps,
    logits: [UInt8]? = nil
  ) {
    var result = ResultItem(
      sequence: item.sequence, id: item.id, requestID: "\(settings.jobID):\(item.sequence)",
      source: source, model: settings.model.identity, outcome: outcome, timings: timings)
    result.echo = item.echo
    emit(
      ProcessedItem(
        result: result, stamp: stamp, logits: logits, artefacts: written.artefacts,
        staged: written.staged, packed: written.packed))
  }
}

extension JSONValue {
  /// The object with one more member.
  fileprivate func adding(_ name: String, _ value: JSONValue) -> JSONValue {
    var members = object ?? [:]
    members[name] = value
    return .object(members)
  }
}

extension PipelineSettings {
  /// The fault of an item that took longer than it may; waiting for others does not count.
  fileprivate func timeout(of item: InputItem, after timings: Timings) -> Fault? {
    guard let itemTimeout else { return nil }
    let spent =
      timings.decode + timings.preprocess + timings.inference + timings.explain + timings.write
    guard spent > itemTimeout * 1000 else { return nil }
    return Fault(item, slowerThan: itemTimeout)
  }
}

extension SourceFacts {
  /// The facts under their names in a result.
  var json: [String: JSONValue] {
    var members: [String: JSONValue] = [
      "sha256": .string(sha256), "bytes": JSONValue(bytes), "format": .string(format),
    ]
    if let width { members["width"] = JSONValue(width) }
    if let height { members["height"] = JSONValue(height) }
    if let orientation { members["orientation"] = JSONValue(orientation) }
    if shrink > 1 { members["shrink_on_load"] = JSONValue(shrink) }
    if let resized {
      members["resized"] = [
        "width": JSONValue(resized.width), "height": JSONValue(resized.height),
      ]
    }
    if partial { members["partial"] = true }
    if !warnings.isEmpty { members["warnings"] = .array(warnings.map(JSONValue.string)) }
    return members
  }
}
