import FileAccess
import Images
public import Inference
public import Models
public import Requests
import Workers

/// What the workers of a run share.
public struct PipelineSettings: Sendable {
  /// What computes; that of the request, and those of items with options of their own.
  public let classifiers: ClassifierSet
  /// What has been computed already.
  let shared = SharedPredictions()
  /// What reads items.
  let reader: InputReader
  public var model: ModelVersion
  /// A second model that sees the same inputs.
  public var compared: ComparedClassifier?
  public var request: InferenceRequest
  public var destination = HeatmapDestination.none
  public var workers = 1
  /// Threads with which each worker passes its items through the network.
  public var threads = 1
  /// How files of heatmaps are named.
  public var layout = HeatmapLayout.names
  /// The longest that one item may keep a worker, in seconds.
  public var itemTimeout: Double?
  /// Whether the logits are kept.
  var savesLogits = false
  /// Reads and decodings that took longer and go on.
  let abandonedCalls = AbandonedCalls()
  /// Memory for decoded images; `nil` to take what each one needs.
  public var memory: MemoryBudget?
  /// Where starts of items are noted.
  var journal: JournalWriter?
  /// Whether each item runs with nothing else in work.
  var isAlone = false
  /// Items that go through the network together.
  public var batch = 8
  /// Decoded bytes that one worker holds at most, beyond a single image.
  public var chunkBytes = 64 << 20
  /// How URLs are read; `nil` when none is.
  public var transfers: InputTransfers?
  /// Starts the request ids.
  public var jobID: String

  public init(
    classifiers: ClassifierSet, model: ModelVersion, request: InferenceRequest, jobID: String,
    access: InputAccess = InputAccess()
  ) {
    self.classifiers = classifiers
    self.reader = InputReader(access, limit: request.decoding.limits.maxBytes)
    self.model = model
    self.request = request
    self.jobID = jobID
  }

  /// Gives the processors that have no item of their own to those that have.
  /// - Parameter items: how many there are.
  public mutating func divideThreads(items: Int) {
    let processors = min(workers, WorkerThread.usableProcessors)
    workers = max(1, min(workers, items))
    threads = max(1, processors / workers)
  }
}

/// An item that has been processed, one way or the other.
public struct ProcessedItem: Sendable {
  public var result: ResultItem
  var stamp: FileStamp?
  /// The logits as they are kept: little-endian float32.
  var logits: [UInt8]?
  var artefacts: [Artefact] = []
  /// Files that are flushed and named when the item is committed.
  var staged: [StagedFile] = []
  /// The contents of the artefacts, where they go into archives.
  var packed: [[UInt8]] = []
}
