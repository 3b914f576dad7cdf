import Faults
import FileAccess
import Options
import Reports
import Runs

extension Verb {
  static let export = Verb(
    VerbHelp(
      "export", "Hand on a finished run as a table, a page, arrays or a test report",
      usage: "DIR|JOB --to FORMAT [-o FILE] [FLAGS]",
      text: """
        csv and tsv have a row for each input, json is one document; they go to stdout without -o. \
        html is a page that shows the first heatmaps and needs no other file, junit a test case for \
        each input, npz arrays for NumPy. The same run always gives the same bytes.
        """,
      examples: [
        ("infercam export out --to csv -o out.csv", "for a spreadsheet"),
        ("infercam export out --to junit -o junit.xml", "for CI"),
        ("infercam export out --to npz -o out.npz", "numpy.load reads ids, classes and maps"),
      ]),
    flags: Flag.export, body: exportVerb)
}

private func exportVerb(_ invocation: Invocation) throws(Fault) -> Int32 {
  let arguments = invocation.arguments
  guard let format = arguments.exportFormat else {
    let words = ExportFormat.allCases.map(\.rawValue).joined(separator: " | ")
    throw Fault(.paramMissing, "name the form with --to \(words)")
  }
  let directory = try onlyDirectory(invocation)
  if let path = arguments.output {
    try exportRun(directory, as: format, arguments.export, into: path)
    return ExitStatus.success
  }
  guard format.isText else {
    throw Fault(.paramMissing, "\(format.rawValue) goes into a file: name it with -o FILE")
  }
  var console = Console()
  try exportRun(directory, as: format, arguments.export) { (bytes) throws(Fault) in
    try console.print(bytes)
  }
  return ExitStatus.success
}
