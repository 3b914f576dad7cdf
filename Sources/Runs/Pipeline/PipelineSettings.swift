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
  /// Items that go through the network together.
  public var batch = 8
  /// Decoded bytes that one worker holds at most, beyond a single image.
  public var chunkBytes = 64 << 20
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
  var artefacts: [Artefact] = []
}
