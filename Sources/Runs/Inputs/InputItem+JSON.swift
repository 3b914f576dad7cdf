import Faults
import FileAccess
import JSON
import Requests
import Transfers

extension InputItem {
  /// The item as a line of `inputs.jsonl`.
  var json: JSONValue {
    var members = echo.merging(options.members) { mine, _ in mine }
    members["seq"] = JSONValue(sequence)
    members["id"] = .string(id)
    if let url {
      members["url"] = .string(url.withoutQuery)
      // Signed URLs differ from time to time; where the bytes are known by their digest it counts.
      if url.hasQuery { members["query"] = sha256 == nil ? .string(url.digest) : true }
    } else if let storageID {
      members["storage_id"] = .string(storageID.text)
    } else if let embedded {
      members["base64"] = ["sha256": .string(embedded.sha256), "length": JSONValue(embedded.count)]
    } else if let text = path.text {
      members["path"] = .string(text)
    } else {
      members["path_bytes"] = .array(path.bytes.map { .int(Int64($0)) })
    }
    if let arrayIndex { members["array"] = JSONValue(arrayIndex) }
    if let sha256 { members["sha256"] = .string(sha256) }
    if let contentMD5 { members["content_md5"] = .string(contentMD5) }
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
    } else if let text = json["storage_id"]?.string {
      guard let storageID = StorageID(text) else { return nil }
      self.init(sequence: sequence, id: id, storageID: storageID)
    } else if let base64 = json["base64"] {
      guard let sha256 = base64["sha256"]?.string, let count = base64["length"]?.int else {
        return nil
      }
      self.init(
        sequence: sequence, id: id, embedded: EmbeddedText(sha256: sha256, count: count))
    } else if let text = json["path"]?.string {
      self.init(sequence: sequence, id: id, path: RawPath(text))
    } else if let numbers = json["path_bytes"]?.array {
      let bytes = numbers.compactMap { $0.int.flatMap(UInt8.init(exactly:)) }
      self.init(sequence: sequence, id: id, path: RawPath(bytes: bytes))
    } else {
      return nil
    }
    arrayIndex = json["array"]?.int
    sha256 = json["sha256"]?.string
    contentMD5 = json["content_md5"]?.string
    options = ItemOptions(frozen: json)
    for key in ["label", "metadata"] { echo[key] = json[key] }
  }
}
