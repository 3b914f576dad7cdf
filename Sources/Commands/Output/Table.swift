/// Rows of text in columns.
struct Table {
  private let header: [String]
  private var rows: [[String]] = []
  /// Columns that are flush right.
  private let numeric: Set<Int>

  init(_ header: [String], numeric: Set<Int> = []) {
    self.header = header
    self.numeric = numeric
  }

  mutating func add(_ row: [String]) {
    rows.append(row)
  }

  var text: String {
    let all = [header] + rows
    let widths = header.indices.map { column in
      all.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    let lines = all.map { row in
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
        return numeric.contains(column) ? padding + cell : cell + padding
      }
      return trimmed(cells.joined(separator: "  "))
    }
    return lines.joined(separator: "\n")
  }
}

private func trimmed(_ line: String) -> String {
  var line = Substring(line)
  while line.last == " " { line.removeLast() }
  return String(line)
}

/// Returns a number with a fixed count of decimals.
func decimal(_ value: Double, _ places: Int) -> String {
  guard value.isFinite else { return "–" }
  var scale = 1.0
  for _ in 0..<places { scale *= 10 }
  let scaled = (value.magnitude * scale).rounded()
  guard scaled < 9e15 else { return value.description }
  let digits = String(Int64(scaled))
  let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
  let sign = value < 0 && scaled > 0 ? "-" : ""
  if places == 0 { return sign + padded }
  return sign + padded.dropLast(places) + "." + padded.suffix(places)
}

/// Returns a duration in words of at most two units.
func duration(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds < 1e9 else { return "–" }
  let whole = Int(seconds.rounded())
  if seconds < 10 { return decimal(seconds, 1) + " s" }
  if whole < 60 { return "\(whole) s" }
  if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
  return "\(whole / 3600) h \(whole % 3600 / 60) min"
}
