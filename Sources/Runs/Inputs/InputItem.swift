public import Faults
public import FileAccess
public import Images
public import JSON
public import Requests
public import Transfers

/// One input of a run: what to read, and what was said about it.
public struct InputItem: Sendable {
  /// The place in the input list, from 0.
  public var sequence: Int
  public var id: String
  /// The file; of other inputs what is written down of their place.
  public var path: RawPath
  /// Where to read the input from instead of a file.
  public var url: WebURL?
  /// What the URL's server has sent.
  var received: ReceivedInput?
  /// Which of the arrays that the file stacks is meant.
  public var arrayIndex: Int?
  /// The object of the store that is read instead of a file.
  public var storageID: StorageID?
  /// The base64 that is read instead of a file.
  var embedded: EmbeddedText?
  /// The SHA-256 that the bytes must have, in hexadecimal.
  public var sha256: String?
  /// The MD5 that the bytes must have, in base64.
  public var contentMD5: String?
  /// What the input asks for itself.
  public var options = ItemOptions.none
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

  /// The item of a stored object, which names it where it has no id.
  init(sequence: Int, id: String? = nil, storageID: StorageID) {
    self.init(sequence: sequence, id: id ?? storageID.text, path: RawPath(storageID.text))
    self.storageID = storageID
  }

  /// The item of bytes that came with the manifest.
  init(sequence: Int, id: String, embedded: EmbeddedText) {
    self.init(sequence: sequence, id: id, path: RawPath(""))
    self.embedded = embedded
  }

  /// The item of a path that was given as such.
  public init(sequence: Int, path: RawPath) {
    self.init(sequence: sequence, id: path.identifier, path: path)
  }
}

extension InputItem {
  /// Whether the bytes come from a file that the item names.
  var isFile: Bool { url == nil && storageID == nil && embedded == nil }

  /// Whether the frozen list does not hold all that reading the item takes.
  var isIncomplete: Bool {
    if let embedded { return embedded.source == nil }
    return url != nil && fault != nil
  }

  /// - Throws: `Fault` with code `image.checksum_mismatch` for bytes other than the expected ones.
  func check(sha256 found: String, md5: @autoclosure () -> String) throws(Fault) {
    if let sha256, sha256 != found {
      throw mismatch("SHA-256", expected: sha256, found: found)
    }
    guard let contentMD5 else { return }
    let found = md5()
    if found != contentMD5 { throw mismatch("MD5", expected: contentMD5, found: found) }
  }

  private func mismatch(_ kind: String, expected: String, found: String) -> Fault {
    Fault(
      .imageChecksumMismatch,
      "\(display) is not the file that the manifest lists: its \(kind) differs",
      details: ["expected": .string(expected), "found": .string(found)])
  }

  /// The item for messages, which name of a URL only the server.
  var display: String {
    if let url { return url.origin }
    return embedded == nil ? path.display : "the image of \(printable(id))"
  }

  /// Where the bytes came from, as a result says it.
  var source: [String: JSONValue] {
    if url != nil { return ["url": .string(path.identifier)] }
    if let storageID { return ["storage_id": .string(storageID.text)] }
    if embedded != nil { return [:] }
    var members: [String: JSONValue] = ["path": .string(path.identifier)]
    if let arrayIndex { members["array"] = JSONValue(arrayIndex) }
    return members
  }

  /// The type that a name or a server claims.
  public var declaredType: MediaType? {
    if storageID != nil || embedded != nil { return nil }
    return received?.declaredType ?? path.fileExtension.flatMap(MediaType.init(fileExtension:))
  }
}
