import Faults
import FileAccess
import Images
import InfercamTestSupport
import JSON
import Testing
import Transfers
import Workers

@testable import Runs

struct InputURLTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  static var open: TransferPolicy {
    var policy = TransferPolicy()
    policy.allowsHTTP = true
    policy.allowsPrivateNetworks = true
    policy.ports = nil
    return policy
  }

  func collect(
    _ lines: [String], _ policy: TransferPolicy? = Self.open, named name: String = "m.jsonl"
  ) throws -> InputList {
    var selection = InputSelection()
    selection.manifest = try folder.write(lines.joined(separator: "\n") + "\n", to: name)
    selection.transfers = policy
    return try collectInputs(selection).list
  }

  static let digest = String(repeating: "ab", count: 32)

  @Test func `a manifest names URLs, and queries are not written down`() throws {
    let list = try collect([
      #"{"image":{"url":"https://a.test/x.jpg"}}"#,
      #"{"id":"b","image":{"url":"https://a.test/x.jpg?canary=1"}}"#,
      #"{"id":"c","image":{"url":"https://a.test/x.jpg?canary=2"},"sha256":"\#(Self.digest)"}"#,
    ])
    let items = Array(list)
    #expect(items.map(\.id) == ["https://a.test/x.jpg", "b", "c"])
    #expect(
      items.compactMap(\.url) == [
        try WebURL("https://a.test/x.jpg"), try WebURL("https://a.test/x.jpg?canary=1"),
        try WebURL("https://a.test/x.jpg?canary=2"),
      ])
    #expect(items.allSatisfy { $0.fault == nil })
    #expect(list.hasURLs)
    let text = list.chunks.map { String(decoding: $0, as: UTF8.self) }.joined()
    #expect(!text.contains("canary"))
    // Without the command's list the query is lost, and the item says so.
    let stored = try text.split(separator: "\n").map { line in
      try #require(InputItem(json: try JSONValue(parsing: Array(line.utf8))))
    }
    #expect(stored.map { $0.fault?.code } == [nil, .inputNotFound, .inputNotFound])
  }

  @Test func `another query is another input, unless a digest names the bytes`() throws {
    func sha256(_ url: String, _ more: String = "") throws -> String {
      try collect([#"{"id":"x","image":{"url":"\#(url)"}\#(more)}"#]).sha256
    }
    #expect(try sha256("https://a.test/?k=1") != sha256("https://a.test/?k=2"))
    let digest = #","sha256":"\#(Self.digest)""#
    #expect(try sha256("https://a.test/?k=1", digest) == sha256("https://a.test/?k=2", digest))
    #expect(try sha256("https://a.test/y", digest) != sha256("https://a.test/z", digest))
  }

  @Test func `a table names URLs`() throws {
    let list = try collect(
      ["id,url,path", "a,https://a.test/x,", "b,,b.jpg"], named: "m.csv")
    #expect(Array(list).map { $0.url?.origin } == ["https://a.test", nil])
  }

  @Test func `URLs are refused where they are not asked for, all at once`() throws {
    let lines = [
      #"{"id":"a","image":{"url":"https://a.test/?canary"}}"#,
      #"{"id":"b","image":{"url":"http://b.test/?canary"}}"#,
      #"{"id":"c","image":{"url":"https://10.0.0.1/?canary"}}"#,
      #"{"id":"d","image":{"url":"https://d.test:8443/?canary"}}"#,
      #"{"id":"e","image":{"url":"https://e.test/?canary","path":"e.jpg"}}"#,
      #"{"id":"f","image":{"url":"ftp://f.test/?canary"}}"#,
    ]
    for (policy, count) in [(TransferPolicy?.none, 6), (TransferPolicy(), 5)] {
      let fault = try #require(#expect(throws: Fault.self) { try collect(lines, policy) })
      #expect(fault.details["violation_count"] == .int(count))
      #expect(!"\(fault.message) \(fault.details)".contains("canary"))
    }
  }

  @Test func `words of the command line that are URLs are read as such`() throws {
    var selection = InputSelection()
    selection.paths = [RawPath("https://a.test/x.png?canary"), RawPath("HTTPS://b.test/y")]
    let fault = #expect(throws: Fault.self) { try collectInputs(selection) }
    #expect(fault?.code == .accessDenied && fault?.message.contains("--allow-net") == true)
    #expect(fault?.message.contains("canary") == false)
    selection.transfers = Self.open
    let items = Array(try collectInputs(selection).list)
    #expect(items.map(\.id) == ["https://a.test/x.png", "https://b.test/y"])
  }

  @Test func `a source hands on what servers send, whatever fails`() throws {
    let receiver = try HTTPReceiver { request, _ in
      switch request.target {
      case "/missing": .answer(404)
      case "/large": .answer(200, body: [UInt8](repeating: 1, count: 2000))
      default: .answer(200, headers: [("Content-Type", "image/png; q=1")], body: [1, 2, 3])
      }
    }
    let names = ["a", "missing", "large"] + (0..<40).map { "x\($0)" }
    let list = try collect(
      names.map { #"{"id":"\#($0)","image":{"url":"\#(receiver.origin)/\#($0)"}}"# }
        + [#"{"image":{"path":"file.jpg"}}"#])
    var transfers = InputTransfers(Self.open)
    transfers.concurrency = 3
    let source = try ReceivingSource(ListSource(list), transfers, limit: 1000)
    var items: [String: InputItem] = [:]
    while case .element(let item) = source.next(wait: true) { items[item.id] = item }
    #expect(items.count == names.count + 1)
    let a = try #require(items["a"])
    #expect(try InputReader(InputAccess(), limit: 1000).read(a).bytes == [1, 2, 3])
    #expect(items["a"]?.declaredType == .png)
    #expect(items["missing"]?.fault?.code == .upstreamFailed)
    #expect(items["large"]?.fault?.code == .uploadTooLarge)
    #expect(items.values.count { $0.url == nil } == 1)
  }

  @Test func `a source that is stopped ends, also while servers stall`() throws {
    let receiver = try HTTPReceiver { _, _ in .stall() }
    let list = try collect(
      (0..<20).map { #"{"id":"\#($0)","image":{"url":"\#(receiver.origin)/\#($0)"}}"# })
    let source = try ReceivingSource(ListSource(list), InputTransfers(Self.open), limit: 1000)
    receiver.waitForRequests(8)
    source.stop()
    if case .element(let item) = source.next(wait: true) {
      Issue.record("item \(item.id) was handed on after the end")
    }
  }
}
