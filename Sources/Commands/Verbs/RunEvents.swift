import Faults
import FileAccess
import JSON
import Options
import Runs
import Transfers

/// Who is told about a run, as the command line says.
struct RunObservers {
  let callback: Callback?
  let completionCommand: [UInt8]?
  let items: ItemStream?

  /// - Throws: `Fault` for a callback that cannot work; nothing has been started then.
  init(_ invocation: Invocation) throws(Fault) {
    callback = try invocation.callback()
    completionCommand = invocation.arguments.completionCommand
    items = invocation.arguments.itemCommand.map { ItemStream($0) }
  }

  var sinks: Set<EventSink> {
    var sinks: Set<EventSink> = []
    if callback != nil { sinks.insert(.callback) }
    if completionCommand != nil { sinks.insert(.command) }
    return sinks
  }

  /// Tells whoever has not been told yet; what fails is a warning and stays in the outbox.
  func deliver(_ directory: RunDirectory, _ console: Console, isQuiet: Bool) {
    func tell(_ body: () throws(Fault) -> DeliveryReport) {
      do throws(Fault) {
        let report = try body()
        for note in report.notes { console.note("infercam: warning: \(printable(note))") }
        if report.pending > 0 {
          console.note(
            "infercam: warning: events not delivered yet: \(report.pending); "
              + "infercam runs deliver \(directory.path.display) tries again")
        } else if report.delivered > 0, !isQuiet, let callback, report.notes.isEmpty {
          console.note("event delivered to \(callback.url.origin)")
        }
      } catch {
        console.note("infercam: warning: \(printable(error.message)) [\(error.code.rawValue)]")
      }
    }
    if let completionCommand {
      tell { () throws(Fault) in
        try directory.deliverEvents(toCommand: completionCommand, isInterrupted: isInterrupted)
      }
    }
    if let callback {
      tell { () throws(Fault) in
        try directory.deliverEvents(to: callback, isInterrupted: isInterrupted)
      }
    }
  }
}

/// Replaces each URL in the words of a command line by its origin: the rest may be secret.
func withoutURLs(_ text: String) -> String {
  var result = ""
  var rest = text[...]
  while let start = rest.firstRange(of: "://") {
    let end = rest[start.upperBound...].firstIndex { " \t\n\"'|;&<>".contains($0) }
    let address = rest[start.upperBound..<(end ?? rest.endIndex)]
    let authority = address.prefix { !"/?#".contains($0) }
    let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] }
    result += rest[..<start.upperBound] + (host ?? authority)
    if address.count > authority.count { result += "/…" }
    rest = rest[(end ?? rest.endIndex)...]
  }
  return result + rest
}

extension Verb {
  static let runsDeliver = Verb(
    VerbHelp(
      "runs deliver", "Deliver the events of a run that have not been accepted yet",
      usage: "DIR|JOB [FLAGS]",
      text: """
        Sends what `run --callback-url` had to leave, with the same flags; `--on-complete` runs its \
        command if it has not run. The exit status is 75 while something is still to be delivered.
        """,
      examples: [
        (
          "infercam runs deliver out --callback-url https://example.org/hook --callback-secret-file key",
          "from a timer, until it exits 0"
        )
      ]),
    flags: Flag.callback + [Flag.completionCommand] + Flag.transfers, body: deliverEvents)
}

private func deliverEvents(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let directory = try onlyDirectory(invocation)
  let command = invocation.arguments.completionCommand
  let callback = try invocation.callback()
  if callback == nil, command == nil {
    throw Fault(.paramMissing, "name who is to be told: --callback-url URL or --on-complete CMD")
  }
  _ = try directory.read()
  var report = DeliveryReport()
  if let command {
    report.add(try directory.deliverEvents(toCommand: command, isInterrupted: isInterrupted))
  }
  if let callback {
    report.add(try directory.deliverEvents(to: callback, isInterrupted: isInterrupted))
  }
  for note in report.notes { invocation.note("infercam: warning: \(printable(note))") }
  if !invocation.printsTable {
    let value: JSONValue = [
      "output": .string(directory.path.identifier), "delivered": JSONValue(report.delivered),
      "pending": JSONValue(report.pending),
    ]
    try console.print(value.encodedText)
  } else {
    try console.print("\(report.delivered) delivered, \(report.pending) pending")
  }
  if report.pending == 0 { return ExitStatus.success }
  if isInterrupted() { return interruptionStatus() }
  return report.problem == .accessDenied ? ExitStatus.inputs : ExitStatus.busy
}

extension DeliveryReport {
  fileprivate mutating func add(_ other: DeliveryReport) {
    delivered += other.delivered
    pending += other.pending
    problem = problem ?? other.problem
    notes += other.notes
  }
}
