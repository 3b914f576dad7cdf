import Faults
import FileAccess
import JSON
import Options

/// Reads a command line with everything that may stand behind it.
///
/// Flags win over the environment, which wins over the configuration file, which wins over the
/// defaults.
func resolveArguments(
  _ words: [[UInt8]], _ verb: Verb, _ environment: Environment
) throws(Fault) -> (arguments: Arguments, line: ParsedLine) {
  var arguments = Arguments()
  var parser = Parser(verb.flags)
  var origins: [String: FlagOrigin] = [:]
  try applyConfiguration(&parser, verb, environment, &arguments, &origins)
  for flag in verb.flags where flag.isReadFromEnvironment {
    guard let value = environment[flag.environmentName] else { continue }
    try parser.apply([value], of: flag, named: flag.environmentName, into: &arguments)
    origins[flag.name] = .environment
  }
  var line = try parser.parse(words, into: &arguments)
  line.origins.merge(origins) { typed, _ in typed }
  return (arguments, line)
}

private func applyConfiguration(
  _ parser: inout Parser<Arguments>, _ verb: Verb, _ environment: Environment,
  _ arguments: inout Arguments, _ origins: inout [String: FlagOrigin]
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
    throw Fault(.paramUnknown, "\(file.path.display): there is no setting \(printable(key))")
  }
  for flag in verb.flags {
    guard let value = members[flag.configurationKey] else { continue }
    let texts = (value.array ?? [value]).map { $0.string ?? $0.encodedText }
    try parser.apply(
      texts.map { Array($0.utf8) }, of: flag,
      named: "\(file.path.display): \(flag.configurationKey)", into: &arguments)
    origins[flag.name] = .configuration
  }
}
