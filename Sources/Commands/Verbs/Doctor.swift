import Faults
import FileAccess
import JSON
import Options

extension Verb {
  static let doctor = Verb(
    VerbHelp(
      "doctor", "Check that this machine and its models are fit for work", usage: "[FLAGS]",
      text: """
        Looks at the processor, memory, libraries and limits of the system, compares the files of all \
        models with their digests, and writes, renames and locks a file in the folder of --output. The \
        exit status is 1 when something is broken; a warning is not.
        """,
      examples: [
        ("infercam doctor", "what works and what does not"),
        (
          "infercam doctor -o /mnt/runs --json | jq '.checks[] | select(.status != \"ok\")'",
          "before a batch on a share"
        ),
      ]),
    flags: [Flag.modelFolders, Flag.output], body: examine)
}

private func examine(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let checks = HealthCheck.all(invocation)
  let isHealthy = !checks.contains { $0.status == .failed }
  if !invocation.printsTable {
    let value: JSONValue = [
      "healthy": .bool(isHealthy), "build": BuildFacts.json,
      "checks": .array(checks.map(\.json)),
    ]
    try console.print(value.encodedText)
  } else {
    var table = Table(["CHECK", "STATUS", "FOUND"])
    for check in checks {
      table.add([check.name, check.status.rawValue, printable(check.message)])
    }
    try console.print(table.text)
  }
  return isHealthy ? ExitStatus.success : ExitStatus.itemsFailed
}
