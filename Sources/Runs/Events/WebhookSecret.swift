import Digests
public import Faults
public import FileAccess

/// The key that events are signed with; nothing prints it.
public struct WebhookSecret: Sendable, CustomStringConvertible, CustomReflectable {
  let key: [UInt8]

  public var description: String { "secret" }
  public var customMirror: Mirror { Mirror(self, children: []) }

  private static let prefix = Array("whsec_".utf8)
  private static let lengths = 16...256

  /// Reads `whsec_` and base64, as Standard Webhooks writes secrets, or else the bytes as they are,
  /// without a line feed at the end.
  ///
  /// - Throws: `Fault` with code `param.out_of_range` for keys of fewer than 16 or more than 256
  ///   bytes, and for `whsec_` before anything but base64.
  public init(_ contents: [UInt8]) throws(Fault) {
    var contents = contents[...]
    while let last = contents.last, last == 0x0A || last == 0x0D { contents.removeLast() }
    if contents.starts(with: Self.prefix) {
      let text = String(decoding: contents.dropFirst(Self.prefix.count), as: UTF8.self)
      guard let key = bytes(base64: text) else {
        throw Fault(.paramOutOfRange, "what follows whsec_ in the callback secret is not base64")
      }
      self.key = key
    } else {
      key = Array(contents)
    }
    guard Self.lengths.contains(key.count) else {
      throw Fault(
        .paramOutOfRange,
        "the callback secret must have 16 to 256 bytes, not \(key.count): "
          + "make one with: echo whsec_$(openssl rand -base64 32)")
    }
  }

  /// Reads a secret from a file.
  public init(reading path: RawPath) throws(Fault) {
    try self.init(try readRegularFile(path, limit: 64 << 10).bytes)
  }

  /// The headers that prove who sends an event, and when.
  ///
  /// Signed are the event's id, the time in seconds since 1970 and the body, joined by dots, with
  /// HMAC-SHA256; once under the names of Standard Webhooks and once in hexadecimal.
  func headers(
    eventID: String, unixTime: Int64, body: [UInt8]
  ) -> [(name: String, value: String)] {
    let code = hmacSHA256(key: key, Array("\(eventID).\(unixTime).".utf8) + body)
    return [
      ("webhook-id", eventID), ("webhook-timestamp", "\(unixTime)"),
      ("webhook-signature", "v1,\(base64(code))"), ("X-Event-Id", eventID),
      ("X-Timestamp", "\(unixTime)"), ("X-Signature", "sha256=\(hexadecimal(code))"),
    ]
  }
}
