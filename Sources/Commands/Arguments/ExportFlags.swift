import Faults
import FileAccess
import Options
import Reports

extension Flag where Arguments == Commands.Arguments {
  /// In which shape a run is handed on, and where.
  static let export: [Self] = [
    Self(
      "to", value: "FORMAT", .output,
      ExportFormat.allCases.map(\.rawValue).joined(separator: " | "),
      choices: ExportFormat.allCases.map(\.rawValue)
    ) { value, arguments throws(Fault) in
      arguments.exportFormat = try value.word(ExportFormat.self)
    },
    Self("output", short: "o", value: "FILE", .output, "the file", default: "stdout") {
      value, arguments throws(Fault) in
      arguments.output = RawPath(bytes: try value.nonEmptyBytes())
    },
    Self(
      "csv-safe", negation: "no-csv-safe", .output,
      "put an apostrophe before what a spreadsheet would compute; --no-csv-safe keeps all as it is",
      default: "on"
    ) { $1.export.isSpreadsheetSafe = $0.isOn },
    Self("pictures", value: "N", .output, "how many heatmaps a page shows", default: "100") {
      value, arguments throws(Fault) in
      arguments.export.pictures = try value.int(in: 0...100_000)
    },
  ]
}
