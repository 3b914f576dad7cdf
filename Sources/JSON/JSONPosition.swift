import Faults

/// A place in a JSON text; line and column count from 1, the column in bytes.
public struct JSONPosition: Sendable, Hashable {
  public var line: Int
  public var column: Int
  public var byte: Int

  public init(line: Int, column: Int, byte: Int) {
    self.line = line
    self.column = column
    self.byte = byte
  }
}

/// Finds where the values of a valid JSON text stand, to point at them in messages.
public struct JSONLocator: Sendable {
  private let firstLine: Int
  private let offsets: [String: Int]
  /// Where each line starts.
  private let lineStarts: [Int]

  public init(_ bytes: [UInt8], firstLine: Int = 1) {
    var scanner = JSONScanner(bytes: bytes, firstLine: firstLine)
    scanner.offsets = [:]
    let isValid = (try? scanner.scanDocument()) != nil
    self.firstLine = firstLine
    self.offsets = isValid ? scanner.offsets ?? [:] : [:]
    var starts = [0]
    for (offset, byte) in bytes.enumerated() where byte == 0x0A { starts.append(offset + 1) }
    lineStarts = starts
  }

  /// The offset of the value at a JSON pointer; `nil` where there is none.
  public func offset(of pointer: String) -> Int? { offsets[pointer] }

  /// The place of the value at a JSON pointer, or of the nearest enclosing value there is.
  public func position(of pointer: String) -> JSONPosition {
    var pointer = Substring(pointer)
    while true {
      if let offset = offsets[String(pointer)] { return position(at: offset) }
      guard let slash = pointer.lastIndex(of: "/") else { break }
      pointer = pointer[..<slash]
    }
    return position(at: 0)
  }

  private func position(at byte: Int) -> JSONPosition {
    // The last line that starts at the byte or before it.
    var (low, high) = (0, lineStarts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= byte { low = middle } else { high = middle }
    }
    return JSONPosition(line: firstLine + low, column: byte - lineStarts[low] + 1, byte: byte)
  }
}

extension JSONPosition {
  init(byte: Int, in bytes: [UInt8], firstLine: Int) {
    let before = bytes[..<byte]
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let line = before.reduce(into: firstLine) { if $1 == 0x0A { $0 += 1 } }
    self.init(line: line, column: byte - lineStart + 1, byte: byte)
  }
}

extension JSONScanner {
  mutating func recordOffset() {
    if offsets != nil { offsets?.updateValue(offset, forKey: jsonPointer(path)) }
  }

  func malformed(_ defect: String, at byte: Int? = nil) -> Fault {
    let place = JSONPosition(byte: byte ?? offset, in: bytes, firstLine: firstLine)
    return Fault(
      .jsonMalformed, "line \(place.line), column \(place.column): \(defect)",
      details: [
        "line": .int(place.line), "column": .int(place.column), "byte": .int(place.byte),
        "pointer": .string(jsonPointer(path)),
      ])
  }
}

/// Returns the JSON pointer (RFC 6901) of the given reference tokens.
public func jsonPointer(_ tokens: [String]) -> String {
  tokens.reduce(into: "") { pointer, token in
    pointer += "/"
    for scalar in token.unicodeScalars {
      switch scalar {
      case "~": pointer += "~0"
      case "/": pointer += "~1"
      default: pointer.unicodeScalars.append(scalar)
      }
    }
  }
}
