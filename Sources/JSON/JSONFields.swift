public import Faults

/// One thing wrong with a document, and where.
public struct Violation: Sendable, Hashable {
  public var code: Fault.Code
  /// The JSON pointer of the value, or of where it should be.
  public var pointer: String
  public var message: String
  public var line: Int?
  public var column: Int?

  public init(_ code: Fault.Code, at pointer: String, _ message: String) {
    self.code = code
    self.pointer = pointer
    self.message = message
  }

  /// Returns the violation with the line and column of its value.
  public func located(by locator: JSONLocator) -> Violation {
    var copy = self
    let position = locator.position(of: pointer)
    copy.line = position.line
    copy.column = position.column
    return copy
  }

  var detail: Fault.Detail {
    var members: [String: Fault.Detail] = [
      "code": .string(code.rawValue), "pointer": .string(pointer), "message": .string(message),
    ]
    if let line { members["line"] = .int(line) }
    if let column { members["column"] = .int(column) }
    return .object(members)
  }

  /// The message with its place.
  public var text: String {
    let line = line.map { "line \($0)" }
    let column = column.map { "column \($0)" }
    let place = [line, column, pointer.isEmpty ? nil : pointer].compactMap(\.self)
    return (place.isEmpty ? "" : place.joined(separator: ", ") + ": ") + message
  }
}

extension Fault {
  /// The violations, most of all the first, as one fault; `nil` when there are none.
  ///
  /// All of them are listed in `details.violations`, at most `limit`.
  public init?(_ violations: [Violation], code: Code? = nil, limit: Int = 100) {
    guard let first = violations.first else { return nil }
    let more = violations.count > 1 ? " (and \(violations.count - 1) more)" : ""
    self.init(
      code ?? first.code, first.text + more,
      details: [
        "violations": .array(violations.prefix(limit).map(\.detail)),
        "violation_count": .int(violations.count),
      ])
  }
}

/// Reads the members of one object strictly and collects everything that is wrong with them.
public struct JSONFields {
  public private(set) var violations: [Violation] = []
  private let members: [String: JSONValue]
  private let path: [String]
  private let isObject: Bool
  private var known: [String] = []

  /// - Parameter path: the reference tokens that lead to `value`.
  public init(_ value: JSONValue, path: [String] = []) {
    self.path = path
    self.members = value.object ?? [:]
    self.isObject = value.object != nil
    if !isObject {
      report(.jsonMalformed, "expected an object, not \(value.kindName)")
    }
  }

  public mutating func value(_ key: String) -> JSONValue? {
    known.append(key)
    guard let value = members[key], !value.isNull else { return nil }
    return value
  }

  public mutating func string(_ key: String) -> String? {
    read(key, "a string") { $0.string }
  }

  public mutating func int(_ key: String) -> Int? {
    read(key, "an integer") { $0.int }
  }

  public mutating func double(_ key: String) -> Double? {
    read(key, "a number") { $0.double }
  }

  public mutating func bool(_ key: String) -> Bool? {
    read(key, "true or false") { $0.bool }
  }

  public mutating func array(_ key: String) -> [JSONValue]? {
    read(key, "an array") { $0.array }
  }

  public mutating func numbers(_ key: String) -> [Double]? {
    read(key, "an array of numbers") { value in
      guard let elements = value.array else { return nil }
      let numbers = elements.compactMap(\.double)
      return numbers.count == elements.count ? numbers : nil
    }
  }

  /// The member as one of the cases of an enumeration of words.
  public mutating func word<T: RawRepresentable & CaseIterable>(_ key: String, _ type: T.Type) -> T?
  where T.RawValue == String {
    let words = T.allCases.map(\.rawValue).joined(separator: " | ")
    return read(key, words) { $0.string.flatMap(T.init(rawValue:)) }
  }

  /// Reads a nested object with `body`; its violations are added to this object's.
  public mutating func object<R>(_ key: String, _ body: (inout JSONFields) -> R) -> R? {
    guard let value = value(key) else { return nil }
    var fields = JSONFields(value, path: path + [key])
    let result = body(&fields)
    violations += fields.violations
    return result
  }

  /// The member as a text, or an array of texts.
  public mutating func texts(_ key: String) -> [String]? {
    read(key, "a string or an array of strings") { value in
      if let text = value.string { return [text] }
      guard let elements = value.array else { return nil }
      let texts = elements.compactMap(\.string)
      return texts.count == elements.count ? texts : nil
    }
  }

  /// The members that are there and have been asked for.
  public var readMembers: [String: JSONValue] {
    members.filter { known.contains($0.key) && !$0.value.isNull }
  }

  /// Reports violations whose pointers start at this object.
  public mutating func adopt(_ violations: [Violation]) {
    let base = jsonPointer(path)
    for var violation in violations {
      violation.pointer = base + violation.pointer
      self.violations.append(violation)
    }
  }

  /// Reports a member that must be there and is not.
  public mutating func require<T>(_ key: String, _ value: T?) -> T? {
    if value == nil, isObject, members[key].map(\.isNull) ?? true {
      report(.paramMissing, "\(key) is missing", at: key)
    }
    return value
  }

  public mutating func report(_ code: Fault.Code, _ message: String, at key: String? = nil) {
    violations.append(Violation(code, at: jsonPointer(path + (key.map { [$0] } ?? [])), message))
  }

  /// Reports every member that has not been read.
  public mutating func refuseUnknown() {
    let unknown = members.keys.filter { !known.contains($0) }
    for key in unknown.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      report(.paramUnknown, "unknown field \(key)", at: key)
    }
  }

  private mutating func read<T>(
    _ key: String, _ expected: String, _ convert: (JSONValue) -> T?
  ) -> T? {
    guard let value = value(key) else { return nil }
    if let converted = convert(value) { return converted }
    report(.paramOutOfRange, "\(key) must be \(expected), not \(value.summary)", at: key)
    return nil
  }
}

extension JSONValue {
  /// A few words for messages: short values as they are, others by their kind.
  public var summary: String {
    let text = encodedText
    return text.utf8.count <= 40 ? text : kindName
  }
}
