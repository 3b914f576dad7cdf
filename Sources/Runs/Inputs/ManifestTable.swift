import Digests
import Faults
import FileAccess
import JSON

#if canImport(Glibc)
import Glibc
#endif

extension InputCollector {
  /// Adds the rows of a CSV (RFC 4180) or TSV file with a header.
  mutating func readTable(_ path: RawPath, delimiter: UInt8) throws(Fault) {
    let file = try Descriptor(opening: path, O_RDONLY | O_NOCTTY)
    var digest = SHA256()
    var rows = TableReader(delimiter: delimiter) { () throws(Fault) in
      let bytes = try file.readNext(count: 1 << 16)
      digest.update(bytes)
      return bytes
    }
    guard let header = try rows.next() else {
      throw Fault(.manifestInvalid, "\(path.display) has no header row")
    }
    let columns = header.map { ManifestColumn(String(decoding: $0.bytes, as: UTF8.self)) }
    check(columns, header)
    let base = base(of: path)
    while let row = try rows.next() {
      if row.count == 1, row[0].bytes.isEmpty { continue }
      guard row.count == columns.count else {
        report(
          Violation(
            .manifestInvalid, line: row[0].line,
            "the row has \(row.count) fields, the header \(columns.count)"))
        continue
      }
      addRow(row, columns, base: base)
    }
    digests.append(digest.finishHex())
  }

  private mutating func check(_ columns: [ManifestColumn], _ header: [TableReader.Field]) {
    for (index, column) in columns.enumerated() {
      let isRepeated = columns.firstIndex { $0.name == column.name } != index
      if column.path == nil ? selection.isLenient : !isRepeated { continue }
      let message =
        column.path == nil
        ? "unknown column \(column.name)" : "the column \(column.name) occurs twice"
      report(
        Violation(.paramUnknown, at: jsonPointer([column.name]), message).located(header[index]))
    }
    if !columns.contains(where: { ["path", "url"].contains($0.name) }) {
      report(Violation(.paramMissing, line: 1, at: "/path", "the column path (or url) is missing"))
    }
  }

  private mutating func addRow(
    _ row: [TableReader.Field], _ columns: [ManifestColumn], base: RawPath
  ) {
    var members: [String: JSONValue] = ["image": [:]]
    for (column, field) in zip(columns, row) where !field.bytes.isEmpty {
      guard let path = column.path else { continue }
      guard let text = String(validating: field.bytes, as: UTF8.self) else {
        report(
          Violation(
            .manifestInvalid, at: jsonPointer([column.name]), "\(column.name) is not valid UTF-8"
          ).located(field))
        return
      }
      let (place, value) = column.member(text, at: path)
      guard place.count > 1 else {
        members[place[0]] = value
        continue
      }
      var group = members[place[0]]?.object ?? [:]
      group[place[1]] = value
      members[place[0]] = .object(group)
    }
    add(
      ManifestElement(
        value: .object(members), base: base, line: row[0].line,
        locate: { violation in
          let index = columns.firstIndex { column in
            column.path.map { jsonPointer($0) == violation.pointer } ?? false
          }
          var copy = violation
          copy.line = row[0].line
          guard let index else { return copy }
          copy.pointer = jsonPointer([columns[index].name])
          return copy.located(row[index])
        }))
  }
}

/// A column of a table and the member of the JSON form that it stands for.
struct ManifestColumn {
  let name: String
  /// `nil` for a column that means nothing.
  let path: [String]?

  init(_ name: String) {
    self.name = name
    path =
      Self.paths[name]
      ?? (name.hasPrefix("metadata.") ? ["metadata", String(name.dropFirst(9))] : nil)
  }

  private static let paths: [String: [String]] = [
    "id": ["id"], "path": ["image", "path"], "url": ["image", "url"], "sha256": ["sha256"],
    "label": ["label"], "target": ["grad_cam", "target"], "layer": ["grad_cam", "layer"],
    "format": ["grad_cam", "format"], "top_k": ["classify", "top_k"],
    "prob_threshold": ["classify", "prob_threshold"],
  ]

  /// The member that a field gives: text, a number where one is meant; the format `none` is no map.
  func member(_ text: String, at path: [String]) -> (path: [String], value: JSONValue) {
    switch name {
    case "format" where text == "none": (["grad_cam", "enabled"], false)
    case "top_k": (path, Int64(text).map(JSONValue.int) ?? .string(text))
    case "prob_threshold":
      (path, Double(text).flatMap { $0.isFinite ? .double($0) : nil } ?? .string(text))
    default: (path, .string(text))
    }
  }
}

extension Violation {
  fileprivate func located(_ field: TableReader.Field) -> Violation {
    var copy = self
    copy.line = field.line
    copy.column = field.column
    return copy
  }
}
