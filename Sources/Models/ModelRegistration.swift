import Digests
public import Faults
public import FileAccess
import Graphs
import JSON
import ONNXImport
import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// A model version that is to be put into a repository.
public struct ModelRegistration: Sendable {
  public var name: String
  public var version: String
  /// The ONNX file.
  public var file: RawPath
  public var labels: RawPath?
  /// `nil` for what the labels say, or the name of their file.
  public var labelsVersion: String?
  public var preset: PreprocessPreset?
  /// Files of timm or Transformers that describe preprocessing or labels.
  public var configurations: [RawPath] = []
  public var changes = PreprocessingChanges()
  /// The graph output by name; `nil` takes the first.
  public var output: String?

  public init(name: String, version: String, file: RawPath) {
    self.name = name
    self.version = version
    self.file = file
  }

  /// Copies the files into a hidden folder beside the versions and describes them there.
  ///
  /// Everything that is checked is what will be registered: the copy, not the original.
  /// - Throws: `Fault` with a code of the model, `param.missing` without labels.
  public func stage(in repository: RawPath) throws(Fault) -> StagedModel {
    for (word, text) in [("model", name), ("version", version)] {
      guard isPlainName(text), !text.utf8.contains(UInt8(ascii: "@")),
        !text.utf8.contains(UInt8(ascii: "+"))
      else {
        throw Fault(
          .paramOutOfRange,
          "\(printable(text)) cannot be the name of a \(word): it must be a file name without @ and "
            + "+, not beginning with a dot")
      }
    }
    let model = repository.appending(name)
    let created = try createDirectories(model)
    let folder = model.appending(".add-\(getpid())-\(UInt32.random(in: 0...UInt32.max))")
    do throws(Fault) {
      try createDirectory(folder, mode: 0o755)
      let version = try describe(in: folder)
      try synchronizeDirectory(folder)
      return StagedModel(
        version: version, folder: folder, target: model.appending(self.version), model: model,
        created: created)
    } catch {
      try? removeTree(folder)
      removeEmptyFolders(created)
      throw error
    }
  }

  private func describe(in folder: RawPath) throws(Fault) -> ModelVersion {
    let copy = folder.appending("model.onnx")
    try Self.write(try mapModelFile(file), to: copy)
    let mapping = try mapModelFile(copy)
    for name in try externalFileNames(mapping.bytes) {
      guard isPlainName(name), !["model.onnx", "version.json", "labels.json"].contains(name) else {
        throw Fault(
          .modelExternalData,
          "the model keeps weights in \(printable(name)), which is no file beside it: save it as "
            + "one file")
      }
      try Self.write(
        try mapModelFile(file.parent.appending(name), followsLinks: false),
        to: folder.appending(name))
    }
    let external = try externalFiles(of: mapping, in: folder)
    let (imported, describesInput, names) = try readConfigurations()
    let changes = changes.over(imported)
    var facts: GraphFacts
    do throws(Fault) {
      facts = try GraphFacts(
        try importModel(mapping: mapping, external: external).graph, output: output,
        width: changes.width, height: changes.height)
    } catch {
      throw error.prefixed(file.display)
    }
    if let width = changes.width { facts.width = width }
    if let height = changes.height { facts.height = height }
    let labels = try readLabels(names)
    var spec = facts.spec(
      preset ?? (describesInput ? .none : .imagenet), labelsVersion: labels.version)
    changes.apply(to: &spec)
    if let problem = spec.input.geometryProblem {
      throw Fault(.modelInvalid, "\(file.display): \(problem.message)")
    }
    var members = spec.json.object ?? [:]
    members["file"] = "model.onnx"
    members["sha256"] = .string(SHA256.hex(of: mapping.bytes))
    if !external.isEmpty {
      members["external_data"] = .object(external.mapValues { .string($0.sha256) })
    }
    members["digests"] = spec.digests(labels)
    try Self.write(labels.json.encoded(), to: folder.appending("labels.json"))
    try Self.write(
      JSONValue.object(members).encoded(pretty: true) + [0x0A], to: folder.appending("version.json")
    )
    let version = try ModelRepository(searchPath: []).readVersion(
      folder, name: name, version: self.version)
    try version.checkLabels(outputCount: facts.outputCount)
    return version
  }

  private func readConfigurations() throws(Fault) -> (PreprocessingChanges, Bool, [String]?) {
    var changes = PreprocessingChanges()
    var describesInput = false
    var labels: [String]?
    for path in configurations {
      let bytes = try ModelRepository.read(path)
      do throws(Fault) {
        let configuration = try TrainingConfiguration(json: bytes)
        changes = configuration.changes.over(changes)
        describesInput = describesInput || configuration.describesInput
        labels = configuration.labels ?? labels
      } catch {
        throw Fault(
          .modelInvalid, "\(path.display): \(error.message)", details: error.details, cause: error)
      }
    }
    return (changes, describesInput, labels)
  }

  private func readLabels(_ names: [String]?) throws(Fault) -> Labels {
    var result: Labels
    if let labels {
      result = try ModelRepository.readLabels(labels, defaultVersion: labels.stem)
    } else if let names {
      result = Labels(labels: names, version: "\(name)-\(version)")
    } else {
      throw Fault(
        .paramMissing,
        "the classes have no names: give --labels FILE, one name a line, or a --config with id2label"
      )
    }
    if let labelsVersion { result.version = labelsVersion }
    return result
  }

  private static func write(_ mapping: MappedFile, to path: RawPath) throws(Fault) {
    let copy = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
    try copy.write(mapping.bytes)
    try copy.synchronize()
    try copy.close()
  }

  private static func write(_ bytes: [UInt8], to path: RawPath) throws(Fault) {
    let file = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
    try file.write(bytes)
    try file.synchronize()
    try file.close()
  }
}

/// A model version in a hidden folder, complete and durable, that has no name yet.
public struct StagedModel: Sendable {
  public let version: ModelVersion
  let folder: RawPath
  let target: RawPath
  let model: RawPath
  /// Folders that were made for it, the outermost first.
  let created: [RawPath]

  /// Gives the version its name in one step.
  /// - Returns: false when the very same version is there already.
  /// - Throws: `Fault` with code `resource.version_conflict` when another one bears the name, or when
  ///   labels of the same version have other classes.
  public func publish() throws(Fault) -> Bool {
    try refuseOtherLabels()
    if try renameFileIfAbsent(folder, to: target) {
      try synchronizeDirectory(model)
      try synchronizeDirectory(model.parent)
      return true
    }
    let present = try ModelRepository(searchPath: []).readVersion(
      target, name: version.name, version: version.version)
    guard present.spec == version.spec, present.sha256 == version.sha256,
      present.labels == version.labels, present.externalSHA256 == version.externalSHA256
    else {
      throw Fault(
        .resourceVersionConflict,
        "\(version.name)@\(version.version) is there already and differs: versions never change, "
          + "so add it under another version")
    }
    discard()
    return false
  }

  /// Removes what has been staged.
  public func discard() {
    try? removeTree(folder)
    removeEmptyFolders(created)
  }

  private func refuseOtherLabels() throws(Fault) {
    for name in try namesInDirectory(model) {
      guard let text = name.text, isPlainName(text) else { continue }
      let path = model.appending(name).appending("labels.json")
      guard try FileStamp(of: path)?.kind == .regular else { continue }
      let other = try ModelRepository.readLabels(path, defaultVersion: "none")
      if other.version == version.labels.version, other != version.labels {
        throw Fault(
          .resourceVersionConflict,
          "labels \(other.version) of \(version.name)@\(text) have other classes: give these another "
            + "--labels-version")
      }
    }
  }
}

/// Removes folders, the last one first, as far as nobody has put anything into them.
private func removeEmptyFolders(_ folders: [RawPath]) {
  for folder in folders.reversed() {
    if folder.withCString({ rmdir($0) }) != 0 { return }
  }
}

extension ModelSpec {
  /// The digests of what belongs to a version beside its weights.
  func digests(_ labels: Labels) -> JSONValue {
    [
      "labels": .string(SHA256.hex(of: labels.json.encoded())),
      "input": .string(SHA256.hex(of: inputJSON.encoded())),
      "calibration": .string(
        SHA256.hex(of: (json["calibration"] ?? .null).encoded())),
      "output": .string(SHA256.hex(of: (json["output"] ?? .null).encoded())),
    ]
  }
}
