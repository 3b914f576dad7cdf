import Execution
import Faults
import FileAccess
import Images
import Inference
import JSON
import Models
import Options

extension Verb {
  static let modelsAdd = Verb(
    VerbHelp(
      "models add", "Put a model version into the repository",
      usage: "NAME@VERSION FILE.onnx [FLAGS]",
      text: """
        The files are copied and checked: the graph must load, its shapes follow, there must be a label \
        for each output, and an image must run through. Then the version gets its name in one step. \
        A version never changes: adding the same again does nothing, adding another under its name \
        exits 5. It goes into the first folder of --models or INFERCAM_MODELS, else to the model's \
        other versions, else into ./models where that is, else into the user's data folder.
        """,
      examples: [
        (
          "infercam models add r50@1 r50.onnx --labels imagenet.txt --preprocess imagenet",
          "with a preset"
        ),
        (
          "infercam models add r50@2 r50.onnx --labels imagenet.txt --model-config config.json",
          "as timm or Transformers prepares images"
        ),
      ]),
    flags: Flag.registration, body: addModel)
}

private func addModel(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let words = invocation.line.positionals
  guard words.count == 2, let name = String(validating: words[0], as: UTF8.self) else {
    throw Fault(.paramMissing, "name the version and the file: NAME@VERSION FILE.onnx")
  }
  let parts = name.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    .map(String.init)
  guard parts.count == 2 else {
    throw Fault(.paramMissing, "\(printable(name)) names no version: write NAME@VERSION")
  }
  let arguments = invocation.arguments
  var registration = ModelRegistration(
    name: parts[0], version: parts[1], file: RawPath(bytes: words[1]))
  registration.labels = arguments.labels
  registration.preset = arguments.preprocess
  registration.output = arguments.outputName
  registration.labelsVersion = arguments.registration.labelsVersion
  registration.configurations = arguments.registration.configurations
  registration.changes = arguments.registration.changes
  let folder = try invocation.folder(toAdd: parts[0])
  let staged = try registration.stage(in: folder)
  let isNew: Bool
  do throws(Fault) {
    try runOneImage(through: staged.version)
    isNew = try staged.publish()
  } catch {
    staged.discard()
    throw error
  }
  let repository = ModelRepository(searchPath: [folder])
  let entry = try nameModel(parts, arguments.registration, in: repository)
  let model = try repository.resolve("\(parts[0])@\(parts[1])")
  if invocation.printsTable {
    try console.print(
      "\(isNew ? "added" : "already there:") \(model.name)@\(model.version) in \(folder.display)")
  } else {
    try console.print(
      JSONValue.object([
        "added": .bool(isNew), "name": .string(model.name), "version": .string(model.version),
        "sha256": .string(model.sha256), "labels_version": .string(model.labels.version),
        "default": JSONValue(entry.defaultReference),
        "aliases": .object(entry.aliases.mapValues(JSONValue.string)),
        "file": .string(model.file.identifier),
      ]).encodedText)
  }
  return ExitStatus.success
}

/// Sets the aliases; what the bare name stands for stays what it was.
private func nameModel(
  _ parts: [String], _ arguments: RegistrationArguments, in repository: ModelRepository
) throws(Fault) -> ModelEntry {
  let entry = try repository.entry(of: parts[0])
  var changes = arguments.aliases.map { AliasChange.set(alias: $0, version: parts[1]) }
  if arguments.isDefault {
    changes.append(.setDefault(arguments.aliases.first ?? parts[1]))
  } else if entry.defaultReference == nil {
    let others = entry.versions.filter { $0 != parts[1] }
    if others.isEmpty {
      changes.append(.setDefault(arguments.aliases.first ?? parts[1]))
    } else if others.count == 1 {
      changes.append(.setDefault(others[0]))
    }
  }
  return changes.isEmpty ? entry : try repository.change(parts[0], changes)
}

/// Runs a gray picture through the model, as a run would.
private func runOneImage(through model: ModelVersion) throws(Fault) {
  let classifier = try Classifier(model, request: InferenceRequest())
  let (width, height) = (model.spec.input.width + 33, model.spec.input.height + 20)
  let pixels = try PixelBuffer(
    (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 % 251) }, width: width,
    height: height, channels: 3)
  let input = try classifier.prepare(try pixels.png())
  let workspace = classifier.makeWorkspace(maximumBatch: 1)
  for result in classifier.predict([input], workspace: workspace) { _ = try result.get() }
}

extension Invocation {
  /// The folder of models that an addition goes into.
  fileprivate func folder(toAdd name: String) throws(Fault) -> RawPath {
    if let first = arguments.modelFolders.first { return first }
    let searched = environment.modelSearchPath([])
    if environment["INFERCAM_MODELS"] != nil, let first = searched.first { return first }
    if let entry = try? repository.entry(of: name) { return entry.folder.parent }
    let local = RawPath("models")
    if try FileStamp(of: local)?.kind == .directory { return local }
    return searched.dropFirst().first ?? local
  }
}
