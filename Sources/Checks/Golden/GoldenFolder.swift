import Digests
public import Faults
public import FileAccess
import Images
import JSON
public import Models

/// The folder of a golden: `expected.json`, `tolerances.json`, `inputs/` and `expected/`.
///
/// What is recorded lies beside as `*.new` until it is accepted. Files below `inputs/` and `expected/`
/// bear the start of their digest in their names and never change. The file `accepting` names what has
/// been accepted and not yet been renamed: it appears in one step, which decides which golden counts.
public struct GoldenFolder: Sendable, Hashable {
  public let path: RawPath

  private static let fileLimit = 1 << 30
  static let inputs = "inputs"
  static let arrays = "expected"

  public init(_ path: RawPath) {
    self.path = path
  }

  var expected: RawPath { path.appending("expected.json") }
  var tolerances: RawPath { path.appending("tolerances.json") }

  /// What has been recorded and not accepted.
  static func new(_ path: RawPath) -> RawPath { RawPath(bytes: path.bytes + Array(".new".utf8)) }

  /// The names of the files that count although they still end in `.new`.
  var accepting: RawPath { path.appending("accepting") }

  /// Where the accepted contents of a file are.
  private func accepted(_ file: RawPath) throws(Fault) -> RawPath {
    guard try namesBeingAccepted().contains(Array(file.lastComponent)),
      try FileStamp(of: Self.new(file)) != nil
    else { return file }
    return Self.new(file)
  }

  func namesBeingAccepted() throws(Fault) -> Set<[UInt8]> {
    guard try FileStamp(of: accepting) != nil else { return [] }
    let lines = try readRegularFile(accepting, limit: Self.fileLimit).bytes.split(separator: 0x0A)
    return Set(lines.map(Array.init))
  }

  /// Whether there is an accepted golden.
  public func exists() throws(Fault) -> Bool {
    try FileStamp(of: try accepted(expected))?.kind == .regular
  }

  /// Reads the golden.
  /// - Parameter isNew: the recorded one instead of the accepted one.
  /// - Throws: `Fault` with code `input.not_found` when there is none, `model.invalid` for damage.
  public func read(isNew: Bool = false) throws(Fault) -> Golden {
    let file = isNew ? Self.new(expected) : try accepted(expected)
    guard try FileStamp(of: file) != nil else {
      throw Fault(
        .inputNotFound,
        "there is no golden in \(path.display): make one with infercam check record and accept")
    }
    let bytes = try readRegularFile(file, limit: Self.fileLimit).bytes
    do throws(Fault) {
      let json = try JSONValue(parsing: bytes)
      do throws(GoldenDamage) {
        return try Golden(json)
      } catch {
        throw Fault(.modelInvalid, error.reason)
      }
    } catch {
      throw Fault(.modelInvalid, "\(file.display): \(error.message)", details: error.details)
    }
  }

  /// The tolerances that have been accepted, or the standard ones.
  /// - Throws: `Fault` with code `model.invalid` for a file that cannot be understood.
  public func readTolerances(isNew: Bool = false) throws(Fault) -> Tolerances? {
    let file = isNew ? Self.new(tolerances) : try accepted(tolerances)
    guard try FileStamp(of: file) != nil else { return nil }
    let bytes = try readRegularFile(file, limit: Self.fileLimit).bytes
    do throws(Fault) {
      return try Tolerances(bytes)
    } catch {
      throw Fault(.modelInvalid, "\(file.display): \(error.message)", details: error.details)
    }
  }

  /// The bytes of an input.
  /// - Throws: `Fault` with code `model.invalid` when the file is not the one that was recorded.
  func input(of item: GoldenItem) throws(Fault) -> [UInt8] {
    let bytes = try fileBytes(item.file)
    guard SHA256.hex(of: bytes) == item.sha256 else { throw damaged(item.file) }
    return bytes
  }

  /// The array of a stage; `nil` where only the digest is kept.
  func array(of record: StageRecord) throws(Fault) -> StageArray? {
    guard let file = record.file else { return nil }
    let bytes = try fileBytes(file)
    guard let array = try? StageArray(npy: bytes), array.sha256 == record.sha256,
      array.shape == record.shape
    else { throw damaged(file) }
    return array
  }

  /// The labels of a baseline.
  /// - Throws: `Fault` with code `model.invalid` when they are not what was recorded.
  public func labels(of baseline: GoldenBaseline) throws(Fault) -> Labels {
    let bytes = try fileBytes(baseline.labels)
    guard let json = try? JSONValue(parsing: bytes), let version = json["version"]?.string,
      let classes = json["classes"]?.array
    else { throw damaged(baseline.labels) }
    let labels = Labels(
      version: version,
      classes: classes.map {
        Labels.Class(id: $0["id"]?.string ?? "", label: $0["label"]?.string ?? "")
      })
    guard SHA256.hex(of: labels.json.encoded()) == baseline.model["labels_sha256"]?.string else {
      throw damaged(baseline.labels)
    }
    return labels
  }

  private func fileBytes(_ name: String) throws(Fault) -> [UInt8] {
    do throws(Fault) {
      return try readRegularFile(path.appending(name), limit: Self.fileLimit).bytes
    } catch {
      guard error.code == .inputNotFound else { throw error }
      throw Fault(
        .modelInvalid, "the golden in \(path.display) lacks \(name): record it again", cause: error)
    }
  }

  private func damaged(_ name: String) -> Fault {
    Fault(
      .modelInvalid,
      "\(path.appending(name).display) is not the file that was recorded: restore it or record again",
      details: ["file": .string(name)])
  }
}

/// The type that the name of a file claims.
func declaredType(of path: RawPath) -> MediaType? {
  path.fileExtension.flatMap(MediaType.init(fileExtension:))
}
