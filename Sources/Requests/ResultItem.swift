public import Faults
public import JSON

/// What is reported about one input: a line of `results.jsonl`, an element of the API's `items`.
public struct ResultItem: Sendable {
  public static let schema = "infercam.result/1"

  public var sequence: Int
  public var id: String
  public var requestID: String
  /// The label, metadata and the like that came with the input and go out again unchanged.
  public var echo: [String: JSONValue] = [:]
  public var source: [String: JSONValue]
  public var model: [String: JSONValue]
  public var outcome: Outcome
  public var timings: Timings

  public enum Outcome: Sendable {
    case succeeded(JSONValue)
    case failed(Fault)
  }

  public init(
    sequence: Int, id: String, requestID: String, source: [String: JSONValue],
    model: [String: JSONValue], outcome: Outcome, timings: Timings
  ) {
    self.sequence = sequence
    self.id = id
    self.requestID = requestID
    self.source = source
    self.model = model
    self.outcome = outcome
    self.timings = timings
  }

  public var fault: Fault? {
    if case .failed(let fault) = outcome { fault } else { nil }
  }

  /// The members that are the same however often and wherever the item is computed.
  public var reproducible: [String: JSONValue] {
    var members = model.merging(echo) { mine, _ in mine }
    members["schema"] = .string(Self.schema)
    members["seq"] = JSONValue(sequence)
    members["id"] = .string(id)
    members["source"] = .object(source)
    switch outcome {
    case .succeeded(let result):
      members["status"] = "succeeded"
      members["result"] = result
    case .failed(let fault):
      members["status"] = "failed"
      members["error"] = fault.errorObject(requestID: nil)
    }
    return members
  }

  public var json: JSONValue {
    var members = reproducible
    members["request_id"] = .string(requestID)
    members["timings_ms"] = timings.json
    return .object(members)
  }
}

/// How long the stages of one item took, in milliseconds.
public struct Timings: Sendable, Hashable {
  public var queue = 0.0
  public var decode = 0.0
  public var preprocess = 0.0
  public var inference = 0.0
  public var explain = 0.0
  public var write = 0.0
  public var total = 0.0

  public init() {}

  /// Rounded to microseconds.
  public var json: JSONValue {
    let stages = [
      "queue": queue, "decode": decode, "preprocess": preprocess, "inference": inference,
      "explain": explain, "write": write, "total": total,
    ]
    return .object(stages.mapValues { .double(($0 * 1000).rounded() / 1000) })
  }
}

/// A heatmap that has been written or is to be sent with the result.
public struct WrittenHeatmap: Sendable, Hashable {
  public var format: HeatmapFormat
  /// The SHA-256 of the file in hexadecimal.
  public var sha256: String
  public var place: Place

  public enum Place: Sendable, Hashable {
    /// Below the run directory, or below the folder that was given.
    case file(path: String)
    /// The file itself in base64.
    case inline(base64: String)
  }

  public init(format: HeatmapFormat, sha256: String, place: Place) {
    self.format = format
    self.sha256 = sha256
    self.place = place
  }
}
