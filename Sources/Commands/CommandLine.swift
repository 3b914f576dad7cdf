import CPlatform
import Faults
import FileAccess
import JSON
import Options
import Requests
import Runs

#if canImport(Glibc)
import Glibc
#endif

/// The version of the program.
public let toolVersion = "0.1.0"

/// Runs the program on the command line of this process; returns the exit status.
public func runCommandLine() -> Int32 {
  reserveStandardStreams()
  ic_catch_signals()
  forgetCodecSettings()
  var words: [[UInt8]] = []
  for index in 1..<max(1, Int(CommandLine.argc)) {
    guard let text = CommandLine.unsafeArgv[index] else { break }
    words.append(
      UnsafeBufferPointer(start: text, count: strlen(text)).map(UInt8.init(bitPattern:)))
  }
  let environment = Environment.current()
  #if DEBUG
  if let plan = environment["INFERCAM_FAULT"] {
    do throws(Fault) {
      try FaultPoints.install(String(decoding: plan, as: UTF8.self))
    } catch {
      report(error, Speech(isJSON: false, style: Style(.auto, environment)))
      return ExitStatus.of(error)
    }
  }
  #endif
  return runCommand(words, environment)
}

/// Opens closed standard streams on `/dev/null`.
///
/// No file of a run gets their numbers then, and with them what is printed. Reading the input and
/// writing the output still fail.
private func reserveStandardStreams() {
  let streams = [
    (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY),
  ]
  for (number, flags) in streams where fcntl(number, F_GETFD) < 0 {
    // The system gives the lowest free number, which is this one.
    _ = open("/dev/null", flags)
  }
}

/// Takes back what the environment may tell the image libraries, whose limits are the program's own.
private func forgetCodecSettings() {
  let names = [
    "JPEGMEM", "LIBTIFF_ALLOW_LARGE_LIBJPEG_MEM_ALLOC", "LIBTIFF_JPEG_MAX_ALLOWED_SCAN_NUMBER",
  ]
  for name in names { unsetenv(name) }
}

/// Runs a command line; what goes wrong is told on stderr.
func runCommand(_ words: [[UInt8]], _ environment: Environment) -> Int32 {
  // Words after `--` are no flags.
  let flags = words.prefix { $0 != Array("--".utf8) }
  var speech = Speech(
    isJSON: flags.contains(Array("--json".utf8))
      || environment["INFERCAM_JSON"].map { truth($0) == true } ?? false,
    style: Style(flags.contains(Array("--no-color".utf8)) ? .never : .auto, environment))
  do throws(Fault) {
    return try dispatch(words, environment, &speech)
  } catch {
    report(error, speech)
    return ExitStatus.of(error)
  }
}

/// How a fault is told.
private struct Speech {
  var isJSON: Bool
  var style: Style
}

private func dispatch(
  _ words: [[UInt8]], _ environment: Environment, _ speech: inout Speech
) throws(Fault) -> Int32 {
  var console = Console()
  let texts = words.map { String(decoding: $0, as: UTF8.self) }
  guard let first = texts.first, first != "-h", first != "--help", first != "help" else {
    try console.print(try helpText(for: Array(texts.dropFirst()), console))
    return texts.isEmpty ? ExitStatus.usage : ExitStatus.success
  }
  if first == "--version" || first == "-V" {
    try printVersion(asJSON: speech.isJSON, &console)
    return ExitStatus.success
  }
  guard let (verb, count) = findVerb(texts) else {
    if texts.dropFirst().contains(where: { $0 == "--help" || $0 == "-h" }), isGroup(first) {
      try console.print(groupText(first))
      return ExitStatus.success
    }
    throw unknownVerb(texts)
  }
  let rest = Array(words.dropFirst(count))
  var invocation = try resolveInvocation(rest, verb, environment)
  invocation.words = words
  speech.style = invocation.style
  speech.isJSON = invocation.isJSON
  if invocation.line.wantsHelp {
    try console.print(helpText(verb.help, verb.flags, width: min(100, console.width())))
    return ExitStatus.success
  }
  if invocation.line.wantsVersion {
    try printVersion(asJSON: speech.isJSON, &console)
    return ExitStatus.success
  }
  return try verb.body(invocation)
}

private func printVersion(asJSON: Bool, _ console: inout Console) throws(Fault) {
  try console.print(asJSON ? BuildFacts.json.encodedText : BuildFacts.text)
}

/// The help that the words after `help` ask for.
private func helpText(for words: [String], _ console: Console) throws(Fault) -> String {
  guard let first = words.first, !first.hasPrefix("-") else { return overview() }
  if let (verb, _) = findVerb(words) {
    return helpText(verb.help, verb.flags, width: min(100, console.width()))
  }
  if words.count == 1, isGroup(first) { return groupText(first) }
  throw unknownVerb(words)
}

/// Whether the word is the first of verbs of two words.
private func isGroup(_ word: String) -> Bool {
  Verb.all.contains { $0.name.hasPrefix(word + " ") }
}

/// The verbs that begin with a word.
private func groupText(_ word: String) -> String {
  """
  Usage: infercam \(word) VERB [FLAGS]

  Verbs:
  \(listText(Verb.all.filter { $0.name.hasPrefix(word + " ") }))

  infercam \(word) VERB --help tells the flags of a verb.
  """
}

/// The verb at the start of the words, which may be up to three words long.
private func findVerb(_ words: [String]) -> (verb: Verb, count: Int)? {
  for count in [3, 2, 1] where words.count >= count {
    let name = words.prefix(count).joined(separator: " ")
    if let verb = Verb.all.first(where: { $0.name == name }) { return (verb, count) }
  }
  return nil
}

private func unknownVerb(_ words: [String]) -> Fault {
  let verbs = Verb.all.map(\.name)
  let subverbs = verbs.filter { $0.hasPrefix(words[0] + " ") }
  if !subverbs.isEmpty {
    let known = subverbs.joined(separator: ", ")
    guard words.count > 1, !words[1].hasPrefix("-") else {
      return Fault(.paramMissing, "\(words[0]) needs one of: \(known)")
    }
    let remedy =
      nearest(to: "\(words[0]) \(words[1])", among: subverbs).map { "did you mean \($0)?" }
      ?? "there are \(known)"
    return Fault(.paramUnknown, "there is no verb \(words[0]) \(printable(words[1])): \(remedy)")
  }
  let firsts = verbs.map { String($0.prefix { $0 != " " }) }
  let remedy =
    nearest(to: words[0], among: firsts).map { "did you mean \($0)?" } ?? "see infercam --help"
  return Fault(.paramUnknown, "there is no verb \(printable(words[0])): \(remedy)")
}

/// Tells a fault on stderr: a sentence, or the error object.
private func report(_ fault: Fault, _ speech: Speech) {
  let console = Console()
  if speech.isJSON {
    let id = makeJobID(prefix: "req_")
    let object: JSONValue = .object(["error": fault.errorObject(requestID: id)])
    return console.note(object.encodedText)
  }
  let style = speech.style
  console.note(
    style.error("infercam:") + " \(printable(fault.message)) "
      + style.faint("[\(fault.code.rawValue)]"))
  guard case .array(let violations)? = fault.details["violations"] else { return }
  for case .object(let violation) in violations.prefix(20) {
    guard case .string(let message)? = violation["message"] else { continue }
    var place = ""
    if case .int(let line)? = violation["line"] { place = "line \(line): " }
    console.note("  \(place)\(printable(message))")
  }
}

/// The list of all verbs.
private func overview() -> String {
  """
  infercam \(toolVersion): classify images with ONNX networks and see what each decision rests on

  Usage: infercam VERB [FLAGS] [INPUT…]

  Verbs:
  \(listText(Verb.all))

  infercam VERB --help tells the flags of a verb; every flag can also be given as INFERCAM_NAME in
  the environment or as "name" in the configuration file.
  """
}

/// Verbs with what they do, a line each.
private func listText(_ verbs: [Verb]) -> String {
  let width = verbs.map(\.name.count).max() ?? 0
  let lines = verbs.map { verb in
    "  \(verb.name)\(String(repeating: " ", count: width - verb.name.count))  \(verb.help.summary)"
  }
  return lines.joined(separator: "\n")
}
