import JSON

/// What is wrong with a file of a golden; becomes a fault with the file's name.
struct GoldenDamage: Error {
  var reason: String

  init(_ reason: String) {
    self.reason = reason
  }
}

extension JSONValue {
  func need(_ key: String) throws(GoldenDamage) -> JSONValue {
    guard let value = self[key] else { throw GoldenDamage("\(key) is missing") }
    return value
  }

  func needString() throws(GoldenDamage) -> String {
    guard let string else { throw GoldenDamage("expected a string, not \(kindName)") }
    return string
  }

  func needInt() throws(GoldenDamage) -> Int {
    guard let int else { throw GoldenDamage("expected a whole number, not \(kindName)") }
    return int
  }

  func needDouble() throws(GoldenDamage) -> Double {
    guard let double else { throw GoldenDamage("expected a number, not \(kindName)") }
    return double
  }

  func needArray() throws(GoldenDamage) -> [JSONValue] {
    guard let array else { throw GoldenDamage("expected an array, not \(kindName)") }
    return array
  }
}

/// Whether a path names a file below its folder, at most one folder deep.
func isPlainPath(_ path: String) -> Bool {
  let parts = path.split(separator: "/", omittingEmptySubsequences: false)
  return parts.count <= 2 && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    && !path.utf8.contains(0)
}
