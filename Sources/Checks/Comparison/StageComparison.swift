import JSON
public import Metrics

/// How the values of one stage stand beside the golden ones.
public struct StageComparison: Sendable, Hashable {
  public var stage: Stage
  public var outcome: Outcome
  /// How the values differ; `nil` where they are the same bits, or cannot be counted.
  public var difference: ArrayDifference?
  /// How far apart values may be.
  public var limit: Double?
  /// What there is to say where values cannot be counted.
  public var note: String?

  /// What a comparison found.
  public enum Outcome: String, Sendable, CaseIterable {
    /// The same bits.
    case identical
    /// Other bits, as near as the tolerances ask.
    case within
    case differs
  }

  init(
    _ stage: Stage, _ outcome: Outcome, difference: ArrayDifference? = nil, limit: Double? = nil,
    note: String? = nil
  ) {
    self.stage = stage
    self.outcome = outcome
    self.difference = difference
    self.limit = limit
    self.note = note
  }

  /// The comparison in a few words, such as `3,411 of 150,528 values, max 2`.
  public var text: String {
    if outcome == .identical { return note ?? "identical" }
    guard let difference else { return note ?? "other values" }
    var text =
      "\(grouped(difference.count)) of \(grouped(difference.total)) values, max "
      + short(difference.maximum)
    if let limit, limit > 0 { text += " (allowed \(short(limit)))" }
    if let note { text += "; \(note)" }
    return text
  }

  var json: JSONValue {
    var members: [String: JSONValue] = [
      "stage": .string(stage.name), "outcome": .string(outcome.rawValue), "text": .string(text),
    ]
    if let difference {
      members["different"] = JSONValue(difference.count)
      members["total"] = JSONValue(difference.total)
      members["max"] = .double(difference.maximum)
      members["rms"] = .double(difference.rootMeanSquare)
      members["relative"] = .double(difference.relative)
    }
    if let limit { members["allowed"] = .double(limit) }
    return .object(members)
  }
}

/// A whole number with commas between thousands.
func grouped(_ number: Int) -> String {
  let digits = String(number.magnitude)
  var text = ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return (number < 0 ? "-" : "") + text
}

/// A number with three significant digits.
func short(_ value: Double) -> String {
  guard value.isFinite, value != 0 else { return value == 0 ? "0" : "not finite" }
  var scale = 1.0
  var magnitude = value.magnitude
  while magnitude >= 1000 { (magnitude, scale) = (magnitude / 10, scale * 10) }
  while magnitude < 100 { (magnitude, scale) = (magnitude * 10, scale / 10) }
  let rounded = magnitude.rounded()
  // The scale is a power of ten: dividing by its inverse keeps the digits short.
  let result = scale < 1 ? rounded / (1 / scale).rounded() : rounded * scale
  let signed = value < 0 ? -result : result
  return signed == signed.rounded() && signed.magnitude < 1e15
    ? "\(Int(signed))" : "\(signed)"
}
