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
      report(error, asJSON: false)
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

/// Runs a command line; what goes wrong is told on stderr.
func runCommand(_ words: [[UInt8]], _ environment: Environment) -> Int32 {
  // Words after `--` are no flags.
  let wantsJSON = words.prefix { $0 != Array("--".utf8) }.contains(Array("--json".utf8))
  do throws(Fault) {
    return try dispatch(words, environment)
  } catch {
    report(error, asJSON: wantsJSON || environment["INFERCAM_JSON"] != nil)
    return ExitStatus.of(error)
  }
}

private func dispatch(_ words: [[UInt8]], _ environment: Environment) throws(Fault) -> Int32 {
  var console = Console()
  let texts = words.map { String(decoding: $0, as: UTF8.self) }
  guard let first = texts.first, first != "-h", first != "--help", first != "help" else {
    if texts.first == "help", texts.count > 1, let (verb, _) = findVerb(Array(texts.dropFirst())) {
      try console.print(helpText(verb.help, verb.flags, width: min(100, console.width())))
      return ExitStatus.success
    }
    try console.print(overview())
    return texts.isEmpty ? ExitStatus.usage : ExitStatus.success
  }
  if first == "--version" || first == "-V" {
    try console.print("infercam \(toolVersion)")
    return ExitStatus.success
  }
  guard let (verb, count) = findVerb(texts) else { throw unknownVerb(texts) }
  let rest = Array(words.dropFirst(count))
  let (arguments, line) = try resolveArguments(rest, verb, environment)
  if line.wantsHelp {
    try console.print(helpText(verb.help, verb.flags, width: min(100, console.width())))
    return ExitStatus.success
  }
  if line.wantsVersion {
    try console.print("infercam \(toolVersion)")
    return ExitStatus.success
  }
  return try verb.body(
    Invocation(arguments: arguments, line: line, environment: environment, words: words))
}

/// The verb at the start of the words, which may be two words long.
private func findVerb(_ words: [String]) -> (verb: Verb, count: Int)? {
  if words.count > 1, let verb = Verb.all.first(where: { $0.name == "\(words[0]) \(words[1])" }) {
    return (verb, 2)
  }
  return Verb.all.first { $0.name == words[0] }.map { ($0, 1) }
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
private func report(_ fault: Fault, asJSON: Bool) {
  let console = Console()
  if asJSON {
    let id = makeJobID(prefix: "req_")
    let object: JSONValue = .object(["error": fault.errorObject(requestID: id)])
    return console.note(object.encodedText)
  }
  console.note("infercam: \(printable(fault.message)) [\(fault.code.rawValue)]")
  guard case .array(let violations)? = fault.details["violations"] else { return }
  for case .object(let violation) in violations.prefix(20) {
    guard case .string(let message)? = violation["message"] else { continue }
    var place = ""
    if case .int(let line)? = violation["line"] { place = "line \(line): " }
    console.note("  \(place)\(printable(message))")
  }
}

/// The list of verbs.
private func overview() -> String {
  let width = Verb.all.map(\.name.count).max() ?? 0
  let lines = Verb.all.map { verb in
    "  \(verb.name)\(String(repeating: " ", count: width - verb.name.count))  \(verb.help.summary)"
  }
  return """
    infercam \(toolVersion): classify images with ONNX networks and see what each decision rests on

    Usage: infercam VERB [FLAGS] [INPUT…]

    Verbs:
    \(lines.joined(separator: "\n"))

    infercam VERB --help tells the flags of a verb; every flag can also be given as INFERCAM_NAME in
    the environment or as "name" in the configuration file.
    """
}
