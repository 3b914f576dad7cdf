import Checks
import Faults
import FileAccess
import Images
import Inference
import JSON
import Models
import Options
import Requests
import Runs

extension Verb {
  static let check = Verb(checkHelp("check"), flags: checkFlags, body: verify)
  static let checkVerify = Verb(checkHelp("check verify"), flags: checkFlags, body: verify)

  private static let checkFlags: [Flag<Arguments>] =
    Flag.model + [Flag.instructionSet, Flag.golden, Flag.mapping] + Flag.work + Flag.checkReport

  private static func checkHelp(_ name: String) -> VerbHelp {
    VerbHelp(
      name, "Compare a model with its golden values", usage: "[MODEL] [FLAGS]",
      text: """
        The golden of a version lies beside it in golden/. A version without one is compared with that \
        of the default version. The exit status is 0 when every stage of every input is the same, or \
        within the tolerances, and 1 when one differs; the first one that does is named. Nothing is \
        ever written but the file of --junit.
        """,
      examples: [
        ("infercam check resnet50@canary --junit junit.xml", "may the canary replace the default?"),
        ("infercam check resnet50 --golden resnet50@2025-01-15", "against another version"),
      ])
  }

  static let checkRecord = Verb(
    VerbHelp(
      "check record", "Record golden values of a model", usage: "[MODEL] --inputs FILE… [FLAGS]",
      text: """
        Writes what the model makes of the inputs into golden/expected.json.new; check accept makes it \
        the golden. Without inputs those of the golden that is there are recorded again, as for another \
        kind of machine, whose values are kept beside.
        """,
      examples: [
        ("infercam check record resnet50 --inputs a.jpg b.jpg", "writes golden/*.new"),
        ("infercam check record resnet50 --inputs a.jpg --layers all", "with every layer"),
      ]),
    flags: Flag.model + [Flag.instructionSet, Flag.golden] + Flag.recording
      + Flag.explanationChoice + Flag.work, body: record)

  static let checkAccept = Verb(
    VerbHelp(
      "check accept", "Make recorded values the golden ones", usage: "[MODEL] [FLAGS]",
      text: """
        Renames golden/expected.json.new and tolerances.json.new, each in one step, and removes the \
        files that the golden no longer names.
        """,
      examples: [("infercam check accept resnet50", "after check has told what is new")]),
    flags: Flag.modelChoice + [Flag.golden], body: accept)
}

private func verify(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let arguments = invocation.arguments
  let model = try invocation.modelOfPositional()
  invocation.describe(model)
  let folder = try invocation.goldenFolder(toCompare: model)
  let baseline = try folder.read().baseline(for: arguments.engine)
  let tolerances = try folder.readTolerances() ?? Tolerances()
  let relation = try invocation.classRelation(model, of: baseline, in: folder)
  let subject = try subject(model, of: baseline, relation, invocation)
  let report = try folder.compare(
    subject, with: baseline, tolerances, relation: relation, batch: arguments.batch,
    workers: invocation.workers)
  if let file = arguments.check.junit {
    try replaceFile(
      file, with: Array(report.junit.utf8),
      temporary: RawPath(bytes: file.bytes + Array(".part".utf8)))
  }
  switch arguments.check.format {
  case .github: try console.print(report.githubAnnotations)
  case .tap: try console.print(report.tap)
  case nil:
    if invocation.printsTable {
      try console.print(printableLines(report.text))
    } else {
      try console.print(report.json.encodedText)
    }
  }
  return report.isSame ? ExitStatus.success : ExitStatus.itemsFailed
}

/// The lines of a text with control characters made visible.
func printableLines(_ text: String) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false).map { printable(String($0)) }
    .joined(separator: "\n")
}

/// The model with the layers and the heatmap that a baseline holds.
private func subject(
  _ model: ModelVersion, of baseline: GoldenBaseline, _ relation: ClassRelation?,
  _ invocation: Invocation
) throws(Fault) -> GoldenSubject {
  let engine = invocation.arguments.engine
  let explanation = baseline.explanation.map { relation?.applied(to: $0) ?? $0 }
  let layers = baseline.layers
  do throws(Fault) {
    return try GoldenSubject(
      model, explanation: explanation, layers: layers, engine: engine)
  } catch {
    // A layer that is gone is a difference; the others are still compared.
    guard error.code == .layerNotFound, layers != .none else { throw error }
    return try GoldenSubject(
      model, explanation: explanation, layers: .all, engine: engine)
  }
}

private func record(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let arguments = invocation.arguments
  var words = invocation.line.positionals
  let isNamed = invocation.line.origins["model"] == .commandLine
  var reference: String?
  if !isNamed, !words.isEmpty {
    guard let text = String(validating: words.removeFirst(), as: UTF8.self) else {
      throw Fault(.paramOutOfRange, "the name of the model is not valid UTF-8")
    }
    reference = text
  }
  let model = try invocation.model(reference)
  invocation.describe(model)
  let folder = try invocation.goldenFolder(toRecord: model)
  let paths = arguments.check.inputs + words.map { RawPath(bytes: $0) }
  let inputs =
    if paths.isEmpty {
      try folder.recordedInputs()
    } else {
      try goldenInputs(paths, invocation)
    }
  let subject = try recordedSubject(model, invocation)
  let recording = try folder.record(
    inputs, of: subject, tool: "infercam \(toolVersion)", batch: arguments.batch,
    workers: invocation.workers)
  for profile in recording.dropped {
    invocation.note(
      "infercam: warning: the values of \(profile.text) are of other inputs or another model: "
        + "they are left out, record them again on such a machine")
  }
  if invocation.printsTable {
    try console.print(
      "recorded \(inputs.count) inputs of \(model.name)@\(model.version) on "
        + "\(MachineFacts(arguments.engine).text) in \(folder.path.display): "
        + "infercam check accept makes them the golden")
  } else {
    let json: JSONValue = [
      "model": .string(model.reference),
      "golden": .string(folder.path.identifier), "inputs": JSONValue(inputs.count),
      "machine": MachineFacts(arguments.engine).json, "kept": JSONValue(recording.kept),
      "dropped": .array(recording.dropped.map(\.json)), "accepted": false,
    ]
    try console.print(json.encodedText)
  }
  return ExitStatus.success
}

/// The model with what is to be recorded of it; without a heatmap where it has none.
private func recordedSubject(
  _ model: ModelVersion, _ invocation: Invocation
) throws(Fault) -> GoldenSubject {
  let arguments = invocation.arguments
  let (options, engine) = (arguments.inference.gradCAM, arguments.engine)
  if let fault = Fault(options.violations) { throw fault }
  if options.targets.count > 1 || options.explainsAll {
    throw Fault(.paramOutOfRange, "a golden holds one heatmap an input: name one --target")
  }
  let layers = arguments.check.layerSelection
  do throws(Fault) {
    return try GoldenSubject(
      model, explanation: ExplanationChoice(options), layers: layers, engine: engine)
  } catch {
    let isAsked = ["layer", "method", "target", "score"].contains {
      invocation.line.origins[$0] != nil
    }
    guard error.code == .explainNotSupported, !isAsked else { throw error }
    invocation.note("infercam: warning: no heatmap is recorded: \(error.message)")
    return try GoldenSubject(model, explanation: nil, layers: layers, engine: engine)
  }
}

/// The files that are named, and those in folders.
private func goldenInputs(
  _ paths: [RawPath], _ invocation: Invocation
) throws(Fault) -> [GoldenInput] {
  var selection = invocation.arguments.selection
  selection.paths = paths
  let limit = invocation.arguments.inference.decoding.limits.maxBytes
  var inputs: [GoldenInput] = []
  for item in try invocation.collect(selection).list where item.arrayIndex ?? 0 == 0 {
    inputs.append(
      GoldenInput(
        name: RawPath(bytes: item.path.lastComponent).identifier,
        bytes: try readRegularFile(item.path, limit: limit).bytes,
        declared: item.declaredType))
  }
  return inputs
}

private func accept(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let model = try invocation.modelOfPositional()
  let folder = try invocation.goldenFolder(toRecord: model)
  let files = try folder.accept()
  if invocation.printsTable {
    try console.print(
      "accepted \(files.joined(separator: " and ")) in \(folder.path.display)")
  } else {
    let json: JSONValue = [
      "model": .string(model.reference),
      "golden": .string(folder.path.identifier),
      "files": .array(files.map(JSONValue.string)), "accepted": true,
    ]
    try console.print(json.encodedText)
  }
  return ExitStatus.success
}

extension Invocation {
  /// How the classes of a golden are related to a model's, where its labels are others and `--mapping`
  /// or a mapping file of the model says so.
  fileprivate func classRelation(
    _ model: ModelVersion, of baseline: GoldenBaseline, in folder: GoldenFolder
  ) throws(Fault) -> ClassRelation? {
    let golden = try folder.labels(of: baseline)
    if let file = arguments.drift.mapping {
      let mapping = try ModelRepository.readMapping(file)
      do throws(Fault) {
        try mapping.check(from: golden, to: model.labels)
      } catch {
        throw error.prefixed(file.display)
      }
      return try ClassRelation(from: golden, to: model.labels, by: mapping)
    }
    // Other labels under the same version are no new version: they are told as a difference.
    if golden.classes == model.labels.classes || golden.version == model.labels.version {
      return nil
    }
    let models = [model.file.parent.parent, folder.path.parent.parent]
    guard
      let mapping = try ModelRepository.labelMapping(
        from: golden, to: model.labels, ofModels: models)
    else { return nil }
    return try ClassRelation(from: golden, to: model.labels, by: mapping)
  }

  /// The golden that belongs to a model, or the one that is named: what is recorded and accepted.
  func goldenFolder(toRecord model: ModelVersion) throws(Fault) -> GoldenFolder {
    if let given = arguments.check.golden { return try goldenFolder(named: given) }
    return try ownGolden(of: model)
  }

  /// The golden to compare a model with: the one that is named, else its own, else that of the
  /// default version of the model.
  /// - Throws: `Fault` with code `input.not_found` when there is none.
  func goldenFolder(toCompare model: ModelVersion) throws(Fault) -> GoldenFolder {
    if let given = arguments.check.golden { return try goldenFolder(named: given) }
    let own = try ownGolden(of: model)
    if try own.exists() { return own }
    if model.addedCalibration != nil {
      if try model.golden.exists() {
        note("\(model.reference) has no golden: compared with that of the version without it")
        return model.golden
      }
    }
    if let standard = try? repository.resolve(model.name), standard.version != model.version {
      let folder = try ownGolden(of: standard)
      if try folder.exists() {
        note(
          "\(model.reference) has no golden: compared with that of the default version, "
            + standard.version)
        return folder
      }
    }
    // Says how to make one.
    _ = try own.read()
    return own
  }

  private func goldenFolder(named reference: String) throws(Fault) -> GoldenFolder {
    if reference.contains("/") { return GoldenFolder(RawPath(reference)) }
    return try ownGolden(of: try repository.resolve(reference))
  }

  private func ownGolden(of model: ModelVersion) throws(Fault) -> GoldenFolder {
    let folder = model.file.parent
    if let calibration = model.addedCalibration {
      return GoldenFolder(folder.appending("calibrations").appending("\(calibration).golden"))
    }
    let isVersion = try FileStamp(of: folder.appending("version.json"))?.kind == .regular
    if isVersion { return model.golden }
    return GoldenFolder(RawPath(bytes: model.file.bytes + Array(".golden".utf8)))
  }
}
