/// What the help of a verb says besides its flags.
public struct VerbHelp: Sendable {
  public var name: String
  /// One line for the list of verbs.
  public var summary: String
  /// What follows the name in the usage line, such as `IMAGE… [FLAGS]`.
  public var usage: String
  public var text: String
  public var examples: [(command: String, meaning: String)]

  public init(
    _ name: String, _ summary: String, usage: String, text: String = "",
    examples: [(command: String, meaning: String)] = []
  ) {
    self.name = name
    self.summary = summary
    self.usage = usage
    self.text = text
    self.examples = examples
  }
}

/// Returns the help of a verb, wrapped to `width` columns.
public func helpText<A>(_ verb: VerbHelp, _ flags: [Flag<A>], width: Int = 90) -> String {
  var text = "\(verb.summary)\n\nUsage: infercam \(verb.name) \(verb.usage)\n"
  if !verb.text.isEmpty { text += "\n" + wrapped(verb.text, width: width, indent: 0) + "\n" }
  for category in FlagCategory.allCases {
    let group = flags.filter { $0.category == category }
    if group.isEmpty { continue }
    text += "\n\(category.rawValue):\n"
    for flag in group { text += describe(flag, width: width) }
  }
  if !verb.examples.isEmpty {
    text += "\nExamples:\n"
    for example in verb.examples { text += "  \(example.command)\n      \(example.meaning)\n" }
  }
  return text
}

private func describe<A>(_ flag: Flag<A>, width: Int) -> String {
  var spelling = flag.short.map { "  -\($0), " } ?? "      "
  spelling += "--\(flag.name)"
  if let value = flag.valueName { spelling += " \(value)" }
  if let negation = flag.negation { spelling += " / --\(negation)" }
  var help = flag.help
  if let standard = flag.standard { help += " [\(standard)]" }
  let column = 30
  let body = wrapped(help, width: width, indent: column)
  if spelling.count + 2 > column {
    return "\(spelling)\n\(String(repeating: " ", count: column))\(body)\n"
  }
  return spelling + String(repeating: " ", count: column - spelling.count) + body + "\n"
}

/// Breaks a text at spaces, keeping its line breaks; lines after the first are indented.
func wrapped(_ text: String, width: Int, indent: Int) -> String {
  let margin = String(repeating: " ", count: indent)
  let paragraphs = text.split(separator: "\n", omittingEmptySubsequences: false)
  return paragraphs.map { paragraph in
    var lines: [String] = []
    var line = ""
    for word in paragraph.split(separator: " ") {
      if !line.isEmpty, indent + line.count + 1 + word.count > width {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return (lines + [line]).joined(separator: "\n" + margin)
  }.joined(separator: "\n" + margin)
}
