import Faults

/// The dictionary in an NPY file: a Python literal with exactly three keys.
struct NPYHeader {
  private(set) var descriptor = ""
  private(set) var fortranOrder = false
  private(set) var shape: [Int] = []

  private var text: ArraySlice<UInt8>

  /// - Throws: `Fault` with code `image.invalid_format` for anything else.
  init(_ text: [UInt8]) throws(Fault) {
    self.text = text[...]
    var seen: Set<String> = []
    try expect("{")
    while !skip("}") {
      let key = try string()
      try expect(":")
      guard seen.insert(key).inserted else { throw NPY.invalid("names \(key) twice") }
      try value(of: key)
      if !skip(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard seen.count == 3, self.text.isEmpty else { throw NPY.invalid("has a strange header") }
  }

  private mutating func value(of key: String) throws(Fault) {
    switch key {
    case "descr":
      skipSpace()
      guard text.first != UInt8(ascii: "[") else {
        throw NPY.invalid("holds records; only plain numbers are read")
      }
      descriptor = try string()
      guard !descriptor.contains("O") else { throw NPY.invalid("holds pickled objects") }
    case "fortran_order":
      if skip("True") {
        fortranOrder = true
      } else {
        try expect("False")
      }
    case "shape": shape = try tuple()
    default: throw NPY.invalid("has the unknown key \(key)")
    }
  }

  private mutating func tuple() throws(Fault) -> [Int] {
    var values: [Int] = []
    try expect("(")
    while !skip(")") {
      values.append(try integer())
      if !skip(",") {
        try expect(")")
        guard values.count > 1 else { throw NPY.invalid("has a shape that is not a tuple") }
        break
      }
    }
    return values
  }

  private mutating func integer() throws(Fault) -> Int {
    skipSpace()
    let digits = text.prefix { (0x30...0x39).contains($0) }
    text = text.dropFirst(digits.count)
    _ = skip("L")
    guard let value = Int(String(decoding: digits, as: UTF8.self)) else {
      throw NPY.invalid("has a strange shape")
    }
    return value
  }

  private mutating func string() throws(Fault) -> String {
    skipSpace()
    guard let quote = text.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw NPY.invalid("has a strange header")
    }
    let content = text.dropFirst().prefix { $0 != quote && $0 != UInt8(ascii: "\\") }
    text = text.dropFirst(1 + content.count)
    guard text.first == quote else { throw NPY.invalid("has a strange header") }
    text = text.dropFirst()
    return String(decoding: content, as: UTF8.self)
  }

  private mutating func expect(_ token: StaticString) throws(Fault) {
    guard skip(token) else { throw NPY.invalid("has a strange header") }
  }

  private mutating func skip(_ token: StaticString) -> Bool {
    skipSpace()
    let matches = token.withUTF8Buffer { text.starts(with: $0) }
    if matches { text = text.dropFirst(token.utf8CodeUnitCount) }
    return matches
  }

  private mutating func skipSpace() {
    text = text.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x09 || $0 == 0x0D }
  }
}
