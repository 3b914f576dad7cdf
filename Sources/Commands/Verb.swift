import Faults
import Options

/// A command of the program.
struct Verb: Sendable {
  let help: VerbHelp
  let flags: [Flag<Arguments>]
  /// What its parts must say together.
  let rules: [Rule]
  /// Runs the command on what was typed; returns the exit status.
  let body: @Sendable (Invocation) throws(Fault) -> Int32

  init(
    _ help: VerbHelp, flags: [Flag<Arguments>], rules: [Rule] = [],
    body: @escaping @Sendable (Invocation) throws(Fault) -> Int32
  ) {
    self.help = help
    self.flags = flags + Flag.speech
    self.rules = rules
    self.body = body
  }

  var name: String { help.name }
}

/// A command line that has been understood.
struct Invocation: Sendable {
  var arguments: Arguments
  var line: ParsedLine
  var environment: Environment
  /// All words after the name of the program, for the record.
  var words: [[UInt8]]

  /// The words that are no flags, as text.
  func textPositionals() throws(Fault) -> [String] {
    var texts: [String] = []
    for word in line.positionals {
      guard let text = String(validating: word, as: UTF8.self) else {
        throw Fault(.paramOutOfRange, "a word of the command line is not valid UTF-8")
      }
      texts.append(text)
    }
    return texts
  }
}
