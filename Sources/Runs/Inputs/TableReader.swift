import Faults

/// Reads rows of fields; a field in quotes may hold delimiters, line breaks and doubled quotes.
struct TableReader {
  /// One field of a row with its place.
  struct Field {
    var bytes: [UInt8] = []
    var line: Int
    /// From 1, in bytes.
    var column: Int
  }

  /// The longest row that is read.
  static let rowLimit = 1 << 20

  private let delimiter: UInt8
  /// Gives the next bytes, none at the end.
  private let read: () throws(Fault) -> [UInt8]
  private var buffer: [UInt8] = []
  private var offset = 0
  private var isAtEnd = false
  private var line = 1
  private var column = 1
  private var rowBytes = 0

  init(delimiter: UInt8, _ read: @escaping () throws(Fault) -> [UInt8]) {
    self.delimiter = delimiter
    self.read = read
  }

  /// Returns the next row; `nil` at the end.
  /// - Throws: `Fault` with code `manifest.invalid` for quotes that are not closed or misplaced, and
  ///   for a row that is too long.
  mutating func next() throws(Fault) -> [Field]? {
    if line == 1, column == 1, try peek() == 0xEF { try skipByteOrderMark() }
    guard try peek() != nil else { return nil }
    rowBytes = 0
    var row: [Field] = []
    while true {
      row.append(try field())
      guard let byte = try peek() else { return row }
      advance(byte)
      if byte == delimiter { continue }
      if byte == 0x0D {
        if try peek() == 0x0A { advance(0x0A) } else { endLine() }
      }
      return row
    }
  }

  private mutating func field() throws(Fault) -> Field {
    var field = Field(line: line, column: column)
    guard try peek() == UInt8(ascii: "\"") else {
      while let byte = try peek(), !isEnd(byte) {
        if byte == UInt8(ascii: "\""), delimiter != 0x09 {
          throw malformed("a quote inside a field that does not start with one")
        }
        field.bytes.append(byte)
        advance(byte)
      }
      return field
    }
    advance(UInt8(ascii: "\""))
    while let byte = try peek() {
      advance(byte)
      guard byte == UInt8(ascii: "\"") else {
        field.bytes.append(byte)
        continue
      }
      guard let next = try peek(), !isEnd(next) else { return field }
      guard next == byte else { throw malformed("text after a closing quote") }
      field.bytes.append(byte)
      advance(byte)
    }
    throw malformed("a quote that is not closed")
  }

  private mutating func peek() throws(Fault) -> UInt8? {
    if offset < buffer.count { return buffer[offset] }
    if isAtEnd { return nil }
    guard rowBytes <= Self.rowLimit else {
      throw malformed("a row is longer than \(Self.rowLimit) bytes")
    }
    rowBytes += buffer.count
    buffer = try read()
    offset = 0
    isAtEnd = buffer.isEmpty
    return buffer.first
  }

  private mutating func advance(_ byte: UInt8) {
    offset += 1
    column += 1
    if byte == 0x0A { endLine() }
  }

  private mutating func endLine() {
    line += 1
    column = 1
  }

  private mutating func skipByteOrderMark() throws(Fault) {
    for byte: UInt8 in [0xEF, 0xBB, 0xBF] {
      guard try peek() == byte else { throw malformed("the header is not valid UTF-8") }
      offset += 1
    }
  }

  private func isEnd(_ byte: UInt8) -> Bool {
    byte == delimiter || byte == 0x0A || byte == 0x0D
  }

  private func malformed(_ defect: String) -> Fault {
    Fault(.manifestInvalid, "line \(line): \(defect)", details: ["line": .int(line)])
  }
}
