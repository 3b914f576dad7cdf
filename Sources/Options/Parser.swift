public import Faults

/// What a command line says besides the values of its flags.
public struct ParsedLine: Sendable {
  /// The words that are no flags, in order; they need not be UTF-8.
  public var positionals: [[UInt8]] = []
  public var wantsHelp = false
  public var wantsVersion = false
  /// Where each flag that was given got its value, by its name; the strongest origin only.
  public var origins: [String: FlagOrigin] = [:]
  /// The names of flags whose values were refused, wherever they come from.
  public var refused: Set<String> = []
}

/// Where a value comes from, weakest first.
public enum FlagOrigin: String, Sendable {
  case standard = "default"
  case configuration
  case environment
  case commandLine = "flag"
}

/// Reads command lines by a list of flags.
public struct Parser<Arguments> {
  private let flags: [Flag<Arguments>]
  /// What was wrong so far, in the order in which it was read.
  public private(set) var faults: [Fault] = []
  private var line = ParsedLine()

  public init(_ flags: [Flag<Arguments>]) {
    self.flags = flags
  }

  /// Reads the words of a command line into `arguments`, the last of several values winning.
  ///
  /// `--` ends the flags. `-h`, `--help` and `--version` are always known.
  /// - Throws: `Fault` with code `param.unknown`, `param.missing` or `param.out_of_range`; several
  ///   faults become one with all of them in `details.violations`.
  public mutating func parse(
    _ words: [[UInt8]], into arguments: inout Arguments
  ) throws(Fault) -> ParsedLine {
    let line = read(words, into: &arguments)
    if line.wantsHelp || line.wantsVersion { return line }
    if let fault = Fault(combining: faults) { throw fault }
    return line
  }

  /// Reads the words of a command line as `parse` does; what is wrong is added to `faults`.
  public mutating func read(_ words: [[UInt8]], into arguments: inout Arguments) -> ParsedLine {
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == Array("--".utf8) {
        line.positionals += rest
        break
      } else if word.starts(with: "--".utf8) {
        parseLong(word.dropFirst(2), &rest, &arguments)
      } else if word.first == UInt8(ascii: "-"), word.count > 1 {
        parseShort(word.dropFirst(), &rest, &arguments)
      } else {
        line.positionals.append(word)
      }
    }
    return line
  }

  /// Adds something else that is wrong.
  public mutating func report(_ fault: Fault) {
    faults.append(fault)
  }

  /// Stores the values that the environment or the configuration file has for a flag.
  ///
  /// To be called before the command line is read, the weakest origin first.
  public mutating func apply(
    _ values: [[UInt8]], of flag: Flag<Arguments>, named name: String, from origin: FlagOrigin,
    into arguments: inout Arguments
  ) {
    flag.clear?(&arguments)
    do throws(Fault) {
      for value in values {
        if !flag.isSwitch {
          try flag.update(.bytes(value), &arguments)
        } else if let isOn = truth(value) {
          try flag.update(isOn ? .on : .off, &arguments)
        } else {
          throw Fault(.paramOutOfRange, "must be true or false")
        }
      }
      line.origins[flag.name] = origin
    } catch {
      faults.append(Self.naming(name, error))
      line.refused.insert(flag.name)
    }
  }

  private mutating func parseLong(
    _ word: ArraySlice<UInt8>, _ rest: inout ArraySlice<[UInt8]>, _ arguments: inout Arguments
  ) {
    let equals = word.firstIndex(of: UInt8(ascii: "="))
    let name = String(decoding: word[..<(equals ?? word.endIndex)], as: UTF8.self)
    let value = equals.map { Array(word[($0 + 1)...]) }
    if value == nil, name == "help" || name == "version" {
      if name == "help" { line.wantsHelp = true } else { line.wantsVersion = true }
      return
    }
    guard let flag = flags.first(where: { $0.name == name || $0.negation == name }) else {
      faults.append(unknown("--" + name))
      // What looks like the value of an unknown flag is not reported as a second mistake.
      return
    }
    if flag.isSwitch {
      if value != nil {
        faults.append(Fault(.paramOutOfRange, "--\(name) takes no value"))
      } else {
        store(name == flag.name ? .on : .off, flag, "--" + name, &arguments)
      }
    } else if name != flag.name {
      store(.off, flag, "--" + name, &arguments)
    } else if let value = value ?? rest.popFirst() {
      store(.bytes(value), flag, "--" + name, &arguments)
    } else {
      refuse(flag, missingValue(flag, "--" + name))
    }
  }

  private mutating func parseShort(
    _ word: ArraySlice<UInt8>, _ rest: inout ArraySlice<[UInt8]>, _ arguments: inout Arguments
  ) {
    var letters = word
    while let letter = letters.popFirst() {
      let name = Character(UnicodeScalar(letter))
      if name == "h" {
        line.wantsHelp = true
        continue
      }
      guard let flag = flags.first(where: { $0.short == name }) else {
        faults.append(unknown("-\(name)"))
        return
      }
      if flag.isSwitch {
        store(.on, flag, "-\(name)", &arguments)
        continue
      }
      if letters.first == UInt8(ascii: "=") { letters.removeFirst() }
      if !letters.isEmpty {
        store(.bytes(Array(letters)), flag, "-\(name)", &arguments)
      } else if let value = rest.popFirst() {
        store(.bytes(value), flag, "-\(name)", &arguments)
      } else {
        refuse(flag, missingValue(flag, "-\(name)"))
      }
      return
    }
  }

  private mutating func store(
    _ value: FlagValue, _ flag: Flag<Arguments>, _ name: String, _ arguments: inout Arguments
  ) {
    do throws(Fault) {
      if line.origins[flag.name] != .commandLine { flag.clear?(&arguments) }
      line.origins[flag.name] = .commandLine
      try flag.update(value, &arguments)
    } catch {
      refuse(flag, Self.naming(name, error))
    }
  }

  private mutating func refuse(_ flag: Flag<Arguments>, _ fault: Fault) {
    faults.append(fault)
    line.refused.insert(flag.name)
  }

  private static func naming(_ name: String, _ fault: Fault) -> Fault {
    var named = fault
    named.message = "\(name) \(fault.message)"
    return named.adding("flag", .string(name))
  }

  private func missingValue(_ flag: Flag<Arguments>, _ name: String) -> Fault {
    Fault(
      .paramMissing, "\(name) needs a value: \(name) \(flag.valueName ?? "VALUE")",
      details: ["flag": .string(name)])
  }

  private func unknown(_ name: String) -> Fault {
    let names = flags.flatMap { [$0.name, $0.negation].compactMap { $0.map { "--" + $0 } } }
    let remedy =
      nearest(to: name, among: names + ["--help", "--version"])
      .map { "did you mean \($0)?" } ?? "see --help"
    return Fault(
      .paramUnknown, "there is no flag \(name) here: \(remedy)", details: ["flag": .string(name)])
  }
}

/// Whether a word of the environment or the configuration file switches on or off; `nil` for others.
public func truth(_ value: [UInt8]) -> Bool? {
  switch String(decoding: value, as: UTF8.self).lowercased() {
  case "1", "true", "yes", "on": true
  case "", "0", "false", "no", "off": false
  default: nil
  }
}

extension Fault {
  /// Several faults as one: the first with all of them in its details; `nil` for none.
  public init?(combining faults: [Fault]) {
    guard let first = faults.first else { return nil }
    self = first
    if faults.count == 1 { return }
    let violations = faults.flatMap(\.violations)
    if case .object(let members)? = violations.first,
      case .string(let message)? = members["message"]
    {
      self.message = message
    }
    message += " (and \(violations.count - 1) more)"
    details = ["violations": .array(violations), "violation_count": .int(violations.count)]
  }

  /// What is wrong, one by one.
  private var violations: [Detail] {
    if case .array(let violations)? = details["violations"] { return violations }
    return [
      .object(
        details.merging(["code": .string(code.rawValue), "message": .string(message)]) { _, new in
          new
        })
    ]
  }
}
