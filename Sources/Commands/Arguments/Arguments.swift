import FileAccess
import Inference
import Models
import Reports
import Requests
import Runs
import Transfers

/// Everything that a command line can say; what is not said is `nil` or the default.
struct Arguments: Sendable {
  var selection = InputSelection()

  /// The folder that input files must lie below.
  var baseFolder: RawPath?
  /// Where stored objects are.
  var store: RawPath?
  /// The command that looks at every item first, as it was typed.
  var scanCommand: [UInt8]?
  var scanSeconds = 60.0

  var model: String?
  var modelFolders: [RawPath] = []
  var labels: RawPath?
  var outputName: String?
  var preprocess: PreprocessPreset?
  var engine = EngineOptions()
  var registration = RegistrationArguments()

  var inference = InferenceRequest()
  /// The heatmap files wanted; empty for none, `nil` for what the verb does by default.
  var heatmaps: [HeatmapFormat]?

  var output: RawPath?
  var workers: Int?
  var batch = 8
  var durability = Durability.batch
  var failOn = FailOn.any
  var maxFailures: Int?
  var overwrites = false
  var resumes = false
  var retriesFailed = false
  var retriedCodes: Glob?
  var shard: ShardChoice?
  var extends = false
  var runKey: String?
  /// A JSON object, or `@` and a file that holds one.
  var metadata: [UInt8]?
  var ttlHours: Double?
  var layout = HeatmapLayout.names
  var savesLogits = false
  var itemTimeout: Double?
  var memoryBudget = usableMemory / 2
  var deadline: Double?
  var isDryRun = false
  var repairs = false
  var exportFormat: ExportFormat?
  var export = ExportOptions()
  /// Whether a watch goes on while nobody is at work.
  var waits = true

  /// Commands for `/bin/sh`, as they were typed.
  var itemCommand: [UInt8]?
  var completionCommand: [UInt8]?
  var callbackURL: WebURL?
  var callbackSecretFile: RawPath?
  var callbackWait = 60.0
  /// Whether inputs may be URLs.
  var allowsNet = false
  var transfers = TransferPolicy()
  var transferSeconds = 60.0
  var transferAttempts = 4
  var transferConcurrency = 8

  var isJSON = false
  var isTable = false
  var isQuiet = false
  var isVerbose = false
  var color = ColorMode.auto
  var progress = ProgressMode.auto

  var seconds = 4.0
  /// Threads that pass a batch through the network together.
  var threads = 1
  var limit = 100
  var cursor: String?
  var status: RunItemFilter?
  var codes: Glob?
  var topClass: String?
  var runs = RunFilter()
  var check = CheckArguments()
  var drift = DriftArguments()
  var relativeTolerance = 1e-3
  var absoluteTolerance = 1e-7
}

/// Which part of a run a process works on.
enum ShardChoice: Sendable, Hashable {
  case given(Shard)
  /// What the scheduler's variables say.
  case scheduled
}

/// How progress is shown.
enum ProgressMode: String, Sendable, CaseIterable {
  case auto
  case bar
  case plain
  case json
  case none
}

/// Which results are listed.
enum RunItemFilter: String, Sendable, CaseIterable {
  case succeeded
  case failed
}
