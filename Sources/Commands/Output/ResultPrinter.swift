import Faults
import FileAccess
import JSON
import Requests

/// Prints results as they come: rows on a terminal, one JSON object per line otherwise.
struct ResultPrinter {
  private var console = Console()
  private let isTable: Bool
  private let isQuiet: Bool
  private(set) var count = 0
  private(set) var failed = 0

  init(_ invocation: Invocation) {
    isTable = invocation.printsTable
    isQuiet = invocation.arguments.isQuiet
  }

  mutating func print(_ result: ResultItem) throws(Fault) {
    count += 1
    if let fault = result.fault {
      failed += 1
      if !isQuiet, isTable || console.isOutputTerminal {
        console.note(
          "\(printable(result.id)): \(printable(fault.message)) [\(fault.code.rawValue)]")
      }
    }
    if isTable {
      try printRows(result)
    } else {
      try console.print(result.json.encodedText)
    }
  }

  mutating func finish() throws(Fault) {
    if isTable, count > 1, failed > 0, !isQuiet {
      console.note("\(failed) of \(count) images failed")
    }
  }

  private mutating func printRows(_ result: ResultItem) throws(Fault) {
    guard case .succeeded(let value) = result.outcome else { return }
    let classes = value["classes"]?.array ?? []
    var table = Table(["", "", ""], numeric: [1])
    for entry in classes {
      let percent = decimal((entry["prob"]?.double ?? 0) * 100, 2) + " %"
      table.add(["  ", percent, printable(entry["label"]?.string ?? "")])
    }
    try console.print(printable(result.id))
    let rows = table.text.split(separator: "\n").map(String.init)
    if !rows.isEmpty { try console.print(rows.joined(separator: "\n")) }
    let heatmaps = value["heatmaps"]?.array ?? value["heatmap"].map { [$0] } ?? []
    let paths = heatmaps.compactMap { ($0["path"] ?? $0["raw"]?["path"])?.string }
    for path in paths {
      try console.print("    heatmap: \(printable(path))")
    }
  }
}
