import Faults
import FileAccess
import InfercamTestSupport
import JSON
import Testing

@testable import Runs

struct ManifestTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  func read(_ text: String, as name: String, isLenient: Bool = false) throws -> [InputItem] {
    var selection = InputSelection()
    selection.manifest = try folder.write(text, to: name)
    selection.isLenient = isLenient
    return Array(try collectInputs(selection).list)
  }

  @Test func `lines of JSON are read`() throws {
    let digest = String(repeating: "ab", count: 32)
    let items = try read(
      """
      {"id":"img1","image":{"path":"a/cat.jpg"},"sha256":"\(digest)","label":"cat","metadata":{"site":"N4"}}\r

      {"image":{"path":"/b.jpg"}}
      """, as: "items.jsonl")
    #expect(items.map(\.id) == ["img1", "/b.jpg"])
    #expect(items[0].path == folder.path.appending("a/cat.jpg"))
    #expect(items[0].sha256 == digest)
    #expect(items[0].echo == ["label": "cat", "metadata": ["site": "N4"]])
    #expect(items[1].path == RawPath("/b.jpg"))
  }

  @Test func `the body of a request is read`() throws {
    let text = #"{"job_type":"inference","model":"m@1","inputs":[{"image":{"path":"a.jpg"}}]}"#
    var selection = InputSelection()
    selection.manifest = try folder.write(text, to: "job.json")
    let collected = try collectInputs(selection)
    #expect(collected.manifestModel == "m@1")
    #expect(collected.list.count == 1)
  }

  @Test(arguments: [("items.csv", ","), ("items.tsv", "\t")])
  func `tables are read`(name: String, delimiter: String) throws {
    let rows = [
      ["id", "path", "label", "metadata.site"], ["x", "a.jpg", "cat", "N4"], ["", "b.jpg", "", ""],
    ]
    let text = rows.map { $0.joined(separator: delimiter) }.joined(separator: "\r\n")
    let items = try read(text, as: name)
    #expect(items.map(\.id) == ["x", "b.jpg"])
    #expect(items[0].echo == ["label": "cat", "metadata": ["site": "N4"]])
    #expect(items[1].echo.isEmpty)
  }

  @Test func `quoted fields hold delimiters, quotes and line breaks`() throws {
    let items = try read(
      "path,label\n\"a,b.jpg\",\"say \"\"hi\"\"\"\n\"new\nline.jpg\",x\n", as: "t.csv")
    #expect(items.map(\.id) == ["a,b.jpg", "new\nline.jpg"])
    #expect(items[0].echo["label"] == #"say "hi""#)
  }

  struct Defect: Sendable, CustomTestStringConvertible {
    var name: String
    var text: String
    var code: Fault.Code
    var lines: [Int]
    var testDescription: String { text }

    init(_ name: String, _ text: String, _ code: Fault.Code, _ lines: [Int]) {
      self.name = name
      self.text = text
      self.code = code
      self.lines = lines
    }
  }

  static let good = #"{"image":{"path":"good.jpg"}}"#
  static let defects = [
    Defect("a.jsonl", "{\n", .jsonMalformed, [1]),
    Defect("a.jsonl", good + "\n[]\n", .jsonMalformed, [2]),
    Defect("a.jsonl", good + "\n{\"image\":{}}", .paramMissing, [2]),
    Defect("a.jsonl", "{}", .paramMissing, [1]),
    Defect("a.jsonl", #"{"image":{"path":"a"},"colour":1}"#, .paramUnknown, [1]),
    Defect("a.jsonl", #"{"image":{"path":"a","size":1}}"#, .paramUnknown, [1]),
    Defect("a.jsonl", #"{"image":{"path":"a"},"id":1}"#, .paramOutOfRange, [1]),
    Defect("a.jsonl", #"{"image":{"path":"a"},"id":""}"#, .paramOutOfRange, [1]),
    Defect("a.jsonl", #"{"image":{"path":"a"},"sha256":"xyz"}"#, .paramOutOfRange, [1]),
    Defect("a.jsonl", #"{"image":{"path":"a"},"metadata":[]}"#, .paramOutOfRange, [1]),
    Defect("a.jsonl", #"{"image":{"path":"a"},"grad_cam":{}}"#, .paramOutOfRange, [1]),
    Defect("a.jsonl", good + "\n" + good, .manifestDuplicateId, [2]),
    Defect("a.jsonl", "{\n" + good + "\n{}\n", .manifestInvalid, [1, 3]),
    Defect("a.json", "{\"inputs\":[\n{\"image\":{\"path\":\"a\"}},\n{}]}", .paramMissing, [3]),
    Defect("a.json", #"{"job_type":"training","inputs":[]}"#, .paramOutOfRange, [1]),
    Defect("a.csv", "id,path\nx,a.jpg\nx,b.jpg\n", .manifestDuplicateId, [3]),
    Defect("a.csv", "id,path\nx\n", .manifestInvalid, [2]),
    Defect("a.csv", "id,pat\nx,y\n", .manifestInvalid, [1]),
    Defect("a.csv", "path,layer\na,b\n", .paramUnknown, [1]),
    Defect("a.csv", "url\nhttps://b.test/\n", .accessDenied, [2]),
  ]

  @Test(arguments: defects)
  func `each violation is reported with its line`(defect: Defect) throws {
    let fault = try #require(
      #expect(throws: Fault.self) { try read(defect.text, as: defect.name) })
    #expect(fault.code == defect.code)
    guard case .array(let violations)? = fault.details["violations"] else {
      Issue.record("no violations in \(fault)")
      return
    }
    let lines = violations.compactMap { violation -> Int? in
      guard case .object(let members) = violation else { return nil }
      if case .int(let line)? = members["line"] { return line }
      return nil
    }
    #expect(Set(defect.lines).isSubset(of: Set(lines)) || fault.message.contains("line"))
  }

  @Test func `the duplicate names the line of the first`() throws {
    let fault = try #require(
      #expect(throws: Fault.self) { try read(Self.good + "\n\n" + Self.good, as: "a.jsonl") })
    #expect(fault.message.contains("first on line 1"))
    #expect(fault.message.contains("line 3"))
  }

  @Test func `unknown fields are ignored when asked to`() throws {
    let text = #"{"image":{"path":"a","size":1},"colour":1}"#
    #expect(try read(text, as: "a.jsonl", isLenient: true).count == 1)
  }

  @Test func `a manifest of another ending is refused`() throws {
    #expect(throws: Fault.self) { try read(Self.good, as: "a.txt") }
  }

  @Test func `a line without end is refused`() throws {
    let text = "{\"id\":\"" + String(repeating: "x", count: 3 << 20) + "\"}"
    let fault = #expect(throws: Fault.self) { try read(text, as: "a.jsonl") }
    #expect(fault?.code == .manifestInvalid)
  }

  @Test func `a byte order mark is skipped`() throws {
    #expect(try read("\u{FEFF}" + Self.good, as: "a.jsonl").count == 1)
    #expect(try read("\u{FEFF}path\na.jpg\n", as: "a.csv").count == 1)
  }
}
