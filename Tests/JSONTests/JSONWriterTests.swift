import JSON
import Testing

struct JSONWriterTests {
  @Test(arguments: [
    (JSONValue.null, "null"), (.float(0.1), "0.1"), (.double(0.1), "0.1"), (1, "1"), (1.0, "1.0"),
    (.double(.nan), "null"), (.float(.infinity), "null"), (.float(16_777_216), "16777216.0"),
    (.double(1e-7), "1e-07"), ("a/b\"\\\u{1}\u{7F}\n", #""a/b\"\\\u0001\u007f\n""#),
    (.object(["b": 1, "a": .array([]), "ä": .object([:])]), #"{"a":[],"b":1,"ä":{}}"#),
  ])
  func `a value is written on one line`(value: JSONValue, expected: String) {
    #expect(value.encodedText == expected)
  }

  @Test func `keys are sorted by their bytes`() {
    let value: JSONValue = ["Z": 1, "a": 2, "": 3, "é": 4, "z": 5]
    #expect(value.encodedText == #"{"":3,"Z":1,"a":2,"z":5,"é":4}"#)
  }

  @Test func `pretty text is indented`() {
    let value: JSONValue = ["a": [1, 2], "b": .object([:])]
    let text = String(decoding: value.encoded(pretty: true), as: UTF8.self)
    #expect(text == "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}")
  }

  @Test func `random values survive a round trip`() throws {
    var generator = SplitMix(state: 42)
    for _ in 0..<500 {
      let value = JSONValue.random(depth: 4, using: &generator)
      for pretty in [false, true] {
        let bytes = value.encoded(pretty: pretty)
        #expect(try JSONValue(parsing: bytes).encoded(pretty: pretty) == bytes)
      }
    }
  }

  @Test func `every float is read back as itself`() throws {
    var generator = SplitMix(state: 7)
    for _ in 0..<2000 {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
      guard value.isFinite else { continue }
      let text = JSONValue.float(value).encodedText
      #expect(Float(text) == value)
      #expect(try JSONValue(parsing: Array(text.utf8)).encodedText == text)
    }
  }
}

struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension JSONValue {
  static func random(depth: Int, using generator: inout SplitMix) -> JSONValue {
    switch UInt8.random(in: 0..<(depth > 0 ? 7 : 5), using: &generator) {
    case 0: return .null
    case 1: return .bool(.random(using: &generator))
    case 2: return .int(.random(in: .min ... .max, using: &generator))
    case 3: return .double(.random(in: -1e9...1e9, using: &generator))
    case 4: return .string(randomText(using: &generator))
    case 5:
      let count = Int.random(in: 0..<4, using: &generator)
      return .array((0..<count).map { _ in random(depth: depth - 1, using: &generator) })
    default:
      let count = Int.random(in: 0..<4, using: &generator)
      let members = (0..<count).map {
        ("\($0)" + randomText(using: &generator), random(depth: depth - 1, using: &generator))
      }
      return .object(Dictionary(members) { _, last in last })
    }
  }

  private static func randomText(using generator: inout SplitMix) -> String {
    let alphabet = Array("ab\"\\/\u{0}\u{1F}é😀 \n\u{7F}")
    let count = Int.random(in: 0..<6, using: &generator)
    return String((0..<count).compactMap { _ in alphabet.randomElement(using: &generator) })
  }
}
