public import Faults

/// One flag: how it is written, what it is for, and what it changes.
///
/// The parser, the help, the environment and the configuration file all read this one definition.
/// `update` only stores what was typed after checking its form; it never acts.
public struct Flag<Arguments>: Sendable {
  /// The long name, without dashes.
  public let name: String
  public let short: Character?
  /// The long name that switches it off, without dashes.
  public let negation: String?
  /// What its value is called in the help; `nil` for a switch.
  public let valueName: String?
  /// Each occurrence adds a value instead of replacing the last one.
  public let isRepeatable: Bool
  public let category: FlagCategory
  public let help: String
  /// The value without the flag, as shown in the help.
  public let standard: String?
  /// Words that the value may be, for completion.
  public let choices: [String]
  let update: @Sendable (FlagValue, inout Arguments) throws(Fault) -> Void
  /// Takes back the default, and the values of weaker origins, before the first value of an origin;
  /// `nil` where values of all origins add up.
  let clear: (@Sendable (inout Arguments) -> Void)?

  public init(
    _ name: String, short: Character? = nil, negation: String? = nil,
    value valueName: String? = nil,
    repeatable: Bool = false, _ category: FlagCategory, _ help: String,
    default standard: String? = nil, choices: [String]? = nil,
    clear: (@Sendable (inout Arguments) -> Void)? = nil,
    update: @escaping @Sendable (FlagValue, inout Arguments) throws(Fault) -> Void
  ) {
    self.name = name
    self.short = short
    self.negation = negation
    self.valueName = valueName
    self.isRepeatable = repeatable
    self.category = category
    self.help = help
    self.standard = standard
    self.choices = choices ?? Self.words(of: valueName ?? "")
    self.update = update
    self.clear = clear
  }

  /// The same flag of a verb that does something else without it.
  /// - Parameter help: what it is for there; `nil` for the same.
  public func with(default standard: String, help: String? = nil) -> Flag {
    Flag(
      name, short: short, negation: negation, value: valueName, repeatable: isRepeatable, category,
      help ?? self.help, default: standard, choices: choices, clear: clear, update: update)
  }

  /// The name in the environment.
  public var environmentName: String {
    "INFERCAM_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
  }

  /// The name in the configuration file.
  public var configurationKey: String {
    name.map { $0 == "-" ? "_" : String($0) }.joined()
  }

  /// The words in the name of a value such as `any|all|N`; what is written in capitals is none.
  private static func words(of valueName: String) -> [String] {
    let parts = valueName.split(separator: "|").map(String.init)
    return parts.count < 2 ? [] : parts.filter { $0 == $0.lowercased() }
  }

  var isSwitch: Bool { valueName == nil }

  /// Whether a variable of the environment can set it.
  public var isReadFromEnvironment: Bool { !isRepeatable || clear != nil }
}

/// The groups of the help, in order.
public enum FlagCategory: String, Sendable, CaseIterable {
  case input = "Input"
  case model = "Model"
  case classify = "Classes"
  case explain = "Heatmaps"
  case run = "Run"
  case compare = "Comparison"
  case events = "Events"
  case net = "Network"
  case output = "Output"
  case limits = "Limits"
}

/// What was typed for a flag.
public enum FlagValue: Sendable {
  case on
  case off
  /// The bytes of the value, which need not be UTF-8.
  case bytes([UInt8])

  public var isOn: Bool {
    if case .off = self { false } else { true }
  }

  /// The bytes of the value; empty for a switch.
  public var rawBytes: [UInt8] {
    if case .bytes(let bytes) = self { bytes } else { [] }
  }

  public func text() throws(Fault) -> String {
    guard let text = String(validating: rawBytes, as: UTF8.self) else {
      throw Fault(.paramOutOfRange, "must be valid UTF-8")
    }
    return text
  }

  /// A value that is not empty.
  public func nonEmptyText() throws(Fault) -> String {
    let text = try text()
    if text.isEmpty { throw Fault(.paramOutOfRange, "must not be empty") }
    return text
  }

  public func int() throws(Fault) -> Int {
    let text = try text()
    guard let value = Int(text) else {
      throw Fault(.paramOutOfRange, "must be a whole number, not \(text)")
    }
    return value
  }

  public func int(in range: ClosedRange<Int>) throws(Fault) -> Int {
    let value = try int()
    guard range.contains(value) else {
      let limits =
        range.upperBound == .max
        ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
      throw Fault(.paramOutOfRange, "must be \(limits), not \(value)")
    }
    return value
  }

  /// Bytes that are not empty.
  public func nonEmptyBytes() throws(Fault) -> [UInt8] {
    if rawBytes.isEmpty { throw Fault(.paramOutOfRange, "must not be empty") }
    return rawBytes
  }

  public func double(in range: ClosedRange<Double>) throws(Fault) -> Double {
    let value = try double()
    guard range.contains(value) else {
      throw Fault(
        .paramOutOfRange,
        "must be \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound)), not \(try text())"
      )
    }
    return value
  }

  /// The number without a fraction that says nothing.
  private static func text(_ value: Double) -> String {
    Int(exactly: value).map(String.init) ?? "\(value)"
  }

  public func double() throws(Fault) -> Double {
    let text = try text()
    guard let value = Double(text), value.isFinite else {
      throw Fault(.paramOutOfRange, "must be a number, not \(text)")
    }
    return value
  }

  public func word<T: RawRepresentable & CaseIterable>(_ type: T.Type) throws(Fault) -> T
  where T.RawValue == String {
    try word(among: Array(T.allCases))
  }

  public func word<T: RawRepresentable>(among words: [T]) throws(Fault) -> T
  where T.RawValue == String {
    let text = try text()
    guard let value = words.first(where: { $0.rawValue == text }) else {
      throw Fault(
        .paramOutOfRange,
        "must be \(words.map(\.rawValue).joined(separator: " | ")), not \(text)")
    }
    return value
  }
}
