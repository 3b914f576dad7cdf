import Faults
import FileAccess
import JSON
import Models
import Options

extension Verb {
  static let modelsList = Verb(
    VerbHelp(
      "models list", "List the models that are found", usage: "[FLAGS]",
      text: """
        As JSON it is one document: the models with their versions, aliases, calibrations and digests. A \
        version whose description is damaged has an error in its place.
        """,
      examples: [("infercam models list --models /srv/models", "what a folder holds")]),
    flags: [Flag.modelFolders], body: listModels)

  static let modelsShow = Verb(
    VerbHelp(
      "models show", "Show what a model version expects and returns",
      usage: "[NAME[@VERSION|@ALIAS]] [FLAGS]",
      text: """
        The graph is loaded and its digest compared; nothing is computed. One that cannot be loaded has \
        an error in place of its graph.
        """,
      examples: [("infercam models show resnet50@stable", "the version behind an alias")]),
    flags: Flag.modelChoice, body: showModel)
}

private func listModels(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let repository = invocation.repository
  let entries = try repository.list()
  if !invocation.printsTable {
    let items = entries.map { $0.document(in: repository) }
    let page: JSONValue = ["next_cursor": .null, "size": JSONValue(items.count)]
    try console.print(JSONValue.object(["items": .array(items), "page": page]).encodedText)
    return ExitStatus.success
  }
  var table = Table(["NAME", "VERSIONS", "DEFAULT", "ALIASES", "FOLDER"])
  for entry in entries {
    let aliases = entry.aliases.sorted { $0.key < $1.key }.map { "\($0.key)→\($0.value)" }
    table.add([
      entry.name, entry.versions.joined(separator: " "), entry.defaultReference ?? "",
      aliases.joined(separator: " "), entry.folder.display,
    ])
  }
  try console.print(table.text)
  return ExitStatus.success
}

private func showModel(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let model = try invocation.modelOfPositional()
  let document = try model.document(of: try? invocation.repository.entry(of: model.name))
  try console.print(document.encoded(pretty: invocation.printsTable) + [0x0A])
  return ExitStatus.success
}

extension Invocation {
  /// The model that the only word of the command line, or `--model`, names.
  func modelOfPositional() throws(Fault) -> ModelVersion {
    let words = try textPositionals()
    if words.count > 1 { throw Fault(.paramOutOfRange, "name one model, not \(words.count)") }
    return try model(words.first)
  }
}
