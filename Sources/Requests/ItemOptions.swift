public import JSON

/// What one input asks for itself, in place of what the request asks of every input.
public struct ItemOptions: Sendable, Hashable {
  /// The members that are given: `classify`, `grad_cam` and `resize`, as in the API.
  public let members: [String: JSONValue]

  /// No options of its own.
  public static let none = ItemOptions([:])

  public var isEmpty: Bool { members.isEmpty }

  /// Whether the input says anything about its map.
  public var concernsMaps: Bool { members["grad_cam"] != nil }

  private init(_ members: [String: JSONValue]) {
    self.members = members
  }

  /// Reads the members of an input, and reports what is out of range or unknown.
  ///
  /// Ranges are those of the request; what does not go together with the request shows when the
  /// two are put together.
  public init(reading fields: inout JSONFields, isLenient: Bool = false) {
    var given: [String: JSONValue] = [:]
    var options = RequestOptions()
    for name in RequestOptions.names {
      let members = fields.object(name) { fields -> [String: JSONValue] in
        options.update(name, from: &fields)
        let members = fields.readMembers
        if !isLenient { fields.refuseUnknown() }
        return members
      }
      if let members, !members.isEmpty { given[name] = .object(members) }
    }
    self.init(given)
  }

  /// Reads what `members` has become as JSON; members of other names are left alone.
  public init(frozen object: JSONValue) {
    var given: [String: JSONValue] = [:]
    for name in RequestOptions.names { given[name] = object[name] }
    self.init(given)
  }

  /// Puts the options over those of a request.
  /// - Returns: what is out of range or does not go together.
  public func apply(to options: inout RequestOptions) -> [Violation] {
    var violations: [Violation] = []
    for name in RequestOptions.names {
      guard let value = members[name] else { continue }
      var fields = JSONFields(value, path: [name])
      options.update(name, from: &fields)
      violations += fields.violations
    }
    return violations
  }
}

/// The options of a request that an input can have of its own.
public struct RequestOptions: Sendable, Hashable {
  public var classify = ClassifyOptions()
  public var gradCAM = GradCAMOptions()
  public var resizeLongestSide: Int?

  public init() {}

  static let names = ["classify", "grad_cam", "resize"]

  fileprivate mutating func update(_ name: String, from fields: inout JSONFields) {
    switch name {
    case "classify": classify.update(from: &fields)
    case "grad_cam": gradCAM.update(from: &fields)
    default:
      if let side = fields.int("longest_side") {
        resizeLongestSide = side
        fields.adopt(longestSideViolations(side))
      }
    }
  }
}
