import Checks
import Faults
import FileAccess
import Inference
import JSON
import Metrics
import Models
import Options
import Requests
import Runs

#if canImport(Glibc)
import Glibc
#endif

extension Verb {
  static let run = Verb(
    VerbHelp(
      "run", "Classify many images into a run directory that can be resumed and repeated",
      usage: "INPUT… -o DIR [FLAGS]",
      text: """
        Each input gets exactly one line in DIR/results.jsonl, in the order of the inputs. The same \
        command again goes on where a run was stopped, and repeats nothing when it had finished.
        """,
      examples: [
        ("infercam run photos/ -o runs/photos", "all images below photos/, with heatmaps"),
        (
          "infercam run photos/ -o runs/photos -m resnet50 --heatmap png,npy --overlay",
          "with a model by name, overlays and raw maps"
        ),
        (
          "find . -name '*.tif' -print0 | infercam run --files0-from - -o out",
          "whatever names they have"
        ),
        (
          "infercam run --manifest items.jsonl -o out --fail-on 1%",
          "exit 0 as long as at most 1 % of the items fail"
        ),
        (
          "infercam run --manifest items.jsonl -o out --shard \"$SLURM_ARRAY_TASK_ID/64\"",
          "one of 64 processes on one shared directory"
        ),
        (
          "infercam run photos/ -o shadow -m resnet50@stable --compare resnet50@canary --max-flips 1%",
          "would the canary decide otherwise? exit 1 if for more than 1 % of the photos"
        ),
      ]),
    flags: Flag.inputs + Flag.decoding + Flag.model + Flag.classify + Flag.explain + [Flag.output]
      + Flag.work
      + Flag.run + [Flag.compared, Flag.mapping] + Flag.driftLimits + [
        Flag.itemCommand, Flag.completionCommand,
      ] + Flag.callback + Flag.net
      + Flag.transfers
      + Flag.limits + [Flag.progress],
    rules: [.inputs, .output, .explanation, .shard, .metadata, .callback], body: runVerb)
}

private func runVerb(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  var (request, skipped) = try runRequest(invocation)
  let observers = try RunObservers(invocation)
  request.eventSinks = observers.sinks
  if invocation.arguments.isDryRun {
    return try tellPreview(request, skipped, invocation, &console)
  }
  var display = ProgressDisplay(invocation.arguments, console)
  let outcome: RunOutcome
  do throws(Fault) {
    outcome = try executeRun(request, isInterrupted: isInterrupted) { progress, results in
      display.show(progress)
      observers.items?.send(results, isInterrupted: isInterrupted)
    }
  } catch {
    display.finish()
    throw error
  }
  display.finish()
  if let problem = observers.items?.finish(isInterrupted: isInterrupted) {
    console.note("infercam: warning: --on-item: \(problem)")
  }
  try tell(outcome, request, invocation, &console)
  if [.finished, .replayed, .tooManyFailures].contains(outcome.ending) {
    observers.deliver(request.directory, console, isQuiet: invocation.arguments.isQuiet)
  }
  switch outcome.ending {
  case .interrupted: return interruptionStatus()
  case .deadline: return ExitStatus.busy
  case .tooManyFailures, .canceled: return ExitStatus.configuration
  case .finished, .replayed, .shardFinished:
    let counts = outcome.counts
    let isTooMany = request.failOn.isExceeded(failed: counts.failed, items: counts.items)
    let isDrifting = driftVerdicts(outcome.summary, invocation).contains { !$0.passed }
    return isTooMany || isDrifting ? ExitStatus.itemsFailed : ExitStatus.success
  }
}

private func runRequest(_ invocation: Invocation) throws(Fault) -> (RunRequest, skipped: Int) {
  let arguments = invocation.arguments
  let output = try invocation.runDirectory()
  let selection = try invocation.selection()
  let inputs = try invocation.collect(
    selection, reusing: arguments.overwrites ? nil : RunDirectory(output))
  let model = try invocation.model(arguments.model ?? inputs.manifestModel)
  invocation.describe(model)
  let inference = try invocation.inferenceRequest(standard: [.png])
  var request = RunRequest(
    directory: output, inputs: inputs.list, model: model, inference: inference)
  request.compared = try comparedModel(model, invocation)
  request.engine = arguments.engine
  request.access = invocation.access(selection)
  request.transfers = invocation.inputTransfers
  request.workers = invocation.workers
  request.batch = arguments.batch
  request.durability = arguments.durability
  request.failOn = arguments.failOn
  request.maxFailures = arguments.maxFailures
  request.overwrites = arguments.overwrites
  request.resumes = arguments.resumes
  request.retriesFailed = arguments.retriesFailed
  request.retriedCodes = arguments.retriedCodes
  request.shard = try invocation.shard()
  request.extends = arguments.extends
  request.runKey = arguments.runKey
  request.metadata = try invocation.metadata() ?? inputs.manifestMetadata
  request.ttlHours = arguments.ttlHours
  request.layout = arguments.layout
  request.savesLogits = arguments.savesLogits
  request.itemTimeout = arguments.itemTimeout
  request.memoryBudget = arguments.memoryBudget
  request.deadline = arguments.deadline
  request.origin = origin(invocation)
  return (request, inputs.skipped)
}

/// The second model of the run.
private func comparedModel(
  _ model: ModelVersion, _ invocation: Invocation
) throws(Fault) -> ComparedModel? {
  let drift = invocation.arguments.drift
  guard let reference = drift.compared else {
    if !drift.limits.isEmpty || drift.mapping != nil {
      throw Fault(
        .paramOutOfRange,
        "limits of drift and --mapping concern a second model: name it with --compare")
    }
    return nil
  }
  let compared =
    reference.contains("/") || reference.hasSuffix(".onnx")
    ? try ModelRepository.model(at: RawPath(reference), labels: nil, preset: nil)
    : try invocation.repository.resolve(reference)
  invocation.describe(compared)
  return ComparedModel(compared, mapping: try invocation.labelMapping(from: model, to: compared))
}

/// The limits of drift beside what was found; none while the run has not finished.
private func driftVerdicts(
  _ summary: RunSummary, _ invocation: Invocation
) -> [DriftLimits.Verdict] {
  var limits = invocation.arguments.drift.limits
  guard !limits.isEmpty, let report = summary.comparison else { return [] }
  limits.missing = limits.missing ?? .count(0)
  let failed = report["failed"]?.int ?? 0
  return limits.verdicts(on: report, missing: (failed, (report["items"]?.int ?? 0) + failed))
}

extension Invocation {
  /// The run directory that is named.
  /// - Throws: `Fault` with code `param.missing` without one.
  func runDirectory() throws(Fault) -> RawPath {
    guard let output = arguments.output else {
      throw Fault(.paramMissing, "name the run directory with --output DIR")
    }
    return output
  }

  /// The part of the run that this process works on.
  /// - Throws: `Fault` for flags that do not go together, and for a scheduler that names none.
  func shard() throws(Fault) -> Shard? {
    if arguments.retriedCodes != nil, !arguments.retriesFailed {
      throw Fault(.paramOutOfRange, "--code restricts --retry-failed: give both")
    }
    guard let choice = arguments.shard else { return nil }
    if arguments.overwrites || arguments.extends {
      throw Fault(
        .paramOutOfRange,
        "--overwrite and --extend concern the whole run: give them once without --shard")
    }
    switch choice {
    case .given(let shard): return shard
    case .scheduled: return try environment.scheduledShard()
    }
  }
}

/// The command, the tool and the machine, for people who look into `run.json`.
private func origin(_ invocation: Invocation) -> [String: JSONValue] {
  var name = [CChar](repeating: 0, count: 256)
  gethostname(&name, name.count - 1)
  let host = name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
  return [
    "argv": .array(
      (["infercam"] + invocation.words.map { withoutURLs(RawPath(bytes: $0).identifier) })
        .map(JSONValue.string)),
    "tool": ["name": "infercam", "version": .string(toolVersion)],
    "host": ["name": .string(String(decoding: host, as: UTF8.self))],
  ]
}

/// Tells how the run ended: the job resource on stdout, a summary for people on stderr.
private func tell(
  _ outcome: RunOutcome, _ request: RunRequest, _ invocation: Invocation,
  _ console: inout Console
) throws(Fault) {
  let summary = outcome.summary
  let counts = outcome.counts
  if !invocation.printsTable {
    var members = summary.json.object ?? [:]
    members["replayed"] = .bool(outcome.ending == .replayed)
    members["output"] = .string(request.directory.path.identifier)
    if let shard = request.shard {
      members["shard"] = [
        "index": JSONValue(shard.index), "count": JSONValue(shard.count),
        "items": JSONValue(counts.items), "succeeded": JSONValue(counts.succeeded),
        "failed": JSONValue(counts.failed),
      ]
    }
    try console.print(JSONValue.object(members).encodedText)
  }
  if invocation.arguments.isQuiet || invocation.isJSON { return }
  for note in outcome.notes { console.note(note) }
  let rate = outcome.seconds > 0 ? Double(outcome.doneNow) / outcome.seconds : 0
  let work =
    outcome.ending == .replayed
    ? "replayed:true, nothing was changed"
    : "\(outcome.doneNow) now in \(duration(outcome.seconds)), \(decimal(rate, 1)) img/s"
  console.note(
    "\(ending(outcome)): \(counts.succeeded) succeeded, \(counts.failed) failed "
      + "of \(counts.items) (\(work))")
  for (code, count) in counts.failures.sorted(by: { $0.key < $1.key }) {
    console.note("  \(count) \(code)")
  }
  if let comparison = summary.comparison {
    console.note(
      "compared with \(comparison["model"]?.string ?? "")@\(comparison["model_version"]?.string ?? "")"
    )
    for line in DriftSentences.lines(comparison) { console.note("  \(printable(line))") }
    for verdict in driftVerdicts(summary, invocation) {
      console.note("  \(DriftSentences.line(verdict))")
    }
  }
  if let truth = summary.truth { console.note(truthSentence(truth)) }
  switch outcome.ending {
  case .finished, .replayed: console.note("results: \(request.directory.results.display)")
  case .shardFinished:
    console.note(
      "\(summary.items - summary.succeeded - summary.failed) items of other shards are missing: "
        + "the last shard finishes the run, or infercam runs merge")
  case .interrupted, .deadline: console.note("the same command goes on from here")
  case .canceled: console.note("the same command with --resume goes on from here")
  case .tooManyFailures:
    console.note("stopped by --max-failures; the same command with a higher limit goes on")
  }
}

/// What the labels of the inputs say about a run, for people.
private func truthSentence(_ truth: JSONValue) -> String {
  func percent(_ name: String) -> String {
    truth[name]?.double.map { decimal($0 * 100, 2) + " %" } ?? "–"
  }
  func count(_ name: String) -> Int { truth[name]?.int ?? 0 }
  var parts = [
    "accuracy \(percent("accuracy")), top-5 \(percent("top5_accuracy")), calibration error "
      + "\(percent("ece")) on \(count("scored")) of \(count("labelled")) labelled items"
  ]
  for (name, words) in [
    ("unknown", "with labels that the model does not have"),
    ("ambiguous", "with labels that several classes have"), ("failed", "failed"),
  ] where count(name) > 0 {
    parts.append("\(count(name)) \(words)")
  }
  return parts.joined(separator: "; ")
}

private func ending(_ outcome: RunOutcome) -> String {
  switch outcome.ending {
  case .finished, .replayed: "finished"
  case .shardFinished: "shard finished"
  case .interrupted: "interrupted"
  case .deadline: "out of time"
  case .canceled: "canceled"
  case .tooManyFailures: "stopped"
  }
}
