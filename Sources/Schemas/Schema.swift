public import JSON

/// A JSON Schema (draft 2020-12) of a document that the program reads or writes.
///
/// Ranges and words come from the definitions that the program itself checks with. Requests are closed:
/// an unknown member is an error there. What the program writes is open: members are added over time.
public struct Schema: Sendable {
  /// The name on the command line and in the API.
  public let name: String
  /// One line on what the document is.
  public let summary: String
  /// The schema, with everything that it refers to.
  public let document: JSONValue

  /// - Parameter root: the keywords of the document's own schema.
  init(_ name: String, _ summary: String, _ root: JSONValue, terms: [String: JSONValue] = [:]) {
    var members = root.object ?? [:]
    members["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    members["title"] = .string("infercam \(name)")
    members["description"] = .string(summary)
    if !terms.isEmpty { members["$defs"] = .object(terms) }
    self.name = name
    self.summary = summary
    document = .object(members)
  }

  /// Every schema there is: requests first, then answers, then files.
  public static let all: [Schema] = [
    .inferRequest, .jobRequest, .input, .result, .validated, .job, .page, .error,
    .models, .modelVersion, .calibrationReport, .verification,
    .check, .diff, .render, .drawn, .version, .model, .labels, .calibration, .tolerances,
  ]
}
