extension JSONValue {
  /// Returns the value as UTF-8 JSON: members sorted by their bytes, shortest round-trip numbers.
  ///
  /// - Parameter pretty: two-space indentation instead of one line; neither ends in a newline.
  public func encoded(pretty: Bool = false) -> [UInt8] {
    var writer = JSONWriter(pretty: pretty)
    writer.write(self)
    return writer.bytes
  }

  /// The value as one line of JSON text.
  public var encodedText: String {
    String(decoding: encoded(), as: UTF8.self)
  }
}

/// Appends values to a byte buffer.
struct JSONWriter {
  var bytes: [UInt8] = []
  let pretty: Bool
  private var depth = 0

  init(pretty: Bool) {
    self.pretty = pretty
  }

  mutating func write(_ value: JSONValue) {
    switch value {
    case .null: append("null")
    case .bool(let value): append(value ? "true" : "false")
    case .int(let value): append(value.description)
    case .double(let value): append(value.isFinite ? value.description : "null")
    case .float(let value): append(value.isFinite ? Self.text(of: value) : "null")
    case .string(let value): write(string: value)
    case .array(let elements): write(elements)
    case .object(let members): write(members)
    }
  }

  private mutating func write(_ elements: [JSONValue]) {
    open(UInt8(ascii: "["))
    for (index, element) in elements.enumerated() {
      separate(isFirst: index == 0)
      write(element)
    }
    close(UInt8(ascii: "]"), isEmpty: elements.isEmpty)
  }

  private mutating func write(_ members: [String: JSONValue]) {
    open(UInt8(ascii: "{"))
    let keys = members.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for (index, key) in keys.enumerated() {
      separate(isFirst: index == 0)
      write(string: key)
      append(pretty ? ": " : ":")
      write(members[key] ?? .null)
    }
    close(UInt8(ascii: "}"), isEmpty: members.isEmpty)
  }

  private mutating func write(string: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case 0x08: append("\\b")
      case 0x09: append("\\t")
      case 0x0A: append("\\n")
      case 0x0C: append("\\f")
      case 0x0D: append("\\r")
      case 0..<0x20, 0x7F:
        append("\\u00")
        bytes.append(Self.hexDigits[Int(byte >> 4)])
        bytes.append(Self.hexDigits[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func open(_ bracket: UInt8) {
    bytes.append(bracket)
    depth += 1
  }

  private mutating func separate(isFirst: Bool) {
    if !isFirst { bytes.append(UInt8(ascii: ",")) }
    if pretty { newline() }
  }

  private mutating func close(_ bracket: UInt8, isEmpty: Bool) {
    depth -= 1
    if pretty && !isEmpty { newline() }
    bytes.append(bracket)
  }

  private mutating func newline() {
    bytes.append(0x0A)
    bytes.append(contentsOf: repeatElement(0x20, count: 2 * depth))
  }

  /// The shortest digits of a `Float` in the notation of `Double`, so that what is read back as a
  /// double is written with the same bytes.
  private static func text(of value: Float) -> String {
    Double(value.description)?.description ?? value.description
  }

  private mutating func append(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  private static let hexDigits = Array("0123456789abcdef".utf8)
}
