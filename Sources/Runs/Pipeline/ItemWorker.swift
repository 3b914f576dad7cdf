import Digests
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
  private let workspace: Workspace
  private var writer: HeatmapWriter
  private let emit: (ProcessedItem) -> Void
  private var chunk: [Pending] = []
  private var chunkBytes = 0

  /// An item that waits for its chunk to fill.
  private struct Pending {
    var item: InputItem
    var stamp: FileStamp?
    var input: PreparedInput
    var timings: Timings
    var prepared: Stopwatch
    var started: Stopwatch
  }

  init(
    _ settings: PipelineSettings, index: Int, emit: @escaping (ProcessedItem) -> Void
  ) throws(Fault) {
    self.settings = settings
    self.workspace = settings.classifier.makeWorkspace(maximumBatch: settings.batch)
    var formats: [HeatmapFormat] = []
    if settings.request.gradCAM.enabled { formats = settings.request.gradCAM.formats + [.raw] }
    self.writer = HeatmapWriter(
      settings.classifier, formats, settings.destination, settings.layout, worker: index)
    self.emit = emit
  }

  /// Works until the source ends or the flag is set.
  /// - Throws: `Fault` when an output cannot be stored.
  mutating func run(_ source: any ItemSource, _ cancellation: CancellationFlag) throws(Fault) {
    var isOpen = true
    while isOpen {
      if cancellation.isCancelled { break }
      switch source.next(wait: chunk.isEmpty) {
      case .element(let item):
        try settings.journal?.noteStart(item.sequence, isAlone: settings.isAlone)
        #if DEBUG
        FaultPoints.reach(item: item.id)
        #endif
        admit(item)
        if chunk.count < settings.batch, chunkBytes < settings.chunkBytes { continue }
      case .nothing: break
      case .end: isOpen = false
      }
      try flush()
    }
    try flush()
  }

  /// Reads and prepares an item; a failure is reported at once.
  private mutating func admit(_ item: InputItem) {
    let started = Stopwatch()
    var bytes: [UInt8]?
    var stamp: FileStamp?
    do throws(Fault) {
      let contents = try item.read(limit: settings.request.decoding.limits.maxBytes)
      bytes = contents.bytes
      stamp = contents.stamp
      let input = try settings.classifier.prepare(
        contents.bytes, declared: item.declaredType,
        label: item.echo["label"]?.string)
      try item.checkDigest(input.source.sha256)
      var timings = Timings()
      timings.preprocess = input.preprocessMilliseconds
      timings.decode = started.milliseconds - timings.preprocess
      chunk.append(
        Pending(
          item: item, stamp: contents.stamp, input: input, timings: timings, prepared: Stopwatch(),
          started: started))
      chunkBytes += input.byteCount
    } catch {
      var source = item.source
      if let bytes {
        source["bytes"] = JSONValue(bytes.count)
        source["sha256"] = .string(SHA256.hex(of: bytes))
      }
      var timings = Timings()
      timings.decode = started.milliseconds
      timings.total = timings.decode
      report(item, stamp, source, .failed(error), timings, WrittenHeatmaps())
    }
  }

  /// Runs the chunk and reports its items.
  private mutating func flush() throws(Fault) {
    if chunk.isEmpty { return }
    let pending = chunk
    chunk = []
    chunkBytes = 0
    let waits = pending.map(\.prepared.milliseconds)
    let predictions = settings.classifier.predict(pending.map(\.input), workspace: workspace)
    for (index, prediction) in predictions.enumerated() {
      var item = pending[index]
      item.timings.queue = waits[index]
      try finish(item, prediction)
    }
  }

  private mutating func finish(
    _ pending: Pending, _ prediction: Result<Prediction, Fault>
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
        prediction, of: pending.input, id: pending.item.id,
        sequence: pending.item.sequence)
      var result = settings.classifier.resultObject(
        prediction, of: pending.input, heatmaps: written.heatmaps, classMaps: written.classMaps)
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

extension PipelineSettings {
  /// The fault of an item that took longer than it may; waiting for others does not count.
  fileprivate func timeout(of item: InputItem, after timings: Timings) -> Fault? {
    guard let itemTimeout else { return nil }
    let spent =
      timings.decode + timings.preprocess + timings.inference + timings.explain + timings.write
    guard spent > itemTimeout * 1000 else { return nil }
    return Fault(
      .timeoutItem,
      "\(item.display) took longer than \(itemTimeout) s: raise --item-timeout")
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
