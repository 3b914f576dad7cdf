import Digests
public import Faults
public import FileAccess
public import Graphs
import JSON
public import ONNXImport
public import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// One version of a model: everything but its weights, which `load` maps.
public struct ModelVersion: Sendable {
  /// The name in the repository, or the file name of a model given by path.
  public let name: String
  /// The version's folder name; for a model given by path the start of its digest.
  public let version: String
  public internal(set) var spec: ModelSpec
  public let labels: Labels
  /// The SHA-256 that the ONNX file must have, in hexadecimal.
  public let sha256: String
  /// The SHA-256 of the labels in canonical form.
  public let labelsSHA256: String
  /// Where the ONNX file lies.
  public let file: RawPath
  /// The SHA-256 of the other files that hold weights, by their names beside the ONNX file.
  public let externalSHA256: [String: String]
  /// The calibration in use that was fitted later; `nil` for the version's own.
  public internal(set) var addedCalibration: String?
  /// The file, when it had to be mapped already to learn its digest.
  private let mapping: MappedFile?

  public init(
    name: String, version: String, spec: ModelSpec, labels: Labels, sha256: String, file: RawPath,
    externalSHA256: [String: String] = [:], mapping: MappedFile? = nil
  ) {
    self.name = name
    self.version = version
    self.spec = spec
    self.labels = labels
    self.sha256 = sha256
    self.labelsSHA256 = SHA256.hex(of: labels.json.encoded())
    self.file = file
    self.externalSHA256 = externalSHA256
    self.mapping = mapping
  }

  /// What names it in a repository: `NAME@VERSION`, with `+CALIBRATION` where one was added.
  public var reference: String {
    "\(name)@\(version)" + (addedCalibration.map { "+\($0)" } ?? "")
  }

  /// Maps the ONNX file and compares its digest with the one it must have.
  ///
  /// - Throws: `Fault` with code `model.digest_mismatch`, `model.not_found` or that of the system.
  public func load() throws(Fault) -> TensorStorage {
    if let mapping { return mapping.storage }
    return try checked(file, sha256).storage
  }

  /// Loads all files of the model and imports its graph.
  ///
  /// - Throws: `Fault` as `load` and the import do.
  public func importGraph() throws(Fault) -> Graph {
    let storage = try load()
    var external: [String: TensorStorage] = [:]
    for (name, digest) in externalSHA256 {
      let path = file.parent.appending(name)
      external[name] = try checked(path, digest, followsLinks: false).storage
    }
    let bytes = UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
    do throws(Fault) {
      return try importModel(bytes: bytes, owner: storage, external: external).graph
    } catch {
      throw error.prefixed(file.display)
    }
  }

  private func checked(
    _ path: RawPath, _ expected: String, followsLinks: Bool = true
  ) throws(Fault) -> MappedFile {
    let mapping = try mapModelFile(path, followsLinks: followsLinks)
    let found = SHA256.hex(of: mapping.bytes)
    guard found == expected else {
      throw Fault(
        .modelDigestMismatch,
        "\(path.display) is not the file that \(name)@\(version) was registered with: "
          + "restore it or register a new version",
        details: ["expected": .string(expected), "found": .string(found)])
    }
    return mapping
  }

  /// Refuses a model whose outputs do not match its labels one to one; a single output may have the
  /// labels of its two sides.
  /// - Throws: `Fault` with code `model.invalid`.
  public func checkLabels(outputCount: Int) throws(Fault) {
    guard labels.count == outputCount || outputCount == 1 && labels.count == 2 else {
      let hint =
        outputCount == labels.count + 1
        ? "; if the first output stands for the background, put a label for it first" : ""
      throw Fault(
        .modelInvalid,
        "\(name)@\(version) has \(outputCount) outputs and \(labels.count) labels: "
          + "give one label per output\(hint)",
        details: ["outputs": .int(outputCount), "labels": .int(labels.count)])
    }
  }
}

/// Maps a file of a model into memory.
///
/// A file of weights may be no link and have no second name: it must be what lies in the folder.
func mapModelFile(_ path: RawPath, followsLinks: Bool = true) throws(Fault) -> MappedFile {
  do throws(Fault) {
    let flags = O_RDONLY | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW)
    let file = try Descriptor(opening: path, flags)
    if !followsLinks, try file.status().links != 1 {
      throw Fault(.modelExternalData, "the file has a second name: copy it into the model's folder")
    }
    return try MappedFile(descriptor: file.number)
  } catch {
    if error.code == .inputNotFound {
      throw Fault(.modelNotFound, "there is no model file \(path.display): check the path")
    }
    throw error.prefixed(path.display)
  }
}

/// The files beside a model that hold its weights.
/// - Throws: `Fault` with code `model.external_data` for a name that leads out of the folder.
func externalFiles(
  of mapping: MappedFile, in folder: RawPath
) throws(Fault) -> [String: TensorStorage] {
  var files: [String: TensorStorage] = [:]
  for name in try externalFileNames(mapping.bytes) {
    guard isPlainName(name) else {
      throw Fault(
        .modelExternalData,
        "the model keeps weights in \(printable(name)), which is no file beside it: save it as one "
          + "file",
        details: ["location": .string(name)])
    }
    files[name] = try mapModelFile(folder.appending(name), followsLinks: false).storage
  }
  return files
}

extension MappedFile {
  /// The bytes as storage that keeps the mapping; nobody writes to it.
  var storage: TensorStorage {
    guard let base = UnsafeMutableRawPointer(mutating: bytes.baseAddress) else {
      preconditionFailure("a mapped file is never empty")
    }
    return TensorStorage(borrowing: base, byteCount: byteCount, owner: self)
  }
}

extension TensorStorage {
  /// The SHA-256 of the bytes in hexadecimal.
  var sha256: String {
    SHA256.hex(of: UnsafeRawBufferPointer(start: base, count: byteCount))
  }
}
