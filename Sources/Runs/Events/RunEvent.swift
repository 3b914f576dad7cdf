import Digests
import JSON

/// Who is told about the end of a run.
public enum EventSink: String, Sendable, CaseIterable {
  /// A URL.
  case callback
  /// A command.
  case command
}

/// What is told when a run has ended.
struct RunEvent: Sendable, Hashable {
  /// The same however often the event is sent, and when a killed process ends the run again.
  var id: String
  var type: String
  /// The payload: type, time, and the job resource.
  var body: JSONValue
  var sinks: Set<EventSink>

  /// The event of a run that has ended.
  init(_ summary: RunSummary, for sinks: Set<EventSink>) {
    type = summary.isFinished ? "job.completed" : "job.failed"
    let outcome = [
      summary.jobID, type, summary.status.rawValue, summary.runDigest ?? "",
      "\(summary.items) \(summary.succeeded) \(summary.failed)",
    ]
    id = "evt_" + SHA256.hex(of: Array(outcome.joined(separator: "\n").utf8)).prefix(32)
    body = [
      "type": .string(type), "timestamp": JSONValue(summary.completedAt),
      "data": briefJob(summary.json),
    ]
    self.sinks = sinks
  }

  /// The event as a line of the outbox.
  var line: [UInt8] {
    let to = sinks.map(\.rawValue).sorted().map(JSONValue.string)
    let members: JSONValue = ["id": .string(id), "to": .array(to), "body": body]
    return outboxLine("event", members)
  }

  init?(_ line: JSONValue) {
    guard let id = line["id"]?.string, let body = line["body"], let type = body["type"]?.string
    else { return nil }
    self.id = id
    self.type = type
    self.body = body
    sinks = Set((line["to"]?.array ?? []).compactMap { $0.string.flatMap(EventSink.init) })
  }
}

/// A line of the outbox: its kind, its members and the checksum.
func outboxLine(_ kind: String, _ members: JSONValue) -> [UInt8] {
  let open = members.encoded().dropFirst().dropLast()
  return sealedLine(Array(#"{"t":"\#(kind)","#.utf8) + open)
}
