public import JSON

/// A job resource without what grows with the classes and the items: for lists and events.
///
/// `truth` loses `classes` and `confusion`, `compare` the items and classes that it names.
public func briefJob(_ job: JSONValue) -> JSONValue {
  guard case .object(var members) = job else { return job }
  members["truth"] = members["truth"]?.without(["classes", "confusion"])
  if case .object(var comparison)? = members["compare"] {
    comparison["flips"] = comparison["flips"]?.without(["items", "named"])
    comparison["label_rates"] = comparison["label_rates"]?.without(["changed"])
    members["compare"] = .object(comparison)
  }
  return .object(members)
}

extension JSONValue {
  fileprivate func without(_ names: [String]) -> JSONValue {
    guard case .object(var members) = self else { return self }
    for name in names { members[name] = nil }
    return .object(members)
  }
}
