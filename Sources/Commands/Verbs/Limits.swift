import Faults
import Images
import Inference
import JSON
import Options
import Requests

extension Verb {
  static let limits = Verb(
    VerbHelp("limits", "Show the limits in force and where each comes from", usage: "[FLAGS]"),
    flags: Flag.limits + Flag.work, body: showLimits)
}

private func showLimits(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let limits = invocation.arguments.inference.decoding.limits
  let values: [(name: String, value: JSONValue)] = [
    ("max-bytes", JSONValue(limits.maxBytes)), ("max-side", JSONValue(limits.maxSide)),
    ("max-pixels", JSONValue(limits.maxPixels)),
    ("max-aspect-ratio", limits.maxAspectRatio.map { JSONValue($0) } ?? .null),
    ("max-scans", JSONValue(limits.maxScans)), ("cpu-seconds", .double(limits.cpuSeconds)),
    ("max-codec-bytes", JSONValue(limits.maxCodecBytes)),
    ("max-layers", JSONValue(GradCAMOptions.layerCountRange.upperBound)),
    ("max-targets", JSONValue(GradCAMOptions.targetCountRange.upperBound)),
    ("max-faithfulness-steps", JSONValue(GradCAMOptions.faithfulnessStepsRange.upperBound)),
    ("workers", JSONValue(invocation.workers)), ("batch", JSONValue(invocation.arguments.batch)),
  ]
  let rows = values.map { row in
    let origin = invocation.line.origins[row.name] ?? .standard
    let key = String(row.name.map { $0 == "-" ? "_" : $0 })
    return (key: key, value: row.value, origin: origin)
  }
  if !invocation.printsTable {
    let members = rows.map { row in
      (row.key, JSONValue.object(["value": row.value, "origin": .string(row.origin.rawValue)]))
    }
    try console.print(JSONValue.object(Dictionary(members) { $1 }).encodedText)
    return ExitStatus.success
  }
  var table = Table(["LIMIT", "VALUE", "ORIGIN"], numeric: [1])
  for row in rows {
    table.add([row.key, row.value.isNull ? "off" : row.value.encodedText, row.origin.rawValue])
  }
  try console.print(table.text)
  return ExitStatus.success
}
