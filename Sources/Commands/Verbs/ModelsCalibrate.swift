import Faults
import FileAccess
import Inference
import JSON
import Metrics
import Models
import Options
import Runs

extension Verb {
  static let modelsCalibrate = Verb(
    VerbHelp(
      "models calibrate", "Fit a temperature to labelled runs", usage: "NAME@VERSION RUN… [FLAGS]",
      text: """
        The runs are finished ones of this version, made with --save-logits from a manifest with labels. \
        The temperature that makes the true classes most likely is written as a new calibration beside \
        the version, which itself never changes: NAME@VERSION+CALIBRATION uses it, as an alias may. \
        It changes probabilities, never the order of classes. Judge it on items that it was not fitted to.
        """,
      examples: [
        (
          "infercam run --manifest val.jsonl -o runs/val -m r50@1 --save-logits", "labelled results"
        ),
        ("infercam models calibrate r50@1 runs/val", "writes the calibration t1.234, say"),
        ("infercam models alias set r50 stable 1+t1.234", "promotes the version with it"),
      ]),
    flags: Flag.calibration + [Flag.modelFolders], body: calibrateModel)
}

extension Flag where Arguments == Commands.Arguments {
  /// What a calibration is called.
  fileprivate static let calibration: [Self] = [
    Self(
      "calibration-version", value: "NAME", .model, "what the calibration is called",
      default: "t and the temperature, as t1.234"
    ) { value, arguments throws(Fault) in
      arguments.registration.calibrationVersion = try value.nonEmptyText()
    },
    Self("dry-run", .output, "fit and tell, and write nothing") { $1.isDryRun = $0.isOn },
  ]
}

private func calibrateModel(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let words = invocation.line.positionals
  guard words.count >= 2, let reference = String(validating: words[0], as: UTF8.self) else {
    throw Fault(.paramMissing, "name the version and at least one run: NAME@VERSION RUN…")
  }
  let model = try invocation.repository.resolve(reference)
  let activation = try model.scoreActivation()
  guard activation == .softmax, model.labels.count > 1 else {
    throw Fault(
      .calibrationNotSupported,
      "the scores of \(model.reference) become probabilities by "
        + (activation == .none ? "nothing" : "a \(activation.rawValue)")
        + ": a temperature is fitted to softmax over several classes only",
      details: ["activation": .string(activation.rawValue)])
  }
  var logits = LabelledLogits(classCount: model.labels.count)
  var runs: [JSONValue] = []
  for word in words.dropFirst() {
    let run = RunDirectory(RawPath(bytes: word))
    let results = try LabelledResults(run)
    try check(results, of: run, are: model)
    guard !runs.contains(results.identity) else {
      throw Fault(.paramOutOfRange, "the run in \(run.path.display) is named twice")
    }
    let count = try results.add(to: &logits)
    runs.append(
      .object((results.identity.object ?? [:]).merging(["items": JSONValue(count)]) { $1 }))
  }
  let temperature = try fittedTemperature(logits, model)
  guard let before = logits.scores(temperature: model.spec.calibration.temperature),
    let after = logits.scores(temperature: temperature)
  else { throw Fault(.internalError, "a fit has no items") }
  let name = invocation.arguments.registration.calibrationVersion ?? "t\(shortened(temperature))"
  let calibration = Calibration(
    version: name, temperature: temperature, of: model,
    fit: [
      "items": JSONValue(logits.count), "runs": .array(runs), "accuracy": .double(after.accuracy),
      "before": figures(before, model.spec.calibration.temperature),
      "after": figures(after, temperature),
    ])
  let isDryRun = invocation.arguments.isDryRun
  let isNew = isDryRun ? false : try model.add(calibration)
  let added = "\(model.name)@\(model.version)+\(name)"
  guard invocation.printsTable else {
    try console.print(
      JSONValue.object([
        "added": .bool(isNew), "dry_run": .bool(isDryRun), "reference": .string(added),
        "file": .string(model.calibrationFile(name).identifier), "calibration": calibration.json,
      ]).encodedText)
    return ExitStatus.success
  }
  try console.print(
    """
    \(logits.count) labelled items, accuracy \(decimals(100 * after.accuracy)) %
    temperature \(shortened(model.spec.calibration.temperature)) → \(shortened(temperature))
    negative log likelihood \(decimals(before.negativeLogLikelihood)) → \
    \(decimals(after.negativeLogLikelihood))
    calibration error \(decimals(100 * before.calibrationError)) % → \
    \(decimals(100 * after.calibrationError)) %
    \(isDryRun ? "would be" : isNew ? "added" : "already there"): \(added)
    """)
  return ExitStatus.success
}

/// Refuses results of a model with other logits.
private func check(
  _ results: LabelledResults, of run: RunDirectory, are model: ModelVersion
) throws(Fault) {
  let recorded = ModelVersion.logitsIdentity(recorded: results.model)
  let wanted = model.logitsIdentity
  if recorded == wanted { return }
  let differing = (wanted.object ?? [:]).keys.sorted().filter { wanted[$0] != recorded[$0] }
  throw Fault(
    .resourceVersionConflict,
    "the run in \(run.path.display) is one of \(printable(results.model["name"]?.string ?? "?"))@"
      + printable(results.model["version"]?.string ?? "?") + ", whose "
      + differing.joined(separator: ", ")
      + " differ from \(model.reference): run the version itself",
    details: ["differing": .array(differing.map { .string($0) })])
}

private func fittedTemperature(
  _ logits: LabelledLogits, _ model: ModelVersion
) throws(Fault) -> Double {
  guard logits.count >= TemperatureFit.minimumItems else {
    throw Fault(
      .calibrationUndetermined,
      "\(logits.count) labelled items are too few for a temperature: give at least "
        + "\(TemperatureFit.minimumItems)", details: ["items": .int(logits.count)])
  }
  let reason: String
  switch TemperatureFit(logits) {
  case .found(let temperature): return temperature
  case .belowRange:
    reason = "every one of \(logits.count) items is right, so the temperature falls without end"
  case .aboveRange:
    reason =
      "the scores of \(logits.count) items say nothing of their classes, so the temperature "
      + "grows without end: check the labels"
  }
  let range = TemperatureFit.range
  throw Fault(
    .calibrationUndetermined,
    "\(reason) (looked at \(range.lowerBound) to \(range.upperBound)): give more items, of which some "
      + "are wrong", details: ["items": .int(logits.count)])
}

private func figures(_ scores: LabelledLogits.Scores, _ temperature: Double) -> JSONValue {
  [
    "temperature": .double(temperature), "nll": .double(scores.negativeLogLikelihood),
    "ece": .double(scores.calibrationError),
  ]
}

/// Three decimals, those at the end that are zero left out.
private func shortened(_ value: Double) -> String {
  let text = "\((value * 1000).rounded() / 1000)"
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

private func decimals(_ value: Double) -> String { "\((value * 10_000).rounded() / 10_000)" }
