/// A shell that can complete the words of command lines.
public enum Shell: String, Sendable, CaseIterable {
  case bash
  case zsh
  case fish
}

/// What completion needs to know of a verb.
public struct CompletedVerb: Sendable {
  var name: String
  var summary: String
  var flags: [CompletedFlag]

  public init<A>(_ help: VerbHelp, _ flags: [Flag<A>]) {
    name = help.name
    summary = help.summary
    self.flags = flags.map { CompletedFlag($0) }
  }
}

/// What completion needs to know of a flag.
struct CompletedFlag: Sendable {
  /// What its value is.
  enum Value: Sendable, Hashable {
    case none
    case words([String])
    case file
    case folder
    case other
  }

  var name: String
  var short: Character?
  var negation: String?
  var help: String
  var value: Value

  init<A>(_ flag: Flag<A>) {
    name = flag.name
    short = flag.short
    negation = flag.negation
    // The first sentence without what quoting in shells makes hard to read.
    help = String(flag.help.filter { !"'\"`$\\[]:".contains($0) })
    value =
      flag.valueName == nil
      ? .none
      : !flag.choices.isEmpty
        ? .words(flag.choices)
        : flag.valueName == "DIR" ? .folder : flag.valueName == "FILE" ? .file : .other
  }

  /// How it can be written, with dashes.
  var spellings: [String] {
    ["--\(name)"] + (negation.map { ["--\($0)"] } ?? []) + (short.map { ["-\($0)"] } ?? [])
  }

  /// How it is written when a value follows.
  var spellingsWithValue: [String] {
    ["--\(name)"] + (short.map { ["-\($0)"] } ?? [])
  }
}

/// Returns the script that teaches a shell the verbs and flags of `infercam`.
public func completionScript(_ shell: Shell, _ verbs: [CompletedVerb]) -> String {
  switch shell {
  case .bash: bashScript(verbs)
  case .zsh: zshScript(verbs)
  case .fish: fishScript(verbs)
  }
}

/// The first words of verbs, each once, in order.
private func firstWords(_ verbs: [CompletedVerb]) -> [String] {
  var words: [String] = []
  for verb in verbs {
    let word = String(verb.name.prefix { $0 != " " })
    if !words.contains(word) { words.append(word) }
  }
  return words
}

/// The second words of verbs that begin with a word.
private func secondWords(_ verbs: [CompletedVerb], after first: String) -> [String] {
  verbs.filter { $0.name.hasPrefix(first + " ") }.map { String($0.name.dropFirst(first.count + 1)) }
}

private func bashScript(_ verbs: [CompletedVerb]) -> String {
  var flags = ""
  var values = ""
  for verb in verbs {
    let spellings = verb.flags.flatMap(\.spellings) + ["--help"]
    flags += "    '\(verb.name)') echo '\(spellings.joined(separator: " "))' ;;\n"
    for flag in verb.flags where flag.value != .none {
      let patterns = flag.spellingsWithValue.map { "'\(verb.name) \($0)'" }
      let words =
        switch flag.value {
        case .words(let words): words.joined(separator: " ")
        case .folder: "@folder"
        case .file: "@file"
        case .none, .other: "@other"
        }
      values += "    \(patterns.joined(separator: " | "))) echo '\(words)' ;;\n"
    }
  }
  let groups = firstWords(verbs).filter { !secondWords(verbs, after: $0).isEmpty }
  let seconds = groups.map {
    "    \($0)) echo '\(secondWords(verbs, after: $0).joined(separator: " "))' ;;"
  }
  return """
    # Completion of infercam for bash: source <(infercam completions bash)
    _infercam_flags() {
      case $1 in
    \(flags)  esac
    }

    _infercam_values() {
      case "$1 $2" in
    \(values)  esac
    }

    _infercam_seconds() {
      case $1 in
    \(seconds.joined(separator: "\n"))
      esac
    }

    _infercam() {
      local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
      local first=${COMP_WORDS[1]} verb values seconds
      COMPREPLY=()
      if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W '\((firstWords(verbs) + ["help"]).joined(separator: " "))' -- "$word"))
        return
      fi
      seconds=$(_infercam_seconds "$first")
      verb=$first
      if [ -n "$seconds" ]; then
        if [ "$COMP_CWORD" -eq 2 ] && [ "${word#-}" = "$word" ]; then
          COMPREPLY=($(compgen -W "$seconds" -- "$word"))
          [ -n "$(_infercam_flags "$first")" ] || return
        elif [[ " $seconds " == *" ${COMP_WORDS[2]} "* ]]; then
          verb="$first ${COMP_WORDS[2]}"
        fi
      fi
      if [ "$word" = '=' ]; then
        word=
      elif [ "$before" = '=' ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
      fi
      values=$(_infercam_values "$verb" "$before")
      case $values in
        @folder) COMPREPLY=($(compgen -d -- "$word")) ;;
        @file) COMPREPLY=($(compgen -f -- "$word")) ;;
        @other) ;;
        '')
          case $word in
            -*) COMPREPLY=($(compgen -W "$(_infercam_flags "$verb")" -- "$word")) ;;
            *) COMPREPLY+=($(compgen -f -- "$word")) ;;
          esac
          ;;
        *) COMPREPLY=($(compgen -W "$values" -- "$word")) ;;
      esac
    }
    complete -o filenames -F _infercam infercam
    """
}

private func zshScript(_ verbs: [CompletedVerb]) -> String {
  func specification(_ flag: CompletedFlag) -> [String] {
    let action: String =
      switch flag.value {
      case .none: ""
      case .words(let words): ":value:(\(words.joined(separator: " ")))"
      case .folder: ":folder:_files -/"
      case .file: ":file:_files"
      case .other: ":value:"
      }
    let equals = flag.value == .none ? "" : "="
    var lines = ["'--\(flag.name)\(equals)[\(flag.help)]\(action)'"]
    if let short = flag.short { lines.append("'-\(short)[\(flag.help)]\(action)'") }
    if let negation = flag.negation { lines.append("'--\(negation)[\(flag.help)]'") }
    return lines
  }
  let cases = verbs.map { verb in
    let lines =
      verb.flags.flatMap(specification) + ["'--help[the flags of the verb]'", "'*:file:_files'"]
    return "    '\(verb.name)') _arguments \(lines.joined(separator: " \\\n      ")) ;;"
  }
  let groups = firstWords(verbs).filter { !secondWords(verbs, after: $0).isEmpty }
  let seconds = groups.map {
    "    \($0)) seconds=(\(secondWords(verbs, after: $0).joined(separator: " "))) ;;"
  }
  return """
    #compdef infercam
    # Completion of infercam for zsh: infercam completions zsh > "${fpath[1]}/_infercam"
    _infercam() {
      local -a seconds
      local verb=$words[2]
      if (( CURRENT == 2 )); then
        compadd -- \((firstWords(verbs) + ["help"]).joined(separator: " "))
        return
      fi
      case $verb in
    \(seconds.joined(separator: "\n"))
      esac
      if (( $#seconds )); then
        if (( CURRENT == 3 )); then
          compadd -- $seconds
          return
        fi
        if (( ${seconds[(Ie)$words[3]]} )); then
          verb="$verb $words[3]"
          shift words
          (( CURRENT-- ))
        fi
      fi
      shift words
      (( CURRENT-- ))
      case $verb in
    \(cases.joined(separator: "\n"))
      esac
    }
    _infercam "$@"
    """
}

private func fishScript(_ verbs: [CompletedVerb]) -> String {
  var lines = [
    "# Completion of infercam for fish: infercam completions fish | source",
    "function __infercam_verb",
    "  set -l words (commandline -opc)",
    "  set -e words[1]",
    "  set -l wanted (string split ' ' -- $argv[1])",
    "  test (count $words) -ge (count $wanted); or return 1",
    "  set -l begun $words[1..(count $wanted)]",
    "  test \"$begun\" = \"$wanted\"",
    "end",
    "complete -c infercam -n '__fish_use_subcommand' -f -a '\(firstWords(verbs).joined(separator: " ")) help'",
  ]
  for word in firstWords(verbs) {
    let seconds = secondWords(verbs, after: word)
    if seconds.isEmpty { continue }
    let condition = "test (count (commandline -opc)) -eq 2; and __infercam_verb \(word)"
    lines.append(
      "complete -c infercam -n '\(condition)' -f -a '\(seconds.joined(separator: " "))'")
  }
  for verb in verbs {
    for flag in verb.flags {
      var line = "complete -c infercam -n '__infercam_verb \"\(verb.name)\"' -l \(flag.name)"
      if let short = flag.short { line += " -s \(short)" }
      switch flag.value {
      case .none: break
      case .words(let words): line += " -x -a '\(words.joined(separator: " "))'"
      case .file: line += " -r -F"
      case .folder: line += " -x -a '(__fish_complete_directories)'"
      case .other: line += " -x"
      }
      lines.append(line + " -d '\(flag.help)'")
      if let negation = flag.negation {
        lines.append(
          "complete -c infercam -n '__infercam_verb \"\(verb.name)\"' -l \(negation)")
      }
    }
  }
  return lines.joined(separator: "\n")
}
