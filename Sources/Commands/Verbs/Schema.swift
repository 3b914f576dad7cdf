import Faults
import FileAccess
import JSON
import Options
import Schemas

extension Verb {
  static let schema = Verb(
    VerbHelp(
      "schema", "Print the JSON Schema of a document, or a catalogue", usage: "[NAME] [FLAGS]",
      text: """
        Without a name the schemas and catalogues are listed. Requests are closed: an unknown member \
        is an error. Answers are open: ignore members that you do not know.
        """,
      examples: [
        ("infercam schema", "what there is"),
        ("infercam schema result", "the JSON Schema (draft 2020-12) of a line of results.jsonl"),
        (
          "infercam schema errors | jq -r '.errors[] | [.code, .exit_status] | @tsv'",
          "every error code with the exit status of a program that it ends"
        ),
      ]),
    flags: [], body: showSchema)
}

/// A list that the program can print beside its schemas.
private struct Catalogue {
  var name: String
  var summary: String
  var document: JSONValue
}

private let catalogues = [
  Catalogue(
    name: "errors", summary: "Every error code with its type, status and meaning",
    document: ErrorCatalogue.json { code in
      ["exit_status": ExitStatus.of(code).map { JSONValue(Int($0)) } ?? .null]
    }),
  Catalogue(
    name: "exit-codes", summary: "Every exit status with its meaning",
    document: ExitStatus.catalogue),
]

private func showSchema(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let names = try invocation.textPositionals()
  if names.count > 1 { throw Fault(.paramOutOfRange, "name one schema, not \(names.count)") }
  let documents =
    Schema.all.map { Catalogue(name: $0.name, summary: $0.summary, document: $0.document) }
    + catalogues
  guard let name = names.first else {
    try list(documents, invocation, &console)
    return ExitStatus.success
  }
  guard let found = documents.first(where: { $0.name == name }) else {
    let remedy =
      nearest(to: name, among: documents.map(\.name)).map { "did you mean \($0)?" }
      ?? "there are \(documents.map(\.name).joined(separator: ", "))"
    throw Fault(.paramUnknown, "there is no schema \(printable(name)): \(remedy)")
  }
  try console.print(found.document.encoded(pretty: invocation.printsTable) + [0x0A])
  return ExitStatus.success
}

private func list(
  _ documents: [Catalogue], _ invocation: Invocation, _ console: inout Console
) throws(Fault) {
  if !invocation.printsTable {
    for document in documents {
      let line: JSONValue = [
        "name": .string(document.name), "summary": .string(document.summary),
      ]
      try console.print(line.encodedText)
    }
    return
  }
  var table = Table(["NAME", "WHAT IT DESCRIBES"])
  for document in documents { table.add([document.name, document.summary]) }
  try console.print(table.text)
}
