import CPlatform
import Execution
import Faults
import FileAccess
import Images
import Inference
import JSON
import Models
import Options
import Requests
import Runs
import Workers

extension Invocation {
  var isJSON: Bool { arguments.isJSON }

  /// The colours of what is told on stderr.
  var style: Style { Style(arguments.color, environment) }

  /// Whether stdout gets tables for people instead of JSON.
  var printsTable: Bool {
    arguments.isTable || (!arguments.isJSON && Console().isOutputTerminal)
  }

  var workers: Int { arguments.workers ?? WorkerThread.usableProcessors }

  /// Says what could go wrong without being wrong.
  func note(_ text: String) {
    if !arguments.isQuiet { Console().note(text) }
  }

  /// The repository of the search path.
  var repository: ModelRepository {
    ModelRepository(searchPath: environment.modelSearchPath(arguments.modelFolders))
  }

  /// The model that was named, or the one that stands in.
  func model(_ named: String? = nil) throws(Fault) -> ModelVersion {
    guard let reference = named ?? arguments.model else {
      try refusePathFlags()
      return try repository.defaultModel()
    }
    if reference.contains("/") || reference.hasSuffix(".onnx") {
      return try ModelRepository.model(
        at: RawPath(reference), labels: arguments.labels, preset: arguments.preprocess,
        output: arguments.outputName)
    }
    try refusePathFlags()
    return try repository.resolve(reference)
  }

  /// Flags that describe a bare file say nothing about a model of the repository.
  private func refusePathFlags() throws(Fault) {
    let given = [
      ("--labels", arguments.labels != nil), ("--preprocess", arguments.preprocess != nil),
      ("--output-name", arguments.outputName != nil),
    ]
    if let flag = given.first(where: \.1)?.0 {
      throw Fault(
        .paramOutOfRange,
        "\(flag) describes an .onnx file: name one with --model path/to/model.onnx",
        details: ["flag": .string(flag)])
    }
  }

  /// What is asked of every image, with the heatmaps of a verb that draws `standard` on its own;
  /// maps of all classes are drawn only when that is said.
  /// - Throws: `Fault` with code `param.out_of_range` for options that do not go together.
  func inferenceRequest(standard: [HeatmapFormat]) throws(Fault) -> InferenceRequest {
    var request = arguments.inference
    let formats = arguments.heatmaps ?? standard
    request.gradCAM.enabled = !formats.isEmpty
    request.gradCAM.formats =
      arguments.heatmaps == nil && request.gradCAM.explainsAll ? [] : formats
    if let fault = Fault(request.gradCAM.violations) { throw fault }
    return request
  }

  /// With --verbose, tells what is about to run.
  func describe(_ model: ModelVersion) {
    guard arguments.isVerbose else { return }
    note(
      "model \(model.name)@\(model.version) from \(model.file.display), sha256 \(model.sha256)\n"
        + "\(workers) workers, batches of \(arguments.batch), "
        + "\(arguments.engine.kernels.rawValue) kernels")
  }

  /// The selection of the flags with the words of the command line as paths.
  func selection() throws(Fault) -> InputSelection {
    var selection = try streamSelection()
    selection.paths = line.positionals.map { RawPath(bytes: $0) }
    if selection.isEmpty {
      throw Fault(.paramMissing, "name at least one image, folder or list: see --help")
    }
    return selection
  }

  /// How inputs are understood, whatever selects them.
  func streamSelection() throws(Fault) -> InputSelection {
    var selection = arguments.selection
    if arguments.allowsNet { selection.transfers = arguments.transfers }
    if let folder = arguments.baseFolder { selection.folder = try BaseFolder(folder) }
    selection.maxBytes = arguments.inference.decoding.limits.maxBytes
    return selection
  }

  /// From where inputs are read, given how they were selected.
  func access(_ selection: InputSelection) -> InputAccess {
    var access = InputAccess()
    access.folder = selection.folder
    access.store = store
    if let command = arguments.scanCommand {
      access.scanner = ItemScanner(command, seconds: arguments.scanSeconds)
    }
    return access
  }

  /// The store of objects; `nil` where nothing says where it is.
  var store: ObjectStore? {
    (arguments.store ?? environment.standardStore).map(ObjectStore.init)
  }

  /// Finds the inputs and tells what was left out.
  /// - Parameter run: a run that may have frozen the same inputs.
  func collect(
    _ selection: InputSelection, reusing run: RunDirectory? = nil
  ) throws(Fault) -> CollectedInputs {
    let collected: CollectedInputs
    do throws(Fault) {
      collected = try collectInputs(selection, reusing: run)
    } catch {
      throw error.asManifestDefect
    }
    if collected.skipped > 0 {
      note(
        "left out \(collected.skipped) files in folders that are not named like images"
          + " (--include '*' takes them)")
    }
    if collected.skippedLinks > 0 {
      note(
        "left out \(collected.skippedLinks) symbolic links in folders (--follow takes those to files)"
      )
    }
    return collected
  }
}

extension Fault {
  /// The fault as one of the list of inputs: what is a parameter in a request over HTTP is a line of
  /// a manifest here, not the usage of the program.
  fileprivate var asManifestDefect: Fault {
    guard details["violations"] != nil, ExitStatus.of(code) == ExitStatus.usage else { return self }
    var fault = self
    fault.code = .manifestInvalid
    return fault
  }
}

/// Whether a signal has asked the program to end.
func isInterrupted() -> Bool {
  ic_caught_signal() != 0
}

/// The status of a program that a signal has ended.
func interruptionStatus() -> Int32 {
  128 + ic_caught_signal()
}
