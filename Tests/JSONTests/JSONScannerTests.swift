import Faults
import JSON
import Testing

struct JSONScannerTests {
  @Test(arguments: [
    ("null", JSONValue.null), ("true", true),
    (" [ 1 , -2.5 ] ", .array([1, -2.5])), ("0", 0), ("-0", 0),
    ("1e2", .double(100)), ("9223372036854775807", .int(.max)),
    ("9223372036854775808", .double(9_223_372_036_854_775_808)),
    (#""a\u00e9\n\/\ud83d\ude00""#, "aé\n/😀"),
    (#"{"a":{"b":[]}}"#, .object(["a": .object(["b": .array([])])])),
  ])
  func `a valid text is read`(text: String, expected: JSONValue) throws {
    #expect(try JSONValue(parsing: Array(text.utf8)) == expected)
  }

  @Test(arguments: [
    "", " ", "nul", "truex", "01", "+1", "1.", ".5", "1e", "-", "1e999", "NaN", "Infinity", "[1,]",
    "[1 2]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{\"a\":1,\"a\":2}", "\"a", "\"\\x\"",
    "\"\\ud800\"",
    "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\u12g4\"", "\"\u{1}\"", "1 2", "[", "{", "\u{FEFF}1",
    "{\"\u{E9}\":1,\"e\u{301}\":2}", "/**/1", "'a'",
  ])
  func `a malformed text is refused`(text: String) {
    let fault = #expect(throws: Fault.self) { try JSONValue(parsing: Array(text.utf8)) }
    #expect(fault?.code == .jsonMalformed)
  }

  @Test func `invalid UTF-8 is refused`() {
    #expect(throws: Fault.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
  }

  @Test func `nesting ends at the limit`() throws {
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }
    _ = try JSONValue(parsing: nested(JSONValue.maximumDepth))
    #expect(throws: Fault.self) { try JSONValue(parsing: nested(JSONValue.maximumDepth + 1)) }
  }

  @Test func `a fault names line, column, byte and pointer`() throws {
    let text = "{\n  \"a\": [1, {\"b/c\": tru}]\n}"
    let fault = try #require(
      #expect(throws: Fault.self) { try JSONValue(parsing: Array(text.utf8), firstLine: 7) })
    #expect(fault.details["line"] == .int(8))
    #expect(fault.details["column"] == .int(20))
    #expect(fault.details["byte"] == .int(21))
    #expect(fault.details["pointer"] == .string("/a/1/b~1c"))
  }

  @Test func `every prefix of a valid text is refused`() {
    let text = Array(#"{"a":[1.5e3,"\u00e9é",null,true],"b":{"c":-1}}"#.utf8)
    for length in 0..<text.count {
      #expect(throws: Fault.self) { try JSONValue(parsing: Array(text[..<length])) }
    }
  }

  @Test func `a locator finds values by pointer`() {
    let text = Array("{\n \"a\": [1,\n  {\"b\": 2}]}".utf8)
    let locator = JSONLocator(text)
    #expect(locator.position(of: "/a/1/b") == JSONPosition(line: 3, column: 9, byte: 20))
    #expect(locator.position(of: "/a/1/missing").line == 3)
    #expect(locator.position(of: "").byte == 0)
  }
}
