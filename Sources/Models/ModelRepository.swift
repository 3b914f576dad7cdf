public import Faults
public import FileAccess
import JSON

/// Models in folders: `NAME/model.json` and `NAME/VERSION/{model.onnx,version.json,labels.json}`.
///
/// Of two models with one name, the one in the folder that is searched first counts.
public struct ModelRepository: Sendable {
  /// The model that stands in when none is named and there are several.
  public static let bundledModel = "surface-defects"

  private static let fileLimit = 16 << 20

  public let searchPath: [RawPath]

  public init(searchPath: [RawPath]) {
    self.searchPath = searchPath
  }

  /// The models found, sorted by name.
  public func list() throws(Fault) -> [ModelEntry] {
    var entries: [[UInt8]: ModelEntry] = [:]
    for folder in searchPath where try FileStamp(of: folder)?.kind == .directory {
      for name in try namesInDirectory(folder) {
        guard entries[name.bytes] == nil, let entry = try entry(name, in: folder) else { continue }
        entries[name.bytes] = entry
      }
    }
    return entries.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
  }

  /// Finds `NAME`, `NAME@VERSION` or `NAME@ALIAS` and reads what the version says about itself; the
  /// latter two may end in `+` and the name of a calibration.
  ///
  /// - Throws: `Fault` with code `model.not_found` or `model.invalid`.
  public func resolve(_ reference: String) throws(Fault) -> ModelVersion {
    let parts = reference.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    let entry = try entry(named: name)
    let choice = try entry.choice(parts.count > 1 ? String(parts[1]) : nil)
    let version = try readVersion(
      entry.folder.appending(choice.version), name: name, version: choice.version)
    guard let calibration = choice.calibration else { return version }
    return try version.calibrated(by: calibration)
  }

  /// The model to use when none is named: in the first folder that holds any, the only one, or
  /// else the bundled one.
  ///
  /// - Throws: `Fault` with code `param.missing` when there are several, `model.not_found` when
  ///   there is none.
  public func defaultModel() throws(Fault) -> ModelVersion {
    for folder in searchPath {
      let repository = ModelRepository(searchPath: [folder])
      let names = try repository.list().map(\.name)
      if names.isEmpty { continue }
      if names.count == 1 { return try repository.resolve(names[0]) }
      if names.contains(Self.bundledModel) { return try repository.resolve(Self.bundledModel) }
      throw Fault(
        .paramMissing,
        "\(folder.display) holds \(names.count) models: name one with --model",
        details: ["models": .array(names.map { .string($0) })])
    }
    throw Fault(
      .modelNotFound,
      "no model was named and none was found in \(searchText): give one with --model, "
        + "or a folder of models with --models")
  }

  /// Reads a version from its folder.
  func readVersion(
    _ folder: RawPath, name: String, version: String
  ) throws(Fault) -> ModelVersion {
    let path = folder.appending("version.json")
    let bytes = try Self.read(path)
    let value = try Self.parse(bytes, path)
    var fields = JSONFields(value)
    let spec = ModelSpec(&fields)
    let file = fields.string("file") ?? "model.onnx"
    let sha256 = fields.require("sha256", fields.string("sha256"))
    if file.utf8.contains(UInt8(ascii: "/")) || file.hasPrefix(".") {
      fields.report(.modelInvalid, "file must be a name in the same folder", at: "file")
    }
    if let sha256, !isSHA256(sha256) {
      fields.report(.modelInvalid, "sha256 must be 64 lower-case hexadecimal digits", at: "sha256")
    }
    let external = Self.readExternalDigests(&fields)
    let digests = fields.value("digests")
    let locator = JSONLocator(bytes)
    if let fault = Fault(
      fields.violations.map { $0.located(by: locator) }, code: .modelInvalid)
    {
      throw fault.prefixed(path.display)
    }
    guard let spec, let sha256 else {
      throw Fault(.modelInvalid, "\(path.display) is incomplete")
    }
    let labels = try Self.readLabels(
      folder.appending("labels.json"), defaultVersion: spec.labelsVersion)
    guard labels.version == spec.labelsVersion else {
      throw Fault(
        .modelInvalid,
        "\(path.display) wants labels \(spec.labelsVersion), but labels.json has "
          + "\(labels.version): labels never change without a new labels_version")
    }
    try Self.check(digests, spec, labels, path, "\(name)@\(version)")
    return ModelVersion(
      name: name, version: version, spec: spec, labels: labels, sha256: sha256,
      file: folder.appending(file), externalSHA256: external)
  }

  /// Refuses labels, preprocessing or calibration that are not those of the registration.
  private static func check(
    _ digests: JSONValue?, _ spec: ModelSpec, _ labels: Labels, _ path: RawPath, _ name: String
  ) throws(Fault) {
    let found = spec.digests(labels)
    for (part, digest) in (digests?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      guard let present = found[part], present != digest else { continue }
      throw Fault(
        .modelDigestMismatch,
        "\(path.display): the \(part) of \(name) is not what was registered: restore it or register "
          + "a new version",
        details: [
          "part": .string(part), "expected": .string(digest.string ?? ""),
          "found": .string(present.string ?? ""),
        ])
    }
  }

  /// The files of weights beside the ONNX file with their digests.
  private static func readExternalDigests(_ fields: inout JSONFields) -> [String: String] {
    var digests: [String: String] = [:]
    for (name, value) in fields.value("external_data")?.object ?? [:] {
      guard isPlainName(name), let digest = value.string, isSHA256(digest) else {
        fields.report(
          .modelInvalid, "external_data names files in the same folder with their sha256",
          at: "external_data")
        continue
      }
      digests[name] = digest
    }
    return digests
  }

  static func readLabels(_ path: RawPath, defaultVersion: String) throws(Fault) -> Labels {
    let bytes = try read(path)
    do throws(Fault) {
      return path.fileExtension == "json"
        ? try Labels(json: bytes, defaultVersion: defaultVersion)
        : try Labels(text: bytes, version: defaultVersion)
    } catch {
      throw Fault(
        .modelInvalid, "\(path.display): \(error.message)", details: error.details, cause: error)
    }
  }

  /// The model of this name with its versions and aliases.
  /// - Throws: `Fault` with code `model.not_found` or `model.invalid`.
  public func entry(of name: String) throws(Fault) -> ModelEntry {
    try entry(named: name)
  }

  func entry(named name: String) throws(Fault) -> ModelEntry {
    for folder in searchPath {
      if isPlainName(name), let entry = try entry(RawPath(name), in: folder) { return entry }
    }
    let names = try list().map(\.name)
    let known = names.isEmpty ? "" : "; there are \(names.joined(separator: ", "))"
    throw Fault(
      .modelNotFound, "there is no model \(printable(name)) in \(searchText)\(known)",
      details: ["model": .string(name), "models": .array(names.map { .string($0) })])
  }

  /// Reads what is in the folder of one model; `nil` when it holds no version.
  private func entry(_ name: RawPath, in searched: RawPath) throws(Fault) -> ModelEntry? {
    let folder = searched.appending(name)
    guard let text = name.text, isPlainName(text),
      try FileStamp(of: folder)?.kind == .directory
    else { return nil }
    // The names come first: a version that they stand for is there by then.
    let path = folder.appending("model.json")
    var names: JSONValue?
    if try FileStamp(of: path) != nil { names = try Self.parse(try Self.read(path), path) }
    var versions: [String] = []
    for version in try namesInDirectory(folder) {
      let description = folder.appending(version).appending("version.json")
      if let version = version.text, isPlainName(version),
        try FileStamp(of: description)?.kind == .regular
      {
        versions.append(version)
      }
    }
    if versions.isEmpty { return nil }
    var entry = ModelEntry(name: text, folder: folder, versions: versions)
    if let names { try entry.readAliases(names, path) }
    return entry
  }

  static func read(_ path: RawPath) throws(Fault) -> [UInt8] {
    do throws(Fault) {
      return try readRegularFile(path, limit: fileLimit).bytes
    } catch {
      let code: Fault.Code = error.code == .inputNotFound ? .modelNotFound : .modelInvalid
      throw Fault(code, error.message, details: error.details, cause: error)
    }
  }

  static func parse(_ bytes: [UInt8], _ path: RawPath) throws(Fault) -> JSONValue {
    do throws(Fault) {
      return try JSONValue(parsing: bytes)
    } catch {
      throw Fault(
        .modelInvalid, "\(path.display): \(error.message)", details: error.details, cause: error)
    }
  }

  private var searchText: String {
    searchPath.isEmpty ? "any folder" : searchPath.map(\.display).joined(separator: ", ")
  }
}

/// Whether the name can stand for a folder below the repository and nothing else.
func isPlainName(_ name: String) -> Bool {
  !name.isEmpty && !name.hasPrefix(".") && !name.utf8.contains(UInt8(ascii: "/"))
    && !name.utf8.contains(0)
}

func isSHA256(_ text: String) -> Bool {
  text.utf8.count == 64
    && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
}
