import Faults
import FileAccess
import JSON
import Options
import Runs

extension Verb {
  static let runsList = Verb(
    VerbHelp(
      "runs list", "List the runs in a folder", usage: "[DIR] [FLAGS]",
      examples: [("infercam runs list runs/", "what is done, what failed, what can be resumed")]),
    flags: [], body: listRuns)

  static let runsShow = Verb(
    VerbHelp("runs show", "Show what a run is and how far it is", usage: "DIR [FLAGS]"),
    flags: [], body: showRun)

  static let runsResults = Verb(
    VerbHelp(
      "runs results", "List the results of a finished run, page by page", usage: "DIR [FLAGS]",
      examples: [
        (
          "infercam runs results out --limit 50 --cursor \"$CURSOR\" --json",
          "the page after page.next_cursor of the one before"
        )
      ]),
    flags: Flag.listing, body: listResults)

  static let runsVerify = Verb(
    VerbHelp(
      "runs verify", "Compare a run with the digests that it recorded", usage: "DIR [FLAGS]",
      text: """
        The exit status is 7 when a file is missing or has changed, and 75 when all is sound but the \
        run has not finished. With --repair, what does not hold is set aside and the exit status is 0: \
        the command of the run computes it again.
        """),
    flags: [Flag.repair], body: verifyRun)

  static let runsMerge = Verb(
    VerbHelp(
      "runs merge", "Finish a run whose shards are done", usage: "DIR [FLAGS]",
      text: """
        Proves that every input has one result, the same in every shard that computed it, and writes \
        results.jsonl and summary.json. Exits 75 while items are missing.
        """,
      examples: [("infercam runs merge out", "after 64 processes with --shard I/64")]),
    flags: [Flag.failOn, Flag.completionCommand] + Flag.callback + Flag.transfers,
    body: mergeShards)
}

/// The run directory that is named alone.
func onlyDirectory(_ invocation: Invocation) throws(Fault) -> RunDirectory {
  guard invocation.line.positionals.count == 1 else {
    throw Fault(.paramMissing, "name one run directory")
  }
  return RunDirectory(RawPath(bytes: invocation.line.positionals[0]))
}

private func listRuns(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let words = invocation.line.positionals
  if words.count > 1 { throw Fault(.paramOutOfRange, "name one folder") }
  let folder = words.first.map { RawPath(bytes: $0) } ?? RawPath(".")
  var table = Table(
    ["RUN", "STATUS", "DONE", "FAILED", "ITEMS", "MODEL", "STARTED"], numeric: [2, 3, 4])
  let isTable = invocation.printsTable
  for name in try namesInDirectory(folder) {
    let path = folder.bytes == [UInt8(ascii: ".")] ? name : folder.appending(name)
    guard let run = try? RunDirectory(path).read() else { continue }
    if isTable {
      let summary = run.summary
      table.add([
        path.display, summary?.status.rawValue ?? "queued",
        "\((summary?.succeeded ?? 0) + (summary?.failed ?? 0))", "\(summary?.failed ?? 0)",
        "\(run.specification.inputCount)", "\(summary?.model ?? "")@\(summary?.modelVersion ?? "")",
        summary?.startedAt ?? "",
      ])
    } else {
      try console.print(job(path, run).encodedText)
    }
  }
  if isTable { try console.print(table.text) }
  return ExitStatus.success
}

private func showRun(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let directory = try onlyDirectory(invocation)
  let run = try directory.read()
  guard case .object(var members) = job(directory.path, run) else { return ExitStatus.bug }
  members["run"] = run.specification.json
  let isPretty = invocation.printsTable
  try console.print(JSONValue.object(members).encoded(pretty: isPretty) + [0x0A])
  return ExitStatus.success
}

/// The job resource with its place.
private func job(
  _ path: RawPath, _ run: (specification: RunSpecification, summary: RunSummary?)
) -> JSONValue {
  var members =
    run.summary?.json.object ?? [
      "job_id": .string(run.specification.jobID), "status": "queued",
      "submitted_at": .string(run.specification.createdAt),
    ]
  members["output"] = .string(path.identifier)
  return .object(members)
}

private func listResults(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let arguments = invocation.arguments
  let page = try onlyDirectory(invocation).resultPage(
    after: arguments.cursor, limit: arguments.limit
  ) { status in arguments.status.map { $0.rawValue == status } ?? true }
  if !invocation.printsTable {
    let value: JSONValue = [
      "items": .array(page.items),
      "page": ["next_cursor": JSONValue(page.nextCursor), "size": JSONValue(page.items.count)],
    ]
    try console.print(value.encodedText)
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
