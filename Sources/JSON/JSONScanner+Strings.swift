import Faults

extension JSONScanner {
  /// Reads a string, with the cursor on its opening quote.
  mutating func scanString() throws(Fault) -> String {
    offset += 1
    var text: [UInt8] = []
    var start = offset
    while true {
      guard let byte = peek() else { throw malformed("the text ends inside a string") }
      switch byte {
      case UInt8(ascii: "\""):
        text.append(contentsOf: bytes[start..<offset])
        guard let string = String(validating: text, as: UTF8.self) else {
          throw malformed("a string is not valid UTF-8", at: start)
        }
        offset += 1
        return string
      case UInt8(ascii: "\\"):
        text.append(contentsOf: bytes[start..<offset])
        offset += 1
        try scanEscape(into: &text)
        start = offset
      case 0..<0x20:
        throw malformed("\(describe(byte)) must be escaped inside a string")
      default:
        offset += 1
      }
    }
  }

  private mutating func scanEscape(into text: inout [UInt8]) throws(Fault) {
    guard let byte = peek() else { throw malformed("the text ends inside a string") }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text.append(contentsOf: Array(String(try scanScalar()).utf8))
    default: throw malformed("'\\' cannot be followed by \(describe(byte))", at: offset - 1)
    }
  }

  /// Reads the digits after `\u`, and the second half of a surrogate pair.
  private mutating func scanScalar() throws(Fault) -> Character {
    let start = offset - 2
    var value = UInt32(try scanHexDigits())
    if value >= 0xD800, value < 0xDC00 {
      guard skip(UInt8(ascii: "\\")), skip(UInt8(ascii: "u")) else {
        throw malformed("a high surrogate stands alone", at: start)
      }
      let low = UInt32(try scanHexDigits())
      guard low >= 0xDC00, low < 0xE000 else {
        throw malformed("a high surrogate stands alone", at: start)
      }
      value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = UnicodeScalar(value) else {
      throw malformed("a low surrogate stands alone", at: start)
    }
    return Character(scalar)
  }

  private mutating func scanHexDigits() throws(Fault) -> UInt16 {
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = peek(), let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw malformed("'\\u' needs four hexadecimal digits")
      }
      value = value << 4 | UInt16(digit)
      offset += 1
    }
    return value
  }
}
