import Faults
import FileAccess
import JSON
import Models
import Options

extension Verb {
  static let modelsList = Verb(
    VerbHelp(
      "models list", "List the models that are found", usage: "[FLAGS]",
      examples: [("infercam models list --models /srv/models", "what a folder holds")]),
    flags: [Flag.modelFolders], body: listModels)

  static let modelsShow = Verb(
    VerbHelp(
      "models show", "Show what a model version expects and returns",
      usage: "[NAME[@VERSION|@ALIAS]] [FLAGS]",
      examples: [("infercam models show resnet50@stable", "the version behind an alias")]),
    flags: Flag.modelChoice, body: showModel)
}

private func listModels(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let entries = try invocation.repository.list()
  if !invocation.printsTable {
    for entry in entries { try console.print(entry.json.encodedText) }
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
  try console.print(
    model.json.encoded(pretty: invocation.printsTable) + [0x0A])
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

extension ModelEntry {
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "versions": .array(versions.map(JSONValue.string)),
      "default": JSONValue(defaultReference),
      "aliases": .object(aliases.mapValues(JSONValue.string)),
      "folder": .string(folder.identifier),
    ]
  }
}

extension ModelVersion {
  fileprivate var json: JSONValue {
    var members = spec.json.object ?? [:]
    members["name"] = .string(name)
    members["version"] = .string(version)
    members["sha256"] = .string(sha256)
    members["file"] = .string(file.identifier)
    members["classes"] = JSONValue(labels.count)
    return .object(members)
  }
}
