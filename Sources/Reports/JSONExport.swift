import Faults
import JSON
import Runs

/// One document: the job resource and all results.
func exportJSON(_ run: FinishedRun, to write: ([UInt8]) throws(Fault) -> Void) throws(Fault) {
  try write(Array(#"{"items":["#.utf8))
  var isFirst = true
  try run.eachItem { (item) throws(Fault) in
    try write(Array((isFirst ? "\n" : ",\n").utf8) + item.json.encoded())
    isFirst = false
  }
  try write(Array("\n],\"job\":".utf8) + run.summary.json.encoded() + Array("}\n".utf8))
}
