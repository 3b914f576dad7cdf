import Faults
import FileAccess
import JSON
import Options

/// Reads a command line with everything that may stand behind it.
///
/// Flags win over the environment, which wins over the configuration file, which wins over the
/// defaults.
/// - Throws: `Fault` with all that is wrong in any of them; nothing when help or the version is
///   asked for.
func resolveArguments(
  _ words: [[UInt8]], _ verb: Verb, _ environment: Environment
) throws(Fault) -> (arguments: Arguments, line: ParsedLine) {
  let (invocation, faults) = readInvocation(words, verb, environment)
  let line = invocation.line
  if !line.wantsHelp, !line.wantsVersion, let fault = Fault(combining: faults) { throw fault }
  return (invocation.arguments, line)
}

/// Reads a command line and checks what its parts say together, too.
func resolveInvocation(
  _ words: [[UInt8]], _ verb: Verb, _ environment: Environment
) throws(Fault) -> Invocation {
  let (invocation, faults) = readInvocation(words, verb, environment)
  if invocation.line.wantsHelp || invocation.line.wantsVersion { return invocation }
  let all = faults + verb.rules.compactMap { $0.fault(invocation) }
  if let fault = Fault(combining: all) { throw fault }
  return invocation
}

private func readInvocation(
  _ words: [[UInt8]], _ verb: Verb, _ environment: Environment
) -> (Invocation, faults: [Fault]) {
  var arguments = Arguments()
  var parser = Parser(verb.flags)
  do throws(Fault) {
    try applyConfiguration(&parser, verb, environment, &arguments)
  } catch {
    parser.report(error)
  }
  for flag in verb.flags where flag.isReadFromEnvironment {
    guard let value = environment[flag.environmentName] else { continue }
    parser.apply(
      [value], of: flag, named: flag.environmentName, from: .environment, into: &arguments)
  }
  let line = parser.read(words, into: &arguments)
  let invocation = Invocation(
    arguments: arguments, line: line, environment: environment, words: words)
  return (invocation, parser.faults)
}

/// Applies the members of the configuration file that the verb knows.
/// - Throws: `Fault` for a file that cannot be read or is no JSON object.
private func applyConfiguration(
  _ parser: inout Parser<Arguments>, _ verb: Verb, _ environment: Environment,
  _ arguments: inout Arguments
) throws(Fault) {
  guard let file = environment.configurationFile else { return }
  if !file.isRequired, try FileStamp(of: file.path) == nil { return }
  let members: [String: JSONValue]
  do throws(Fault) {
    let value = try JSONValue(parsing: try readRegularFile(file.path, limit: 1 << 20).bytes)
    guard let object = value.object else {
      throw Fault(.jsonMalformed, "expected an object, not \(value.kindName)")
    }
    members = object
  } catch {
    throw Fault(.paramOutOfRange, "\(file.path.display): \(error.message)", cause: error)
  }
  let known = Set(Verb.all.flatMap(\.flags).map(\.configurationKey))
  for key in members.keys.sorted() where !known.contains(key) {
    let remedy = nearest(to: key, among: known.sorted()).map { ": did you mean \($0)?" } ?? ""
    parser.report(
      Fault(
        .paramUnknown, "\(file.path.display): there is no setting \(printable(key))\(remedy)",
        details: ["setting": .string(key)]))
  }
  for flag in verb.flags {
    guard let value = members[flag.configurationKey] else { continue }
    let texts = (value.array ?? [value]).map { $0.string ?? $0.encodedText }
    parser.apply(
      texts.map { Array($0.utf8) }, of: flag,
      named: "\(file.path.display): \(flag.configurationKey)", from: .configuration,
      into: &arguments)
  }
}
