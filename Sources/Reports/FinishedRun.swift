import Faults
import JSON
import Runs

/// A finished run whose results are read in order, as often as a report needs.
struct FinishedRun {
  let directory: RunDirectory
  let summary: RunSummary

  init(_ directory: RunDirectory) throws(Fault) {
    self.directory = directory
    summary = try directory.finishedSummary()
  }

  func eachItem(_ body: (ReportItem) throws(Fault) -> Void) throws(Fault) {
    try directory.eachResult { (value) throws(Fault) in try body(ReportItem(json: value)) }
  }
}
