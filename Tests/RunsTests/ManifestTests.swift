import Digests
import Faults
import FileAccess
import InfercamTestSupport
import JSON
import Requests
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
    Defect("a.jsonl", #"{"image":{"path":"a"},"grad_cam":[]}"#, .jsonMalformed, [1]),
    Defect("a.jsonl", #"{"image":{"path":"a"},"grad_cam":{"colour":"red"}}"#, .paramUnknown, [1]),
    Defect("a.jsonl", #"{"image":{"path":"a"},"classify":{"top_k":0}}"#, .paramOutOfRange, [1]),
    Defect("a.jsonl", #"{"image":{"path":"a","url":"https://b"}}"#, .paramOutOfRange, [1]),
    Defect("a.jsonl", #"{"image":{"bytes":"AAAA"}}"#, .paramMissing, [1]),
    Defect("a.jsonl", #"{"image":{"storage_id":"x"}}"#, .paramOutOfRange, [1]),
    Defect("a.jsonl", #"{"image":{"path":"a","content_md5":"AAAA"}}"#, .paramOutOfRange, [1]),
    Defect("a.jsonl", good + "\n" + good, .manifestDuplicateId, [2]),
    Defect("a.jsonl", "{\n" + good + "\n{}\n", .manifestInvalid, [1, 3]),
    Defect("a.json", "{\"inputs\":[\n{\"image\":{\"path\":\"a\"}},\n{}]}", .paramMissing, [3]),
    Defect("a.json", #"{"job_type":"training","inputs":[]}"#, .paramOutOfRange, [1]),
    Defect("a.csv", "id,path\nx,a.jpg\nx,b.jpg\n", .manifestDuplicateId, [3]),
    Defect("a.csv", "id,path\nx\n", .manifestInvalid, [2]),
    Defect("a.csv", "id,pat\nx,y\n", .manifestInvalid, [1]),
    Defect("a.csv", "path,top_k\na,b\n", .paramOutOfRange, [2]),
    Defect("a.csv", "path,prob_threshold\na,0\n\nb,2\n", .paramOutOfRange, [4]),
    Defect("a.csv", "path,format\na,gif\n", .paramOutOfRange, [2]),
    Defect("a.csv", "path,colour\na,b\n", .paramUnknown, [1]),
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
    #expect(fault?.code == .jsonMalformed)
  }

  @Test func `a byte order mark is skipped`() throws {
    #expect(try read("\u{FEFF}" + Self.good, as: "a.jsonl").count == 1)
    #expect(try read("\u{FEFF}path\na.jpg\n", as: "a.csv").count == 1)
  }

  @Test func `items keep their options, in lines and in tables`() throws {
    let line =
      #"{"image":{"path":"a"},"classify":{"top_k":3},"grad_cam":{"format":"npy","layer":"l"},"resize":{"longest_side":64}}"#
    let items = try read(line, as: "a.jsonl")
    #expect(
      items[0].options.members == [
        "classify": ["top_k": 3], "grad_cam": ["format": "npy", "layer": "l"],
        "resize": ["longest_side": 64],
      ])
    let rows = try read(
      "path,target,top_k,prob_threshold,layer,format\na,index:3,2,0.5,l,npy\nb,,,,,none\nc,,,,,\n",
      as: "a.csv")
    #expect(
      rows[0].options.members == [
        "classify": ["top_k": 2, "prob_threshold": 0.5],
        "grad_cam": ["target": "index:3", "layer": "l", "format": "npy"],
      ])
    #expect(rows[1].options.members == ["grad_cam": ["enabled": false]])
    #expect(rows[2].options.isEmpty)
  }

  @Test func `options of items are part of the list's digest`() throws {
    var digests: Set<String> = []
    for options in [
      "", #","classify":{"top_k":1}"#, #","classify":{"top_k":2}"#,
      #","grad_cam":{"enabled":true}"#,
    ] {
      var selection = InputSelection()
      selection.manifest = try folder.write(
        #"{"image":{"path":"a"}\#(options)}"#, to: "digest.jsonl")
      digests.insert(try collectInputs(selection).list.sha256)
    }
    #expect(digests.count == 4)
  }

  @Test func `a violation names line, column and pointer`() throws {
    let text = Self.good + "\n" + #"{"image":{"path":"b"}, "classify": {"top_k": 5000, "x": 1}}"#
    let fault = try #require(#expect(throws: Fault.self) { try read(text, as: "a.jsonl") })
    guard case .array(let violations)? = fault.details["violations"] else {
      Issue.record("no violations")
      return
    }
    let places = violations.map { violation -> [Fault.Detail?] in
      guard case .object(let members) = violation else { return [] }
      return ["line", "column", "pointer"].map { members[$0] }
    }
    #expect(
      places == [
        [.int(2), .int(46), .string("/classify/top_k")],
        [.int(2), .int(57), .string("/classify/x")],
      ])
    let table = try #require(
      #expect(throws: Fault.self) { try read("path,top_k\na,x\n", as: "a.csv") })
    #expect(table.message.contains("line 2, column 3, /top_k"))
  }

  @Test func `more violations than are shown are counted`() throws {
    let text = (0..<250).map { _ in "{}\n" }.joined()
    let fault = try #require(#expect(throws: Fault.self) { try read(text, as: "a.jsonl") })
    guard case .array(let violations)? = fault.details["violations"] else { return }
    #expect(violations.count == 100)
    #expect(fault.details["violation_count"] == .int(250))
  }

  @Test(arguments: ["a.jsonl", "a.json"])
  func `base64 is read from the manifest when its turn comes`(name: String) throws {
    let image = [UInt8](repeating: 9, count: 2_000_001)
    let element = #"{"id":"b","image":{"bytes":"\#(base64(image))"}}"#
    let text = name == "a.json" ? "{\"inputs\":[\n \(element)]}" : "\n" + element
    let items = try read(text, as: name)
    #expect(items[0].embedded?.count == base64(image).utf8.count)
    let reader = InputReader(InputAccess(), limit: 3_000_000)
    #expect(try reader.read(items[0]).bytes == image)
    let small = #expect(throws: Fault.self) {
      try InputReader(InputAccess(), limit: 1000).read(items[0])
    }
    #expect(small?.code == .uploadTooLarge)
    try folder.write(text.replacingFirst("CQkJ", with: "AAAA"), to: name)
    let changed = #expect(throws: Fault.self) { try reader.read(items[0]) }
    #expect(changed?.code == .inputNotFound)
  }

  @Test(arguments: ["AA=A", "AAA", "AAAA\\n", "A A=", "AAA=AAAA", "AB==", "====", "AA==="])
  func `base64 is read strictly`(text: String) throws {
    let items = try read(#"{"id":"b","image":{"bytes":"\#(text)"}}"#, as: "a.jsonl")
    let fault = #expect(throws: Fault.self) {
      try InputReader(InputAccess(), limit: 1000).read(items[0])
    }
    #expect(fault?.code == .imageInvalidFormat)
  }

  @Test func `the duplicate of a path before the manifest is named without a line`() throws {
    var selection = InputSelection()
    selection.paths = [RawPath("x.jpg")]
    let lines = ["x.jpg", "y.jpg", "y.jpg"].map { #"{"id":"\#($0)","image":{"path":"a"}}"# }
    selection.manifest = try folder.write(lines.joined(separator: "\n"), to: "a.jsonl")
    let fault = try #require(#expect(throws: Fault.self) { try collectInputs(selection) })
    guard case .array(let violations)? = fault.details["violations"] else { return }
    let messages = violations.map { violation -> String in
      guard case .object(let members) = violation, case .string(let text)? = members["message"]
      else { return "" }
      return text
    }
    #expect(messages.count == 2)
    #expect(!messages[0].contains("first on line") && messages[1].contains("first on line 2"))
  }

  @Test func `what a manifest says about the whole run is kept`() throws {
    var selection = InputSelection()
    selection.manifest = try folder.write(
      #"{"metadata":{"batch":7},"inputs":[{"image":{"path":"a"}}]}"#, to: "job.json")
    #expect(try collectInputs(selection).manifestMetadata == ["batch": 7])
  }
}

extension String {
  fileprivate func replacingFirst(_ part: String, with other: String) -> String {
    guard let range = self.firstRange(of: part) else { return self }
    return replacingCharacters(in: range, with: other)
  }

  private func replacingCharacters(in range: Range<Index>, with other: String) -> String {
    String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
  }
}
