public import FileAccess
public import Inference
public import JSON
public import Models

/// When results reach the disk.
public enum Durability: String, Sendable, CaseIterable {
  /// Every 64 items or quarter of a second, and no item counts before.
  case batch
  /// Each item on its own.
  case item
  /// Whenever the system writes them; survives a kill, not a power cut.
  case none
}

/// A run as asked for: what to compute and how.
public struct RunRequest: Sendable {
  public var directory: RunDirectory
  public var inputs: InputList
  public var model: ModelVersion
  public var inference: InferenceRequest
  public var engine = EngineOptions()
  public var workers = 1
  public var batch = 8
  public var durability = Durability.batch
  public var failOn = FailOn.any
  /// Stops the run after this many failures.
  public var maxFailures: Int?
  /// Replaces a run of another configuration, or a finished one.
  public var overwrites = false
  /// Computes failed items again.
  public var retriesFailed = false
  /// The command, the tool and the machine; for people.
  public var origin: [String: JSONValue] = [:]

  public init(
    directory: RawPath, inputs: InputList, model: ModelVersion, inference: InferenceRequest
  ) {
    self.directory = RunDirectory(directory)
    self.inputs = inputs
    self.model = model
    self.inference = inference
  }

  public var fingerprint: Fingerprint {
    Fingerprint(model: model, request: inference, engine: engine, inputs: inputs)
  }
}

/// How far a run is.
public struct RunProgress: Sendable {
  public var items: Int
  /// Items with a durable record, those of earlier attempts included.
  public var done: Int
  public var failed: Int
  /// Items of this attempt.
  public var doneNow: Int
  public var seconds: Double
}

/// How a run ended.
public struct RunOutcome: Sendable {
  public var summary: RunSummary
  public var ending: Ending
  /// Items computed by this attempt, and the seconds it took.
  public var doneNow = 0
  public var seconds = 0.0

  public enum Ending: Sendable, Hashable {
    case finished
    /// The run had finished before; nothing was changed.
    case replayed
    /// A signal stopped it; the same command resumes it.
    case interrupted
    /// Too many items failed.
    case tooManyFailures
  }
}

/// What the same command would do now.
public struct RunPreview: Sendable {
  public enum Action: String, Sendable {
    case create
    case resume
    case replay
    case overwrite
  }

  public var action: Action
  public var items: Int
  public var done: Int
}
