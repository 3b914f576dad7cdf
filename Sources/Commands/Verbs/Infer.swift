import Faults
import FileAccess
import Inference
import JSON
import Models
import Options
import Requests
import Runs
import Workers

extension Verb {
  static let infer = Verb(
    VerbHelp(
      "infer", "Classify images and print the results", usage: "IMAGE… [FLAGS]",
      text: """
        Prints a table on a terminal, one JSON object per image otherwise or with --json. With - the \
        standard input gives paths or JSON lines, and each result is printed as soon as it is \
        there. Heatmaps are part of the result in base64 unless --output names a folder.
        """,
      examples: [
        ("infercam infer cat.jpg", "the five likeliest classes"),
        (
          "infercam infer --json --top-k 3 *.jpg | jq -r '.result.classes[0].label'",
          "the best label of each image"
        ),
        (
          "inotifywait -m -e close_write --format %w%f in/ | infercam infer - --json",
          "whatever arrives in a folder; the model stays loaded"
        ),
      ]),
    flags: Flag.inputs + Flag.decoding + Flag.model + Flag.classify + Flag.explain + Flag.work + [
      Flag.failOn
    ]
      + Flag.limits + Flag.net + Flag.transfers + [Flag.heatmapFolder],
    rules: [.inputs, .explanation], body: inferVerb)
}

private func inferVerb(_ invocation: Invocation) throws(Fault) -> Int32 {
  let isStream = invocation.line.positionals.contains([UInt8(ascii: "-")])
  if isStream, invocation.line.positionals.count > 1 {
    throw Fault(.paramOutOfRange, "- reads the standard input and stands alone")
  }
  var selection = try isStream ? invocation.streamSelection() : invocation.selection()
  selection.allowsDuplicates = invocation.arguments.output == nil
  let collected = isStream ? nil : try invocation.collect(selection)
  var settings = try pipelineSettings(
    invocation, invocation.access(selection),
    try invocation.model(invocation.arguments.model ?? collected?.manifestModel),
    collected?.list.hasURLs == false ? nil : invocation.inputTransfers)
  var printer = ResultPrinter(invocation)
  if let collected {
    settings.divideThreads(items: collected.list.count)
    try inferItems(settings, ListSource(collected.list), isInterrupted: isInterrupted) {
      (result) throws(Fault) in try printer.print(result)
    }
  } else {
    let source = try startReading(
      capacity: settings.workers * settings.batch, selection)
    try inferItems(settings, source, isInterrupted: isInterrupted) {
      (result) throws(Fault) in try printer.print(result)
    }
  }
  try printer.finish()
  if isInterrupted() { return interruptionStatus() }
  let failOn = invocation.arguments.failOn
  return failOn.isExceeded(failed: printer.failed, items: printer.count)
    ? ExitStatus.itemsFailed : ExitStatus.success
}

private func pipelineSettings(
  _ invocation: Invocation, _ access: InputAccess, _ model: ModelVersion,
  _ transfers: InputTransfers?
) throws(Fault) -> PipelineSettings {
  let arguments = invocation.arguments
  invocation.describe(model)
  // Whoever asks for a folder, a layer or a colour wants to see heatmaps.
  let explainFlags = Set(Flag.explain.map(\.name) + [Flag.heatmapFolder.name])
  let asked = !explainFlags.isDisjoint(with: invocation.line.origins.keys)
  let request = try invocation.inferenceRequest(standard: asked ? [.png] : [])
  let classifier = try Classifier(model, request: request, engine: arguments.engine)
  var settings = PipelineSettings(
    classifiers: ClassifierSet(classifier, engine: arguments.engine), model: model,
    request: request, jobID: makeJobID(prefix: "inf_"), access: access)
  settings.workers = invocation.workers
  settings.batch = arguments.batch
  settings.transfers = transfers
  settings.memory = MemoryBudget(total: arguments.memoryBudget)
  settings.destination = .inline
  if let folder = arguments.output {
    try createDirectories(folder)
    let prefix = folder.bytes.last == UInt8(ascii: "/") ? folder.display : folder.display + "/"
    settings.destination = .files(
      folder: folder, prefix: prefix, temporary: folder, .immediate)
  }
  return settings
}

/// Starts a thread that turns lines of the standard input into items.
private func startReading(
  capacity: Int, _ selection: InputSelection
) throws(Fault) -> StreamSource {
  let source = StreamSource(capacity: capacity)
  let thread = WorkerThread("reader") {
    do throws(Fault) {
      var items = try StreamedItems(selection)
      while let item = try items.next() {
        if !source.push(item) { return }
      }
    } catch {
      Console().note("infercam: \(error.message)")
    }
    source.stop()
  }
  guard let thread else { throw Fault(.resourceExhausted, "no thread could be started") }
  // It may wait for lines that never come.
  thread.detach()
  return source
}
