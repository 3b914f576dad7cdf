public import Faults

extension JSONValue {
  /// The deepest nesting of arrays and objects that is read.
  public static let maximumDepth = 64

  /// Reads one JSON text strictly.
  ///
  /// Refused are invalid UTF-8, a byte order mark, duplicate keys (also those that differ only in
  /// Unicode normalisation), lone surrogates, numbers beyond `Double`, nesting beyond
  /// `maximumDepth` and bytes after the value.
  /// - Parameter firstLine: the line number of the first byte, for messages.
  /// - Throws: `Fault` with code `json.malformed`; details `line`, `column`, `byte`, `pointer`.
  public init(parsing bytes: [UInt8], firstLine: Int = 1) throws(Fault) {
    var scanner = JSONScanner(bytes: bytes, firstLine: firstLine)
    self = try scanner.scanDocument()
  }
}

/// Reads one JSON text from a byte array.
struct JSONScanner {
  let bytes: [UInt8]
  let firstLine: Int
  var offset = 0
  /// The reference tokens that lead to the value being read.
  var path: [String] = []
  /// Where each value starts, by pointer; filled when not `nil`.
  var offsets: [String: Int]?

  init(bytes: [UInt8], firstLine: Int) {
    self.bytes = bytes
    self.firstLine = firstLine
  }

  mutating func scanDocument() throws(Fault) -> JSONValue {
    skipWhitespace()
    let value = try scanValue()
    skipWhitespace()
    if offset < bytes.count { throw malformed("unexpected bytes after the value") }
    return value
  }

  private mutating func scanValue() throws(Fault) -> JSONValue {
    guard let byte = peek() else { throw malformed("the text ends where a value should start") }
    recordOffset()
    switch byte {
    case UInt8(ascii: "{"): return try scanObject()
    case UInt8(ascii: "["): return try scanArray()
    case UInt8(ascii: "\""): return .string(try scanString())
    case UInt8(ascii: "t"): return try scanWord("true", .bool(true))
    case UInt8(ascii: "f"): return try scanWord("false", .bool(false))
    case UInt8(ascii: "n"): return try scanWord("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try scanNumber()
    default: throw malformed("a value cannot start with \(describe(byte))")
    }
  }

  private mutating func scanObject() throws(Fault) -> JSONValue {
    try enter()
    var members: [String: JSONValue] = [:]
    if skip(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipWhitespace()
      guard peek() == UInt8(ascii: "\"") else { throw malformed("expected a key in quotes") }
      let start = offset
      let key = try scanString()
      if members[key] != nil {
        throw malformed("the key \"\(key)\" occurs twice", at: start)
      }
      skipWhitespace()
      guard skip(UInt8(ascii: ":")) else { throw malformed("expected ':' after a key") }
      skipWhitespace()
      path.append(key)
      members[key] = try scanValue()
      path.removeLast()
      skipWhitespace()
      if skip(UInt8(ascii: "}")) { return .object(members) }
      guard skip(UInt8(ascii: ",")) else { throw malformed("expected ',' or '}'") }
    }
  }

  private mutating func scanArray() throws(Fault) -> JSONValue {
    try enter()
    var elements: [JSONValue] = []
    if skip(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      skipWhitespace()
      path.append("\(elements.count)")
      elements.append(try scanValue())
      path.removeLast()
      skipWhitespace()
      if skip(UInt8(ascii: "]")) { return .array(elements) }
      guard skip(UInt8(ascii: ",")) else { throw malformed("expected ',' or ']'") }
    }
  }

  /// Steps over an opening bracket and the white space after it.
  private mutating func enter() throws(Fault) {
    if path.count >= JSONValue.maximumDepth {
      throw malformed("nested deeper than \(JSONValue.maximumDepth) levels")
    }
    offset += 1
    skipWhitespace()
  }

  private mutating func scanWord(_ word: String, _ value: JSONValue) throws(Fault) -> JSONValue {
    guard bytes[offset...].starts(with: word.utf8) else {
      throw malformed("expected \(word)")
    }
    offset += word.utf8.count
    return value
  }

  private mutating func scanNumber() throws(Fault) -> JSONValue {
    let start = offset
    var isInteger = true
    _ = skip(UInt8(ascii: "-"))
    if skip(UInt8(ascii: "0")) {
      if let next = peek(), isDigit(next) { throw malformed("a number cannot start with 0") }
    } else {
      try scanDigits()
    }
    if skip(UInt8(ascii: ".")) {
      isInteger = false
      try scanDigits()
    }
    if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
      isInteger = false
      if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
      try scanDigits()
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    if isInteger, let value = Int64(text) { return .int(value) }
    guard let value = Double(text), value.isFinite else {
      throw malformed("the number \(text) is out of range", at: start)
    }
    return .double(value)
  }

  private mutating func scanDigits() throws(Fault) {
    let start = offset
    while let byte = peek(), isDigit(byte) { offset += 1 }
    if offset == start { throw malformed("expected a digit") }
  }

  func peek() -> UInt8? {
    offset < bytes.count ? bytes[offset] : nil
  }

  mutating func skip(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    offset += 1
    return true
  }

  private mutating func skipWhitespace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      offset += 1
    }
  }

  private func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  func describe(_ byte: UInt8) -> String {
    byte > 0x20 && byte < 0x7F
      ? "'\(Character(UnicodeScalar(byte)))'" : "the byte 0x\(String(byte, radix: 16))"
  }
}
