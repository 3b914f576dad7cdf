import FileAccess
public import Inference
public import Models
public import Requests

/// What the workers of a run share.
public struct PipelineSettings: Sendable {
  public var classifier: Classifier
  public var model: ModelVersion
  public var request: InferenceRequest
  public var destination = HeatmapDestination.none
  public var workers = 1
  /// How files of heatmaps are named.
  public var layout = HeatmapLayout.names
  /// The longest that one item may keep a worker, in seconds.
  public var itemTimeout: Double?
  /// Whether the logits are kept.
  var savesLogits = false
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
    classifier: Classifier, model: ModelVersion, request: InferenceRequest, jobID: String
  ) {
    self.classifier = classifier
    self.model = model
    self.request = request
    self.jobID = jobID
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
