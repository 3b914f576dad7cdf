import Faults
import JSON

/// How cells become lines.
struct TableFormat {
  private let delimiter: UInt8
  private let lineEnd: [UInt8]
  private let isSpreadsheetSafe: Bool

  enum Kind {
    case csv
    case tsv
  }

  /// RFC 4180, with tabs and line feeds for TSV.
  init(_ kind: Kind, _ options: ExportOptions) {
    delimiter = kind == .csv ? UInt8(ascii: ",") : 0x09
    lineEnd = kind == .csv ? [0x0D, 0x0A] : [0x0A]
    isSpreadsheetSafe = options.isSpreadsheetSafe
  }

  func line(_ cells: [TableCell]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, cell) in cells.enumerated() {
      if index > 0 { bytes.append(delimiter) }
      switch cell {
      case .empty: break
      case .number(let text): bytes += text.utf8
      case .text(let text): bytes += quoted(text)
      }
    }
    return bytes + lineEnd
  }

  private func quoted(_ text: String) -> [UInt8] {
    var bytes = Array(text.utf8)
    if isSpreadsheetSafe, let first = bytes.first, Self.formulaStarts.contains(first) {
      bytes.insert(UInt8(ascii: "'"), at: 0)
    }
    let quote = UInt8(ascii: "\"")
    guard bytes.contains(where: { [delimiter, quote, 0x0A, 0x0D].contains($0) }) else {
      return bytes
    }
    return [quote] + bytes.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
  }

  /// What makes a spreadsheet compute: `=`, `+`, `-`, `@`, tab, carriage return.
  private static let formulaStarts: Set<UInt8> = [0x3D, 0x2B, 0x2D, 0x40, 0x09, 0x0D]
}

/// One field of a table.
enum TableCell {
  case empty
  case number(String)
  case text(String)

  init(_ value: JSONValue?) {
    switch value {
    case nil, .null?: self = .empty
    case .string(let text)?: self = .text(text)
    case .int?, .double?, .float?: self = .number(value?.encodedText ?? "")
    case let other?: self = .text(other.encodedText)
    }
  }
}

/// A line for each input: what it is, its classes, its heatmap, its error.
func exportTable(
  _ run: FinishedRun, _ format: TableFormat, to write: ([UInt8]) throws(Fault) -> Void
) throws(Fault) {
  var classCount = 0
  var metadata: Set<String> = []
  var hasLabels = false
  try run.eachItem { item in
    classCount = max(classCount, item.classes.count)
    for key in (item.json["metadata"]?.object ?? [:]).keys { metadata.insert(key) }
    if item.json["label"] != nil { hasLabels = true }
  }
  let keys = metadata.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  let ofClass = ["id", "label", "index", "prob"]
  var header = ["seq", "id", "status", "source", "sha256", "width", "height"]
  if hasLabels { header.append("label") }
  for rank in 0..<classCount { header += ofClass.map { "class\(rank + 1)_\($0)" } }
  header += ["heatmap", "raw_map", "error_code", "error_message"] + keys.map { "metadata.\($0)" }
  try write(format.line(header.map(TableCell.text)))
  try run.eachItem { (item) throws(Fault) in
    let source = item.json["source"]
    var cells: [TableCell] = [
      .number("\(item.sequence)"), .text(item.id), TableCell(item.json["status"]),
      .text(item.source), TableCell(source?["sha256"]), TableCell(source?["width"]),
      TableCell(source?["height"]),
    ]
    if hasLabels { cells.append(TableCell(item.json["label"])) }
    for rank in 0..<classCount {
      let value: JSONValue = rank < item.classes.count ? item.classes[rank] : nil
      cells += ofClass.map { name in TableCell(value[name]) }
    }
    let heatmap = item.json["result"]?["heatmap"]
    cells += [TableCell(heatmap?["path"]), TableCell(heatmap?["raw"]?["path"])]
    cells += [TableCell(item.json["error"]?["code"]), TableCell(item.json["error"]?["message"])]
    cells += keys.map { TableCell(item.json["metadata"]?[$0]) }
    try write(format.line(cells))
  }
}
