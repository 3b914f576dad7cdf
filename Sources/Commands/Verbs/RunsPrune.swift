import Faults
import FileAccess
import JSON
import Options
import Runs

extension Verb {
  static let runsPrune = Verb(
    VerbHelp(
      "runs prune", "Remove the runs in a folder whose time to live is over",
      usage: "[FOLDER] [FLAGS]",
      text: """
        Concerns runs that were created with --ttl. Nothing else in the folder is touched, nor a run \
        that a process works on.
        """,
      examples: [("infercam runs prune runs/ --dry-run", "what would be removed")]),
    flags: [Flag.dryRun], body: prune)
}

private func prune(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let words = invocation.line.positionals
  if words.count > 1 { throw Fault(.paramOutOfRange, "name one folder") }
  let folder = words.first.map { RawPath(bytes: $0) } ?? RawPath(".")
  let isDryRun = invocation.arguments.isDryRun
  let report = try pruneRuns(in: folder, isDryRun: isDryRun, isInterrupted: isInterrupted)
  if !invocation.printsTable {
    let value: JSONValue = [
      "folder": .string(folder.identifier), "dry_run": .bool(isDryRun),
      "removed": .array(report.removed.map(\.json)), "kept": JSONValue(report.kept),
      "problems": .array(report.problems.map { problemObject($0.path, $0.fault) }),
    ]
    try console.print(value.encodedText)
  } else {
    for run in report.removed {
      let moment = run.expiresAt.map { ", expired at \($0)" } ?? ", the rest of it"
      try console.print("\(isDryRun ? "would remove" : "removed") \(run.path.display)\(moment)")
    }
    try console.print(
      "\(report.removed.count) \(isDryRun ? "to remove" : "removed"), \(report.kept) kept")
  }
  for run in report.removed where !run.leftNames.isEmpty {
    let names = run.leftNames.prefix(3).map(\.display).joined(separator: ", ")
    invocation.note("\(run.path.display) stays with what is no run's: \(names)")
  }
  for (path, fault) in report.problems {
    invocation.note("infercam: warning: \(path.display): \(printable(fault.message))")
  }
  if isInterrupted() { return interruptionStatus() }
  return report.problems.first.map { ExitStatus.of($0.fault) } ?? ExitStatus.success
}

extension PrunedRun {
  fileprivate var json: JSONValue {
    [
      "output": .string(path.identifier), "job_id": .string(jobID),
      "expires_at": JSONValue(expiresAt),
      "left": .array(leftNames.map { .string($0.identifier) }),
    ]
  }
}
