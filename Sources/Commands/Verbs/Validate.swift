import Faults
import FileAccess
import Inference
import JSON
import Options
import Runs

extension Verb {
  static let validate = Verb(
    VerbHelp(
      "validate", "Check inputs by the rules of a run, without a model", usage: "INPUT… [FLAGS]",
      text: "Every input is read and decoded; the exit status is 1 when one would be rejected.",
      examples: [
        (
          "infercam validate photos/ --json | jq -r 'select(.error) | [.id, .error.code] | @tsv'",
          "what a run would reject, and why"
        )
      ]),
    flags: Flag.inputs + Flag.decoding + Flag.work.filter { $0.name == "workers" } + [Flag.failOn]
      + Flag.limits + Flag.net + Flag.transfers,
    rules: [.inputs], body: validateVerb)
}

private func validateVerb(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  var selection = try invocation.selection()
  selection.allowsDuplicates = false
  let list = try invocation.collect(selection).list
  let isTable = invocation.printsTable
  var failures: [String: Int] = [:]
  var count = 0
  try validateItems(
    ListSource(list), options: invocation.arguments.inference.decoding,
    access: invocation.access(selection),
    transfers: list.hasURLs ? invocation.inputTransfers : nil,
    memory: MemoryBudget(total: invocation.arguments.memoryBudget), workers: invocation.workers,
    isInterrupted: isInterrupted
  ) { (item) throws(Fault) in
    count += 1
    if let fault = item.fault { failures[fault.code.rawValue, default: 0] += 1 }
    if !isTable {
      try console.print(item.json.encodedText)
    } else if let fault = item.fault {
      try console.print(
        "\(printable(item.id)): \(printable(fault.message)) [\(fault.code.rawValue)]")
    }
  }
  let rejected = failures.values.reduce(0, +)
  if !invocation.isJSON {
    invocation.note("\(count - rejected) accepted, \(rejected) rejected of \(list.count)")
    for (code, number) in failures.sorted(by: { $0.key < $1.key }) {
      invocation.note("  \(number) \(code)")
    }
  }
  if isInterrupted() { return interruptionStatus() }
  let isTooMany = invocation.arguments.failOn.isExceeded(failed: rejected, items: count)
  return isTooMany ? ExitStatus.itemsFailed : ExitStatus.success
}
