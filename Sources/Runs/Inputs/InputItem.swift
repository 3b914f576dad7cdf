public import Faults
public import FileAccess
public import Images
public import JSON
public import Transfers

/// One input of a run: what to read, and what was said about it.
public struct InputItem: Sendable {
  /// The place in the input list, from 0.
  public var sequence: Int
  public var id: String
  /// The file; of a URL what is written down of it.
  public var path: RawPath
  /// Where to read the input from instead of a file.
  public var url: WebURL?
  /// What the URL's server has sent.
  var received: ReceivedInput?
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

  /// The item of a URL; without an id it is named by the URL without its query.
  init(sequence: Int, id: String? = nil, url: WebURL) {
    self.init(
      sequence: sequence, id: id ?? url.withoutQuery, path: RawPath(url.withoutQuery))
    self.url = url
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
      "\(display) is not the file that the manifest lists: its SHA-256 differs",
      details: ["expected": .string(sha256), "found": .string(found)])
  }

  /// The item for messages, which name of a URL only the server.
  var display: String { url?.origin ?? path.display }

  /// Where the bytes came from, as a result says it.
  var source: [String: JSONValue] {
    url == nil ? ["path": .string(path.identifier)] : ["url": .string(path.identifier)]
  }

  /// The type that a name or a server claims.
  public var declaredType: MediaType? {
    received?.declaredType ?? path.fileExtension.flatMap(MediaType.init(fileExtension:))
  }

  /// The bytes, and the state of the file they came from.
  ///
  /// - Throws: the fault of the item; those of reading a file, or of the transfer.
  func read(limit: Int) throws(Fault) -> (bytes: [UInt8], stamp: FileStamp?) {
    if let fault { throw fault }
    if url != nil {
      guard let received else {
        throw Fault(.accessDenied, "\(display): URLs are read only with --allow-net")
      }
      return (received.bytes, nil)
    }
    let contents = try readRegularFile(path, limit: limit)
    return (contents.bytes, contents.stamp)
  }

  /// The item as a line of `inputs.jsonl`.
  var json: JSONValue {
    var members = echo
    members["seq"] = JSONValue(sequence)
    members["id"] = .string(id)
    if let url {
      members["url"] = .string(url.withoutQuery)
      // Signed URLs differ from time to time; where the bytes are known by their digest it counts.
      if url.hasQuery { members["query"] = sha256 == nil ? .string(url.digest) : true }
    } else if let text = path.text {
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
    if let text = json["url"]?.string {
      guard let url = try? WebURL(text) else { return nil }
      self.init(sequence: sequence, id: id, url: url)
      if json["query"] != nil {
        fault = Fault(
          .inputNotFound,
          "what follows the ? in the URL on \(url.origin) is not stored: give the list of inputs again"
        )
      }
    } else if let text = json["path"]?.string {
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
