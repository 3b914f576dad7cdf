import Faults
import Options

extension Verb {
  static let completions = Verb(
    VerbHelp(
      "completions", "Print the script that completes command lines in a shell",
      usage: "bash|zsh|fish",
      examples: [
        ("source <(infercam completions bash)", "in ~/.bashrc"),
        ("infercam completions zsh > \"${fpath[1]}/_infercam\"", "once, for zsh"),
        ("infercam completions fish | source", "in the configuration of fish"),
      ]),
    flags: [], body: printCompletions)
}

private func printCompletions(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let words = try invocation.textPositionals()
  let shells = Shell.allCases.map(\.rawValue).joined(separator: ", ")
  guard words.count == 1 else { throw Fault(.paramMissing, "name one shell of \(shells)") }
  guard let shell = Shell(rawValue: words[0]) else {
    throw Fault(.paramOutOfRange, "the shell must be one of \(shells)")
  }
  let verbs = Verb.all.map { CompletedVerb($0.help, $0.flags) }
  try console.print(completionScript(shell, verbs))
  return ExitStatus.success
}
