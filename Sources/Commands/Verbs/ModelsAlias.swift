import Faults
import JSON
import Models
import Options

extension Verb {
  static let modelsAliasSet = Verb(
    VerbHelp(
      "models alias set", "Let an alias stand for a version", usage: "NAME ALIAS VERSION [FLAGS]",
      text: """
        The change is one step: whoever reads the name meanwhile gets the old version or the new one. \
        The same with the old version is the rollback. The alias default is what the bare name stands \
        for: it takes another alias too.
        """,
      examples: [("infercam models alias set resnet50 stable 2025-07-01", "promote a version")]),
    flags: [Flag.modelFolders]
  ) { invocation throws(Fault) in
    let words = try invocation.words(3, "NAME ALIAS VERSION")
    let change =
      words[1] == "default"
      ? AliasChange.setDefault(words[2]) : .set(alias: words[1], version: words[2])
    return try invocation.printNames(try invocation.repository.change(words[0], [change]))
  }

  static let modelsAliasRemove = Verb(
    VerbHelp(
      "models alias rm", "Remove an alias", usage: "NAME ALIAS [FLAGS]",
      examples: [("infercam models alias rm resnet50 canary", "one that nobody uses any more")]),
    flags: [Flag.modelFolders]
  ) { invocation throws(Fault) in
    let words = try invocation.words(2, "NAME ALIAS")
    return try invocation.printNames(
      try invocation.repository.change(words[0], [.remove(alias: words[1])]))
  }

  static let modelsAliasList = Verb(
    VerbHelp(
      "models alias list", "List the aliases of a model", usage: "NAME [FLAGS]",
      examples: [("infercam models alias list resnet50", "what stands for which version")]),
    flags: [Flag.modelFolders]
  ) { invocation throws(Fault) in
    let words = try invocation.words(1, "NAME")
    return try invocation.printNames(try invocation.repository.entry(of: words[0]))
  }
}

extension Invocation {
  fileprivate func words(_ count: Int, _ names: String) throws(Fault) -> [String] {
    let words = try textPositionals()
    guard words.count == count else {
      throw Fault(.paramMissing, "give \(names), not \(words.count) words")
    }
    return words
  }

  fileprivate func printNames(_ entry: ModelEntry) throws(Fault) -> Int32 {
    var console = Console()
    guard printsTable else {
      try console.print(
        JSONValue.object([
          "name": .string(entry.name), "default": JSONValue(entry.defaultReference),
          "aliases": .object(entry.aliases.mapValues(JSONValue.string)),
        ]).encodedText)
      return ExitStatus.success
    }
    var table = Table(["ALIAS", "VERSION"])
    for (alias, version) in entry.aliases.sorted(by: { $0.key < $1.key }) {
      table.add([alias, version])
    }
    if let standard = entry.defaultReference { table.add(["default", standard]) }
    try console.print(table.text)
    return ExitStatus.success
  }
}
