public import Faults
public import FileAccess
public import JSON

/// One input of a run: what to read, and what was said about it.
public struct InputItem: Sendable {
  /// The place in the input list, from 0.
  public var sequence: Int
  public var id: String
  public var path: RawPath
  /// The SHA-256 that the bytes must have, in hexadecimal.
  public var sha256: String?
  /// `label` and `metadata`, which go into the result unchanged.
  public var echo: [String: JSONValue] = [:]
  /// Why the item cannot be read at all, when that is known already.
  public var fault: Fault?

  public init(sequence: Int, id: String, path: RawPath) {
    self.sequence = sequence
    self.id = id
    self.path = path
  }

  /// The item of a path that was given as such.
  public init(sequence: Int, path: RawPath) {
    self.init(sequence: sequence, id: path.identifier, path: path)
  }
}

extension InputItem {
  /// - Throws: `Fault` with code `image.checksum_mismatch` for another digest than the expected.
  func checkDigest(_ found: String) throws(Fault) {
    guard let sha256, sha256 != found else { return }
    throw Fault(
      .imageChecksumMismatch,
      "\(path.display) is not the file that the manifest lists: its SHA-256 differs",
      details: ["expected": .string(sha256), "found": .string(found)])
  }

  /// The item as a line of `inputs.jsonl`.
  var json: JSONValue {
    var members = echo
    members["seq"] = JSONValue(sequence)
    members["id"] = .string(id)
    if let text = path.text {
      members["path"] = .string(text)
    } else {
      members["path_bytes"] = .array(path.bytes.map { .int(Int64($0)) })
    }
    if let sha256 { members["sha256"] = .string(sha256) }
    return .object(members)
  }

  /// Reads a line of `inputs.jsonl`; `nil` when it is not one.
  init?(json: JSONValue) {
    guard let sequence = json["seq"]?.int, let id = json["id"]?.string else { return nil }
    if let text = json["path"]?.string {
      self.init(sequence: sequence, id: id, path: RawPath(text))
    } else if let numbers = json["path_bytes"]?.array {
      let bytes = numbers.compactMap { $0.int.flatMap(UInt8.init(exactly:)) }
      self.init(sequence: sequence, id: id, path: RawPath(bytes: bytes))
    } else {
      return nil
    }
    sha256 = json["sha256"]?.string
    for key in ["label", "metadata"] { echo[key] = json[key] }
  }
}
