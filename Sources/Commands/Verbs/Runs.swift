import Faults
import FileAccess
import JSON
import Options
import Requests
import Runs

extension Verb {
  static let runsList = Verb(
    VerbHelp(
      "runs list", "List the runs in a folder, newest first", usage: "[DIR] [FLAGS]",
      text: """
        `running` is what a process works on at this moment; `queued` waits for one, also after a \
        crash: the run's command goes on with it.
        """,
      examples: [
        ("infercam runs list runs/", "what is done, what failed, what can be resumed"),
        (
          "infercam runs list runs/ --status failed --since 24h --model resnet50 --json",
          "a page of job objects"
        ),
      ]),
    flags: Flag.runFilter + Flag.pages, body: listFolder)

  static let runsShow = Verb(
    VerbHelp(
      "runs show", "Show what a run is and how far it is", usage: "DIR|JOB [FLAGS]",
      examples: [
        (
          "infercam runs show out --json | jq .result_summary",
          "how many succeeded and failed, and why"
        )
      ]),
    flags: [], body: showRun)

  static let runsResults = Verb(
    VerbHelp(
      "runs results", "List the results of a finished run, page by page", usage: "DIR|JOB [FLAGS]",
      examples: [
        (
          "infercam runs results out --limit 50 --cursor \"$CURSOR\" --json",
          "the page after page.next_cursor of the one before"
        )
      ]),
    flags: Flag.resultFilter + Flag.pages, body: listResults)

  static let runsCancel = Verb(
    VerbHelp(
      "runs cancel", "Ask the processes at work on a run to stop", usage: "DIR|JOB [FLAGS]",
      text: """
        They finish and keep what they have in work, and exit 5. Nobody goes on with the run before \
        its command is given with --resume, also not a scheduler that starts it again.
        """,
      examples: [("infercam runs cancel out", "the run can be resumed later")]),
    flags: [], body: cancel)

  static let runsVerify = Verb(
    VerbHelp(
      "runs verify", "Compare a run with the digests that it recorded", usage: "DIR|JOB [FLAGS]",
      text: """
        The exit status is 7 when a file is missing or has changed, and 75 when all is sound but the \
        run has not finished. With --repair, what does not hold is set aside and the exit status is 0: \
        the command of the run computes it again.
        """,
      examples: [
        ("infercam runs verify out", "after a copy, or after a disk gave trouble"),
        ("infercam runs verify out --repair", "set aside what does not hold"),
      ]),
    flags: [Flag.repair], body: verifyRun)

  static let runsMerge = Verb(
    VerbHelp(
      "runs merge", "Finish a run whose shards are done", usage: "DIR|JOB [FLAGS]",
      text: """
        Proves that every input has one result, the same in every shard that computed it, and writes \
        results.jsonl and summary.json. Exits 75 while items are missing.
        """,
      examples: [("infercam runs merge out", "after 64 processes with --shard I/64")]),
    flags: [Flag.failOn, Flag.completionCommand] + Flag.callback + Flag.transfers,
    rules: [.callback], body: mergeShards)
}

/// The run directory that is named alone, or the one whose job id is.
func onlyDirectory(_ invocation: Invocation) throws(Fault) -> RunDirectory {
  guard invocation.line.positionals.count == 1 else {
    throw Fault(.paramMissing, "name one run directory")
  }
  let path = RawPath(bytes: invocation.line.positionals[0])
  if let id = path.text, id.hasPrefix("run_"), id.utf8.count == 30, try FileStamp(of: path) == nil {
    return try findRun(id, in: [RawPath("."), RawPath("runs")])
  }
  return RunDirectory(path)
}

private func listFolder(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let words = invocation.line.positionals
  if words.count > 1 { throw Fault(.paramOutOfRange, "name one folder") }
  let arguments = invocation.arguments
  var filter = arguments.runs
  // The model of the configuration file is the one to run, not the one to look for.
  if invocation.line.origins["model"] != .commandLine { filter.models = [] }
  let page = try listRuns(
    in: words.first.map { RawPath(bytes: $0) } ?? RawPath("."), filter, after: arguments.cursor,
    limit: arguments.limit)
  for (path, fault) in page.unreadable {
    invocation.note("infercam: warning: \(path.display): \(printable(fault.message))")
  }
  if !invocation.printsTable {
    var items: [JSONValue] = []
    for job in page.jobs { items.append(briefJob(try job.json())) }
    var object = pageObject(items, page.nextCursor).object ?? [:]
    if !page.unreadable.isEmpty {
      object["unreadable"] = .array(page.unreadable.map { problemObject($0.path, $0.fault) })
    }
    try console.print(JSONValue.object(object).encodedText)
    return ExitStatus.success
  }
  var table = Table(
    ["RUN", "STATUS", "DONE", "FAILED", "ITEMS", "MODEL", "SUBMITTED"], numeric: [2, 3, 4])
  for job in page.jobs {
    let summary = try job.counted()
    table.add([
      job.directory.path.display, summary.status.rawValue, "\(summary.counts.done)",
      "\(summary.failed)", "\(summary.items)", "\(summary.model)@\(summary.modelVersion)",
      summary.submittedAt,
    ])
  }
  try console.print(table.text)
  if let cursor = page.nextCursor { invocation.note("more with --cursor \(cursor)") }
  return ExitStatus.success
}

/// A page of a list, with where the next one begins.
private func pageObject(_ items: [JSONValue], _ nextCursor: String?) -> JSONValue {
  [
    "items": .array(items),
    "page": ["next_cursor": JSONValue(nextCursor), "size": JSONValue(items.count)],
  ]
}

/// A folder with what is wrong with the run in it.
func problemObject(_ path: RawPath, _ fault: Fault) -> JSONValue {
  ["output": .string(path.identifier), "error": fault.errorObject(requestID: nil)]
}

private func showRun(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let directory = try onlyDirectory(invocation)
  let job = try RunJob(reading: directory)
  try job.refuseExpired()
  var members = try job.json().object ?? [:]
  members["run"] = job.specification.json
  try console.print(
    JSONValue.object(members).encoded(pretty: invocation.printsTable) + [0x0A])
  return ExitStatus.success
}

private func cancel(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let job = try cancelRun(try onlyDirectory(invocation))
  if !invocation.printsTable {
    try console.print(try job.json().encodedText)
  } else if job.isActive {
    try console.print("asked to stop")
  } else {
    try console.print(job.summary.status.rawValue)
  }
  return ExitStatus.success
}

private func listResults(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let arguments = invocation.arguments
  let page = try onlyDirectory(invocation).resultPage(
    after: arguments.cursor, limit: arguments.limit
  ) { isWanted($0, arguments) }
  if !invocation.printsTable {
    try console.print(pageObject(page.items, page.nextCursor).encodedText)
    return ExitStatus.success
  }
  var table = Table(["ID", "CLASS", "PROB"], numeric: [2])
  for item in page.items {
    let best = item["result"]?["classes"]?.array?.first
    let label = best?["label"]?.string ?? item["error"]?["code"]?.string ?? ""
    let prob = best?["prob"]?.double.map { decimal($0 * 100, 2) + " %" } ?? ""
    table.add([printable(item["id"]?.string ?? ""), printable(label), prob])
  }
  try console.print(table.text)
  if let cursor = page.nextCursor { invocation.note("more with --cursor \(cursor)") }
  return ExitStatus.success
}

/// Whether a result passes the filters of the command line.
private func isWanted(_ item: JSONValue, _ arguments: Arguments) -> Bool {
  if let status = arguments.status, item["status"]?.string != status.rawValue { return false }
  if let codes = arguments.codes {
    guard let code = item["error"]?["code"]?.string, codes.matches(Array(code.utf8)) else {
      return false
    }
  }
  guard let wanted = arguments.topClass else { return true }
  let best = item["result"]?["classes"]?.array?.first
  return best?["id"]?.string == wanted || best?["label"]?.string == wanted
}

private func verifyRun(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let directory = try onlyDirectory(invocation)
  let repairs = invocation.arguments.repairs
  let found = repairs ? try directory.repair() : try directory.verify()
  let isSound = found.defects.isEmpty
  if !invocation.printsTable {
    var value: [String: JSONValue] = [
      "output": .string(directory.path.identifier), "sound": .bool(isSound),
      "finished": .bool(found.isFinished), "pending": JSONValue(found.pending),
      "defects": .array(found.defects.map(JSONValue.string)),
      "unknown_files": .array(found.unknownFiles.map(JSONValue.string)),
    ]
    if repairs {
      value["repaired"] = .bool(found.isRepaired)
      value["demoted"] = JSONValue(found.demoted)
    }
    try console.print(JSONValue.object(value).encodedText)
  } else {
    for defect in found.defects { try console.print(printable(defect)) }
    for file in found.unknownFiles { try console.print("\(printable(file)) belongs to no item") }
    let state =
      found.isFinished ? "" : ", not finished: \(found.pending) items have no result yet"
    try console.print((isSound ? "sound" : "\(found.defects.count) defects") + state)
    if found.isRepaired {
      try console.print(
        "repaired, \(found.demoted) items set aside: the command of the run computes what is missing"
      )
    }
  }
  if found.isRepaired { return ExitStatus.success }
  if !isSound { return ExitStatus.damaged }
  return found.isFinished ? ExitStatus.success : ExitStatus.busy
}

private func mergeShards(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let directory = try onlyDirectory(invocation)
  let failOn = invocation.arguments.failOn
  let observers = try RunObservers(invocation)
  let outcome = try mergeRun(directory, failOn: failOn, eventSinks: observers.sinks)
  let summary = outcome.summary
  if !invocation.printsTable {
    var members = summary.json.object ?? [:]
    members["replayed"] = .bool(outcome.ending == .replayed)
    members["output"] = .string(directory.path.identifier)
    try console.print(JSONValue.object(members).encodedText)
  } else {
    try console.print(
      "\(summary.succeeded) succeeded, \(summary.failed) failed of \(summary.items)")
  }
  observers.deliver(directory, console, isQuiet: invocation.arguments.isQuiet)
  let isTooMany = failOn.isExceeded(failed: summary.failed, items: summary.items)
  return isTooMany ? ExitStatus.itemsFailed : ExitStatus.success
}
