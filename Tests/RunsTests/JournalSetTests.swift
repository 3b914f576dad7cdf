import Faults
import FileAccess
import InfercamTestSupport
import JSON
import Requests
import Testing

@testable import Runs

/// What several journals say together.
struct JournalSetTests {
  let folder: TemporaryFolder
  var directory: RunDirectory { RunDirectory(folder.path) }

  init() throws {
    folder = try TemporaryFolder()
    try createDirectory(folder.path.appending("journal"))
  }

  private static func item(_ sequence: Int, note: String, failing fault: Fault? = nil)
    -> ProcessedItem
  {
    ProcessedItem(
      result: ResultItem(
        sequence: sequence, id: "\(sequence)", requestID: "run_X:\(sequence)", source: [:],
        model: [:], outcome: fault.map { .failed($0) } ?? .succeeded(["note": .string(note)]),
        timings: Timings()))
  }

  private func write(_ lines: [[UInt8]], to name: String) throws {
    try folder.write(lines.flatMap { $0 }, to: RawPath("journal/\(name).jsonl"))
  }

  private func read(count: Int = 4) throws -> JournalSet {
    try JournalSet(directory, count: count, .read)
  }

  private func note(_ sequence: Int, in journals: JournalSet) throws -> String? {
    guard let (record, line) = try journals.read(sequence) else { return nil }
    return try JSONValue(parsing: Array(record.item(in: line)))["result"]?["note"]?.string
  }

  @Test func `an item that is done in any journal is done`() throws {
    try write([JournalRecord.encode(Self.item(0, note: "a"))], to: "0-of-1")
    try write([JournalRecord.encode(Self.item(3, note: "b"))], to: "2-of-5")
    try write([JournalRecord.encode(Self.item(2, note: "c"))], to: "not-a-journal")
    let journals = try read()
    #expect((0..<4).map { journals.index.contains($0) } == [true, false, false, true])
    #expect(journals.index.done == 2)
  }

  @Test func `the highest revision counts, wherever it stands`() throws {
    try write([JournalRecord.encode(Self.item(0, note: "new"), revision: 1)], to: "0-of-1")
    try write([JournalRecord.encode(Self.item(0, note: "old"))], to: "1-of-2")
    let journals = try read()
    #expect(try note(0, in: journals) == "new")
    #expect(journals.index.conflicts.isEmpty)
    #expect(journals.index.nextRevision(of: 0) == 2)
  }

  @Test func `the same bytes twice are fine and other bytes are a conflict`() throws {
    try write([JournalRecord.encode(Self.item(0, note: "a"))], to: "0-of-1")
    try write([JournalRecord.encode(Self.item(0, note: "a"))], to: "1-of-2")
    var journals = try read()
    #expect(journals.index.duplicates == 1)
    try journals.refuseConflicts()
    try write([JournalRecord.encode(Self.item(0, note: "b"))], to: "1-of-2")
    let fault = #expect(throws: Fault.self) { try read().refuseConflicts() }
    #expect(fault?.code == .runNondeterministic)
    journals = try read()
    journals.forget(0)
    try journals.refuseConflicts()
  }

  @Test(arguments: [
    (Fault.Code.resourceExhausted, true), (.timeoutItem, true), (.workerCrashed, true),
    (.imageDecodingFailed, false),
  ])
  func `a failure that depends on the moment gives way to a result`(
    code: Fault.Code, givesWay: Bool
  ) throws {
    let failed = JournalRecord.encode(Self.item(0, note: "", failing: Fault(code, "x")))
    let done = JournalRecord.encode(Self.item(0, note: "a"))
    for (first, second) in [(failed, done), (done, failed)] {
      try write([first], to: "0-of-1")
      try write([second], to: "1-of-2")
      let journals = try read()
      #expect(journals.index.conflicts.isEmpty == givesWay)
      if givesWay { #expect(try note(0, in: journals) == "a") }
    }
  }

  @Test func `a record that was set aside counts no more, and a later one does`() throws {
    let old = JournalRecord.encode(Self.item(0, note: "old"))
    try write([JournalEvent.pending(0, revision: 0).line()], to: "0-of-1")
    try write([old], to: "1-of-2")
    #expect(try !read().index.contains(0))
    #expect(try read().index.nextRevision(of: 0) == 1)
    try write([old, JournalRecord.encode(Self.item(0, note: "new"), revision: 1)], to: "1-of-2")
    #expect(try note(0, in: read()) == "new")
  }

  @Test func `starts are counted until there is a record`() throws {
    func line(_ event: JournalEvent) -> [UInt8] { event.line() }
    try write(
      [
        line(.open), line(.start(0, isAlone: false)), line(.start(1, isAlone: false)),
        JournalRecord.encode(Self.item(1, note: "a")), line(.crash),
        line(.open), line(.start(0, isAlone: true)), line(.crash),
        line(.open), line(.start(2, isAlone: false)), line(.close),
        line(.open), line(.start(3, isAlone: true)),
      ], to: "0-of-1")
    let histories = try read().starts.histories
    #expect(
      histories == [
        0: StartLedger.History(starts: 2, alone: 1, crashes: 2),
        3: StartLedger.History(starts: 1, alone: 1, crashes: 0),
      ])
  }

  @Test(arguments: [
    (3, 2, 3, true), (3, 1, 3, false), (2, 2, 2, false), (5, 4, 0, false), (6, 5, 0, true),
    (4, 3, 2, true),
  ])
  func `three crashes or six kills, two of them alone, condemn an item`(
    starts: Int, alone: Int, crashes: Int, isPoison: Bool
  ) {
    let history = StartLedger.History(starts: starts, alone: alone, crashes: crashes)
    #expect(history.isPoison == isPoison)
  }

  @Test(arguments: [
    ("0/1", true), ("63/64", true), ("64/64", false), ("-1/4", false), ("1", false), ("a/b", false),
    ("1/2/3", false), ("0/65537", false),
  ])
  func `a shard is a place among a number`(text: String, isShard: Bool) {
    #expect((Shard(text) != nil) == isShard)
  }

  @Test func `every id belongs to exactly one shard`() throws {
    for count in [1, 2, 3, 7, 64] {
      let shards = try (0..<count).map { try #require(Shard(index: $0, count: count)) }
      for id in ["", "a", "é", "e\u{301}", "a/b/c.jpg", String(repeating: "x", count: 5000)] {
        #expect(shards.count { $0.owns(id: id) } == 1)
      }
    }
  }

  @Test func `the list that is extended keeps its places`() throws {
    func list(_ ids: [String], label: String? = nil) -> InputList {
      var builder = InputListBuilder()
      for id in ids {
        var item = InputItem(sequence: builder.nextSequence, id: id, path: RawPath(id))
        item.echo["label"] = label.map(JSONValue.string)
        _ = builder.add(item)
      }
      return builder.finish()
    }
    let extended = try InputListExtension(list(["b", "c"]), adding: list(["a", "c", "d"]))
    #expect(extended.whole.map(\.id) == ["b", "c", "a", "d"])
    #expect(extended.whole.map(\.sequence) == [0, 1, 2, 3])
    #expect(extended.added.map(\.id) == ["a", "d"])
    #expect(extended.whole.sha256 == list(["b", "c", "a", "d"]).sha256)
    let fault = #expect(throws: Fault.self) {
      _ = try InputListExtension(list(["a"]), adding: list(["a"], label: "x"))
    }
    #expect(fault?.code == .resourceVersionConflict)
  }
}
