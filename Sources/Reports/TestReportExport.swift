import Faults
import Runs

/// A JUnit XML document: a test case for each input, failed where the item is.
func exportTestReport(
  _ run: FinishedRun, to write: ([UInt8]) throws(Fault) -> Void
) throws(Fault) {
  let summary = run.summary
  let counts = #"tests="\#(summary.items)" failures="\#(summary.failed)" errors="0" skipped="0""#
  let model = markup("\(summary.model)@\(summary.modelVersion)")
  var text = #"<?xml version="1.0" encoding="UTF-8"?>"# + "\n"
  text += #"<testsuites \#(counts)>"# + "\n"
  text += #"  <testsuite name="\#(markup(summary.jobID))" \#(counts)>"# + "\n"
  try write(Array(text.utf8))
  try run.eachItem { (item) throws(Fault) in
    let start = #"    <testcase classname="\#(model)" name="\#(markup(item.id))""#
    guard !item.hasSucceeded else { return try write(Array((start + "/>\n").utf8)) }
    let message = markup(item.errorMessage ?? "")
    let code = markup(item.errorCode ?? "")
    let failure = #"<failure type="\#(code)" message="\#(message)"/>"#
    try write(Array("\(start)>\n      \(failure)\n    </testcase>\n".utf8))
  }
  try write(Array("  </testsuite>\n</testsuites>\n".utf8))
}
