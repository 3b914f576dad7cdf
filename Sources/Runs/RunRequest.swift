public import FileAccess
import Images
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
  /// A second model that each input is also given to.
  public var compared: ComparedModel?
  public var engine = EngineOptions()
  public var workers = 1
  public var batch = 8
  public var durability = Durability.batch
  public var failOn = FailOn.any
  /// Stops the run after this many failures.
  public var maxFailures: Int?
  /// Replaces a run of another configuration, or a finished one.
  public var overwrites = false
  /// Goes on with a run that was canceled.
  public var resumes = false
  /// Computes failed items again.
  public var retriesFailed = false
  /// Restricts that to codes that match.
  public var retriedCodes: Glob?
  /// The part of the run that this process works on; `nil` for all of it.
  public var shard: Shard?
  /// Adds what is not in the run yet to it.
  public var extends = false
  /// The caller's own name for the run.
  public var runKey: String?
  /// What the caller says about the run, an object; `nil` where nothing is said.
  public var metadata: JSONValue?
  /// How long the run is kept after the last work on it, in hours; `nil` where nothing is said.
  public var ttlHours: Double?
  public var layout = HeatmapLayout.names
  /// Keeps the logits of all items as one array.
  public var savesLogits = false
  /// Bytes that decoded images may take together; `nil` for no limit.
  public var memoryBudget: Int?
  /// The longest that one item may take, in seconds.
  public var itemTimeout: Double?
  /// The longest that this attempt may take, in seconds.
  public var deadline: Double?
  /// From where inputs may be read.
  public var access = InputAccess()
  /// How URLs are read; `nil` when none is.
  public var transfers: InputTransfers?
  /// Who is told when the run has ended.
  public var eventSinks: Set<EventSink> = []
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

  func makeReader() -> InputReader {
    InputReader(access, limit: inference.decoding.limits.maxBytes)
  }

  public var fingerprint: Fingerprint {
    Fingerprint(
      model: model, request: inference, engine: engine, layout: layout, savesLogits: savesLogits,
      compared: compared, inputs: inputs, scanner: access.scanner)
  }
}

/// A second model of a run, whose results are compared with those of the first.
public struct ComparedModel: Sendable {
  public var model: ModelVersion
  /// From the labels of the first model to its own.
  public var mapping: LabelMapping

  public init(_ model: ModelVersion, mapping: LabelMapping) {
    self.model = model
    self.mapping = mapping
  }
}

/// How many items there are and what became of them.
public struct ItemCounts: Sendable, Hashable {
  public var items = 0
  public var succeeded = 0
  /// How many items failed with each code.
  public var failures: [String: Int] = [:]

  public var failed: Int { failures.values.reduce(0, +) }
  public var done: Int { succeeded + failed }
}

/// How far a run, or this process's shard of it, is.
public struct RunProgress: Sendable {
  /// Items with a durable record, those of earlier attempts included.
  public var counts: ItemCounts
  /// Items of this attempt.
  public var doneNow: Int
  public var seconds: Double

  public init(counts: ItemCounts, doneNow: Int, seconds: Double) {
    self.counts = counts
    self.doneNow = doneNow
    self.seconds = seconds
  }
}

/// How a run ended.
public struct RunOutcome: Sendable {
  public var summary: RunSummary
  public var ending: Ending
  /// The items of this process: those of its shard, or all.
  public var counts: ItemCounts
  /// Items computed by this attempt, and the seconds it took.
  public var doneNow = 0
  public var seconds = 0.0
  /// What people should know, such as what was repaired on the way.
  public var notes: [String] = []

  public enum Ending: Sendable, Hashable {
    /// Every item of the run has its record, and the results are written.
    case finished
    /// The run had finished before; nothing was changed.
    case replayed
    /// Every item of this shard has its record; those of others are missing, or at work.
    case shardFinished
    /// A signal stopped it; the same command resumes it.
    case interrupted
    /// The time was up; the same command resumes it.
    case deadline
    /// `cancelRun` has asked for it.
    case canceled
    /// Too many items failed.
    case tooManyFailures
  }
}
