import Digests
public import Faults
public import FileAccess
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
  public let spec: ModelSpec
  public let labels: Labels
  /// The SHA-256 that the ONNX file must have, in hexadecimal.
  public let sha256: String
  /// The SHA-256 of the labels in canonical form.
  public let labelsSHA256: String
  /// Where the ONNX file lies.
  public let file: RawPath
  /// The file, when it had to be mapped already to learn its digest.
  private let mapping: MappedFile?

  public init(
    name: String, version: String, spec: ModelSpec, labels: Labels, sha256: String, file: RawPath,
    mapping: MappedFile? = nil
  ) {
    self.name = name
    self.version = version
    self.spec = spec
    self.labels = labels
    self.sha256 = sha256
    self.labelsSHA256 = SHA256.hex(of: labels.json.encoded())
    self.file = file
    self.mapping = mapping
  }

  /// Maps the ONNX file and compares its digest with the one it must have.
  ///
  /// - Throws: `Fault` with code `model.digest_mismatch`, `model.not_found` or that of the system.
  public func load() throws(Fault) -> TensorStorage {
    if let mapping { return mapping.storage }
    let mapping = try mapModelFile(file)
    let found = SHA256.hex(of: mapping.bytes)
    guard found == sha256 else {
      throw Fault(
        .modelDigestMismatch,
        "\(file.display) is not the file that \(name)@\(version) was registered with: "
          + "restore it or register a new version",
        details: ["expected": .string(sha256), "found": .string(found)])
    }
    return mapping.storage
  }

  /// Refuses a model whose outputs do not match its labels one to one.
  /// - Throws: `Fault` with code `model.invalid`.
  public func checkLabels(outputCount: Int) throws(Fault) {
    guard labels.count == outputCount else {
      throw Fault(
        .modelInvalid,
        "\(name)@\(version) has \(outputCount) outputs and \(labels.count) labels: "
          + "give one label per output",
        details: ["outputs": .int(outputCount), "labels": .int(labels.count)])
    }
  }
}

/// Maps an ONNX file into memory.
func mapModelFile(_ path: RawPath) throws(Fault) -> MappedFile {
  do throws(Fault) {
    let file = try Descriptor(opening: path, O_RDONLY | O_NONBLOCK)
    return try MappedFile(descriptor: file.number)
  } catch {
    if error.code == .inputNotFound {
      throw Fault(.modelNotFound, "there is no model file \(path.display): check the path")
    }
    throw error.prefixed(path.display)
  }
}

extension MappedFile {
  /// The bytes as storage that keeps the mapping; nobody writes to it.
  fileprivate var storage: TensorStorage {
    guard let base = UnsafeMutableRawPointer(mutating: bytes.baseAddress) else {
      preconditionFailure("a mapped file is never empty")
    }
    return TensorStorage(borrowing: base, byteCount: byteCount, owner: self)
  }
}
