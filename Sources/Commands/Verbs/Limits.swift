import Faults
import Images
import Inference
import JSON
import Options
import Requests

extension Verb {
  static let limits = Verb(
    VerbHelp(
      "limits", "Show the limits in force and where each comes from", usage: "[FLAGS]",
      text: """
        The origin is flag, environment, configuration or default; what is fixed cannot be changed. \
        Each of the others is a flag of the verbs that it concerns, INFERCAM_NAME in the environment, \
        and "name" in the configuration file.
        """,
      examples: [
        ("infercam limits --json", "every limit with its origin"),
        ("infercam limits --max-side 20000", "what a command with this flag would go by"),
      ]),
    flags: Flag.limits + Flag.work + Flag.net
      + Flag.run.filter { ["item-timeout", "deadline", "max-failures"].contains($0.name) },
    body: showLimits)
}

/// A limit as it is shown.
private struct Limit {
  var name: String
  var value: JSONValue
  var origin: String
}

private func showLimits(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let rows = configurable(invocation) + fixed
  if !invocation.printsTable {
    let members = rows.map { row in
      (row.name, JSONValue.object(["value": row.value, "origin": .string(row.origin)]))
    }
    try console.print(JSONValue.object(Dictionary(members) { $1 }).encodedText)
    return ExitStatus.success
  }
  var table = Table(["LIMIT", "VALUE", "ORIGIN"], numeric: [1])
  for row in rows {
    table.add([row.name, row.value.isNull ? "off" : row.value.encodedText, row.origin])
  }
  try console.print(table.text)
  return ExitStatus.success
}

/// The limits that flags set.
private func configurable(_ invocation: Invocation) -> [Limit] {
  let arguments = invocation.arguments
  let limits = arguments.inference.decoding.limits
  let values: [(flag: String, value: JSONValue)] = [
    ("max-bytes", JSONValue(limits.maxBytes)), ("max-side", JSONValue(limits.maxSide)),
    ("max-pixels", JSONValue(limits.maxPixels)),
    ("max-aspect-ratio", limits.maxAspectRatio.map { JSONValue($0) } ?? .null),
    ("max-scans", JSONValue(limits.maxScans)),
    ("max-decode-seconds", .double(limits.cpuSeconds)),
    ("max-codec-bytes", JSONValue(limits.maxCodecBytes)),
    ("memory-budget", JSONValue(arguments.memoryBudget)),
    ("workers", JSONValue(invocation.workers)), ("batch", JSONValue(arguments.batch)),
    ("item-timeout", arguments.itemTimeout.map(JSONValue.double) ?? .null),
    ("deadline", arguments.deadline.map(JSONValue.double) ?? .null),
    ("max-failures", arguments.maxFailures.map { JSONValue($0) } ?? .null),
    ("url-timeout", .double(arguments.transferSeconds)),
    ("url-attempts", JSONValue(arguments.transferAttempts)),
    ("url-concurrency", JSONValue(arguments.transferConcurrency)),
  ]
  return values.map { flag, value in
    let origin = invocation.line.origins[flag] ?? .standard
    return Limit(
      name: String(flag.map { $0 == "-" ? "_" : $0 }), value: value, origin: origin.rawValue)
  }
}

/// The limits that nothing sets.
private let fixed: [Limit] = [
  ("max_json_depth", JSONValue.maximumDepth),
  ("max_layers", GradCAMOptions.layerCountRange.upperBound),
  ("max_targets", GradCAMOptions.targetCountRange.upperBound),
  ("max_faithfulness_steps", GradCAMOptions.faithfulnessStepsRange.upperBound),
  ("max_page_size", JobLimits.pageSizeRange.upperBound),
  ("max_metadata_bytes", JobLimits.metadataBytes),
  ("max_run_key_bytes", JobLimits.runKeyRange.upperBound),
  ("max_top_k", ClassifyOptions.topKRange.upperBound),
  ("max_longest_side", RequestLimits.longestSideRange.upperBound),
  ("max_resolution", GradCAMOptions.resolutionRange.upperBound),
].map { Limit(name: $0.0, value: JSONValue($0.1), origin: "fixed") }
