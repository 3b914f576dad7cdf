import Faults
import JSON

extension Schema {
  /// What is said when something failed.
  static let error = Schema(
    "error", "What failed and what helps: stderr with --json, the body of every HTTP error",
    Keywords.object(["error": Keywords.reference("error")], required: ["error"]),
    terms: ["error": ErrorTerms.fault])
}

/// The error object, alone and in results.
enum ErrorTerms {
  static let fault = Keywords.object(
    [
      "type": Keywords.words(Fault.Kind.allCases),
      "code": Keywords.any(
        ["enum": .array(Fault.Code.all.map { .string($0.rawValue) })],
        Keywords.pattern("^[a-z_]+(\\.[a-z_]+)*$"),
        about: "what scripts rely on; later versions may add codes"),
      "message": Keywords.text("names the thing and the remedy; may change"),
      "status": ["enum": .array(statuses)], "request_id": Keywords.text(),
      "details": Keywords.object([
        "violations": Keywords.array(
          of: Keywords.object(
            [
              "code": Keywords.text(), "message": Keywords.text(), "pointer": Keywords.string(),
              "line": Keywords.integer(1...Int.max), "column": Keywords.integer(1...Int.max),
              "flag": Keywords.text(),
            ], required: ["code", "message"]),
          "all that is wrong at once"),
        "violation_count": Keywords.count(),
      ]),
    ], required: ["type", "code", "message", "status"]
  ).adding(["allOf": .array(Fault.Kind.allCases.map(statusOf))])

  private static let statuses = Set(Fault.Kind.allCases.map(\.httpStatus)).sorted()
    .map { JSONValue($0) }

  /// The status follows from the type.
  private static func statusOf(_ kind: Fault.Kind) -> JSONValue {
    [
      "if": ["properties": ["type": Keywords.constant(.string(kind.rawValue))]],
      "then": ["properties": ["status": Keywords.constant(JSONValue(kind.httpStatus))]],
    ]
  }
}
