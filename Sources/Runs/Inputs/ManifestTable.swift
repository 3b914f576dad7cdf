import Faults
import FileAccess
import JSON

extension InputCollector {
  /// Columns beside `metadata.*`.
  private static let columns: Set<String> = ["id", "path", "url", "sha256", "label"]
  private static let unread: Set<String> = [
    "target", "top_k", "prob_threshold", "layer", "format",
  ]

  /// Adds the rows of a CSV (RFC 4180) or TSV file with a header.
  mutating func readTable(_ path: RawPath, delimiter: UInt8) throws(Fault) {
    let bytes = try readRegularFile(path, limit: 256 << 20).bytes
    var rows = TableReader(bytes, delimiter: delimiter)
    guard let header = try rows.next() else {
      throw Fault(.manifestInvalid, "\(path.display) has no header row")
    }
    let names = header.map { String(decoding: $0, as: UTF8.self) }
    checkHeader(names)
    while let row = try rows.next() {
      if row.count == 1, row[0].isEmpty { continue }
      guard row.count == names.count else {
        var violation = Violation(
          .manifestInvalid, at: "", "the row has \(row.count) fields, the header \(names.count)")
        violation.line = rows.rowLine
        report(violation)
        continue
      }
      addRow(row, names, base: path.parent, line: rows.rowLine)
    }
  }

  private mutating func checkHeader(_ names: [String]) {
    for (index, name) in names.enumerated() {
      let isKnown = Self.columns.contains(name) || name.hasPrefix("metadata.")
      if isKnown, names.firstIndex(of: name) == index { continue }
      if !isKnown, selection.isLenient { continue }
      let message =
        isKnown
        ? "the column \(name) occurs twice"
        : Self.unread.contains(name)
          ? "the column \(name) is not read by this version: use flags"
          : "unknown column \(name)"
      var violation = Violation(.paramUnknown, at: "/" + name, message)
      violation.line = 1
      report(violation)
    }
    if !names.contains("path"), !names.contains("url") {
      report(Violation(.paramMissing, at: "/path", "the column path (or url) is missing"))
    }
  }

  private mutating func addRow(
    _ row: [[UInt8]], _ names: [String], base: RawPath, line: Int
  ) {
    var image: [String: JSONValue] = [:]
    var members: [String: JSONValue] = [:]
    var metadata: [String: JSONValue] = [:]
    for (name, field) in zip(names, row) where !field.isEmpty {
      guard let text = String(validating: field, as: UTF8.self) else {
        var violation = Violation(.manifestInvalid, at: "/" + name, "\(name) is not valid UTF-8")
        violation.line = line
        report(violation)
        return
      }
      if name == "path" || name == "url" {
        image[name] = .string(text)
      } else if Self.columns.contains(name) {
        members[name] = .string(text)
      } else if name.hasPrefix("metadata.") {
        metadata[String(name.dropFirst(9))] = .string(text)
      }
    }
    members["image"] = .object(image)
    if !metadata.isEmpty { members["metadata"] = .object(metadata) }
    addManifestItem(.object(members), path: [], base: base, line: line) {
      // Every value of a row stands on the row's line.
      JSONLocator([], firstLine: line)
    }
  }
}

/// Reads rows of fields; a field in quotes may hold delimiters, line breaks and doubled quotes.
struct TableReader {
  private let bytes: [UInt8]
  private let delimiter: UInt8
  private var offset = 0
  private var line = 1
  /// The line on which the row read last starts.
  private(set) var rowLine = 1

  init(_ bytes: [UInt8], delimiter: UInt8) {
    self.bytes = bytes
    self.delimiter = delimiter
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
  }

  /// Returns the next row; `nil` at the end.
  /// - Throws: `Fault` with code `manifest.invalid` for quotes that are not closed or misplaced.
  mutating func next() throws(Fault) -> [[UInt8]]? {
    guard offset < bytes.count else { return nil }
    rowLine = line
    var row: [[UInt8]] = []
    while true {
      row.append(try field())
      guard offset < bytes.count else { return row }
      let byte = bytes[offset]
      offset += 1
      if byte == delimiter { continue }
      if byte == 0x0D, offset < bytes.count, bytes[offset] == 0x0A { offset += 1 }
      line += 1
      return row
    }
  }

  private mutating func field() throws(Fault) -> [UInt8] {
    guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
      let start = offset
      while offset < bytes.count, !isEnd(bytes[offset]) {
        if bytes[offset] == UInt8(ascii: "\""), delimiter != 0x09 {
          throw malformed("a quote inside a field that does not start with one")
        }
        offset += 1
      }
      return Array(bytes[start..<offset])
    }
    offset += 1
    var field: [UInt8] = []
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      if byte == 0x0A { line += 1 }
      guard byte == UInt8(ascii: "\"") else {
        field.append(byte)
        continue
      }
      if offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") {
        field.append(byte)
        offset += 1
        continue
      }
      if offset < bytes.count, !isEnd(bytes[offset]) {
        throw malformed("text after a closing quote")
      }
      return field
    }
    throw malformed("a quote that is not closed")
  }

  private func isEnd(_ byte: UInt8) -> Bool {
    byte == delimiter || byte == 0x0A || byte == 0x0D
  }

  private func malformed(_ defect: String) -> Fault {
    Fault(
      .manifestInvalid, "line \(line): \(defect)", details: ["line": .int(line)])
  }
}
