import JSON

/// The keywords of JSON Schema that the schemas are written with.
enum Keywords {
  static func string(_ about: String? = nil) -> JSONValue {
    described(["type": "string"], about)
  }

  static func text(_ about: String? = nil) -> JSONValue {
    described(["type": "string", "minLength": 1], about)
  }

  static func pattern(_ pattern: String, _ about: String? = nil) -> JSONValue {
    described(["type": "string", "pattern": .string(pattern)], about)
  }

  static func integer(_ range: ClosedRange<Int>, _ about: String? = nil) -> JSONValue {
    var members: [String: JSONValue] = [
      "type": "integer", "minimum": JSONValue(range.lowerBound),
    ]
    if range.upperBound != .max { members["maximum"] = JSONValue(range.upperBound) }
    return described(members, about)
  }

  static func count(_ about: String? = nil) -> JSONValue { integer(0...Int.max, about) }

  static func number(_ range: ClosedRange<Double>, _ about: String? = nil) -> JSONValue {
    described(
      [
        "type": "number", "minimum": .double(range.lowerBound),
        "maximum": .double(range.upperBound),
      ], about)
  }

  static func number(_ about: String? = nil) -> JSONValue {
    described(["type": "number"], about)
  }

  static func bool(_ about: String? = nil) -> JSONValue {
    described(["type": "boolean"], about)
  }

  static func words<T: RawRepresentable>(_ cases: [T], _ about: String? = nil) -> JSONValue
  where T.RawValue == String {
    described(["enum": .array(cases.map { .string($0.rawValue) })], about)
  }

  static func array(
    of items: JSONValue, count: ClosedRange<Int>? = nil, _ about: String? = nil
  ) -> JSONValue {
    var members: [String: JSONValue] = ["type": "array", "items": items]
    if let count {
      members["minItems"] = JSONValue(count.lowerBound)
      members["maxItems"] = JSONValue(count.upperBound)
    }
    return described(members, about)
  }

  static func map(of values: JSONValue, _ about: String? = nil) -> JSONValue {
    described(["type": "object", "additionalProperties": values], about)
  }

  static func object(
    _ properties: [String: JSONValue], required: [String] = [], isClosed: Bool = false,
    _ about: String? = nil
  ) -> JSONValue {
    var members: [String: JSONValue] = [
      "type": "object", "properties": .object(properties),
    ]
    if !required.isEmpty { members["required"] = .array(required.map(JSONValue.string)) }
    if isClosed { members["additionalProperties"] = false }
    return described(members, about)
  }

  static func constant(_ value: JSONValue) -> JSONValue { ["const": value] }

  static func any(_ schemas: JSONValue..., about: String? = nil) -> JSONValue {
    described(["anyOf": .array(schemas)], about)
  }

  static func nullable(_ schema: JSONValue) -> JSONValue { any(schema, ["type": "null"]) }

  static func reference(_ term: String) -> JSONValue { ["$ref": .string("#/$defs/\(term)")] }

  static let sha256 = pattern("^[0-9a-f]{64}$", "SHA-256 in hexadecimal")
  static let moment = pattern(
    #"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"#, "a moment by RFC 3339, in UTC")

  private static func described(
    _ members: [String: JSONValue], _ about: String?
  ) -> JSONValue {
    var members = members
    if let about { members["description"] = .string(about) }
    return .object(members)
  }
}

extension JSONValue {
  /// The schema with more keywords.
  func adding(_ keywords: [String: JSONValue]) -> JSONValue {
    .object((object ?? [:]).merging(keywords) { _, new in new })
  }
}
