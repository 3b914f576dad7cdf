import Digests
import Faults
import FileAccess
import InfercamTestSupport
import JSON
import Requests
import Testing

@testable import Runs

#if canImport(Glibc)
import Glibc
#endif

struct JournalTests {
  let folder: TemporaryFolder
  var directory: RunDirectory { RunDirectory(folder.path) }
  static let name = RawPath("journal/0-of-1.jsonl")

  init() throws {
    folder = try TemporaryFolder()
    try createDirectory(folder.path.appending("journal"))
  }

  static func item(_ sequence: Int, failing fault: Fault? = nil, padding: Int = 0) -> ProcessedItem
  {
    let result: JSONValue = ["note": .string(String(repeating: "x", count: padding))]
    let item = ResultItem(
      sequence: sequence, id: "image \(sequence) \"\n é", requestID: "run_X:\(sequence)",
      source: ["path": "p"], model: ["model": "m"],
      outcome: fault.map { .failed($0) } ?? .succeeded(result), timings: Timings())
    let files = [Artefact(path: "heatmaps/\(sequence).png", size: 10, sha256: "00")]
    return ProcessedItem(result: item, stamp: nil, artefacts: fault == nil ? files : [])
  }

  /// The journals of a run with the end of this process's.
  struct Opened {
    var journals: JournalSet
    var writer: JournalWriter

    init(_ directory: RunDirectory, count: Int = 10, _ access: JournalSet.Access) throws {
      journals = try JournalSet(directory, count: count, access)
      writer = try #require(journals.makeWriter(isDurable: false))
    }

    var index: JournalIndex { journals.index }

    mutating func append(_ items: [ProcessedItem]) throws {
      try journals.append(items, with: writer)
    }

    func read(_ sequence: Int) throws -> (record: JournalRecord, line: [UInt8])? {
      try journals.read(sequence)
    }
  }

  func open(count: Int = 10, _ access: JournalSet.Access = .exclusive) throws -> Opened {
    let opened = try Opened(directory, count: count, access)
    try opened.journals.refuseDamage()
    return opened
  }

  /// Opens the journal though a child of this process, started by another test, may hold its lock
  /// until it runs its program.
  func openWhenFree() throws -> Opened {
    while true {
      do {
        return try open()
      } catch let fault as Fault where fault.code == .runLocked {
        sched_yield()
      }
    }
  }

  /// Writes a journal of some items and returns its bytes and the ends of its lines.
  func written(_ items: [ProcessedItem]) throws -> (bytes: [UInt8], ends: [Int]) {
    do {
      var journal = try open(count: max(10, items.count))
      for item in items { try journal.append([item]) }
    }
    let bytes = try folder.read("journal/0-of-1.jsonl")
    return (bytes, bytes.indices.filter { bytes[$0] == 0x0A })
  }

  @Test func `records are read back`() throws {
    _ = try written([
      Self.item(3), Self.item(1, failing: Fault(.imageTooLarge, "big")), Self.item(0),
    ])
    let journal = try open()
    #expect(journal.index.done == 3)
    #expect(journal.index.succeeded == 2)
    #expect(journal.index.failures == ["image.too_large": 1])
    let (record, line) = try #require(try journal.read(3))
    #expect(Array(record.item(in: line)) == Self.item(3).result.json.encoded())
    #expect(
      record.digest == SHA256.hex(of: JSONValue.object(Self.item(3).result.reproducible).encoded()))
    #expect(record.files(in: line)?.artefacts.map(\.path) == ["heatmaps/3.png"])
    #expect(try journal.read(2) == nil)
  }

  @Test(arguments: [
    [], ["heatmaps/a.png"], ["heatmaps/a.png", "heatmaps/b.npy"], ["heatmaps/\"quoted\" \\ \n.png"],
    ["heatmaps/é.png", "heatmaps/\\.npy"],
  ])
  func `a record tells its files whatever their names are`(paths: [String]) throws {
    var item = Self.item(0)
    item.artefacts = paths.map { Artefact(path: $0, size: 1 << 40, sha256: "ab") }
    let line = Array(JournalRecord.encode(item).dropLast())
    let files = try #require(JournalRecord(line)?.files(in: line))
    #expect(files.artefacts == item.artefacts)
    #expect(files.stamp == nil)
  }

  @Test func `records are read in any order`() throws {
    let count = 400
    var random = SeededTensors(seed: 3)
    let places = Array(0..<count).shuffled(using: &random)
    _ = try written(places.map { Self.item($0, padding: 20_000) })
    let journals = try JournalSet(directory, count: count, .read)
    for sequence in Array(0..<count) + places {
      let (record, line) = try #require(try journals.read(sequence))
      #expect(record.sequence == sequence)
      #expect(record.files(in: line)?.artefacts.map(\.path) == ["heatmaps/\(sequence).png"])
    }
  }

  @Test func `each line is a JSON object`() throws {
    let (bytes, _) = try written([Self.item(0), Self.item(1, failing: Fault(.internalError, "x"))])
    for line in bytes.split(separator: 0x0A) {
      let value = try JSONValue(parsing: Array(line))
      #expect(value["item"]?["seq"] != nil)
      #expect(value["crc"]?.string?.count == 8)
    }
  }

  @Test func `the last record of an item counts`() throws {
    _ = try written([Self.item(0, failing: Fault(.internalError, "x")), Self.item(0)])
    let journal = try open()
    #expect(journal.index.succeeded == 1)
    #expect(journal.index.failed == 0)
  }

  @Test func `a torn end is cut off at any byte and the rest stays`() throws {
    let items = [Self.item(0), Self.item(1), Self.item(2)]
    let (bytes, ends) = try written(items)
    for length in (ends[0] + 1)..<bytes.count {
      try folder.write(Array(bytes[..<length]), to: Self.name)
      let whole = ends.filter { $0 < length }
      #expect(try openWhenFree().index.done == whole.count)
      #expect(try folder.read("journal/0-of-1.jsonl") == Array(bytes[..<((whole.last ?? -1) + 1)]))
      if length != (whole.last ?? -1) + 1 { #expect(folder.exists("journal/0-of-1.jsonl.torn")) }
    }
  }

  @Test func `a journal goes on after a torn end`() throws {
    let (bytes, _) = try written([Self.item(0), Self.item(1)])
    try folder.write(Array(bytes.dropLast(7)), to: Self.name)
    do {
      var journal = try open()
      #expect(journal.index.done == 1)
      try journal.append([Self.item(1), Self.item(2)])
    }
    #expect(try open().index.done == 3)
  }

  @Test func `damage before the end is refused, whatever byte it hits`() throws {
    let (bytes, ends) = try written([Self.item(0), Self.item(1), Self.item(2)])
    for offset in (ends[0] + 1)..<ends[1] {
      var damaged = bytes
      damaged[offset] ^= 0x01
      // A flipped bit may make a line feed, which makes two damaged lines.
      try folder.write(damaged, to: Self.name)
      let fault = #expect(throws: Fault.self) { _ = try open() }
      #expect(fault?.code == .runCorrupt)
      #expect(fault?.details["line"] == .int(2))
    }
  }

  @Test func `two processes cannot hold one journal`() throws {
    let first = try open()
    let fault = #expect(throws: Fault.self) { _ = try open() }
    #expect(fault?.code == .runLocked)
    #expect(first.index.done == 0)
  }

  @Test func `lines larger than a read are found`() throws {
    _ = try written([Self.item(0, padding: 5 << 20), Self.item(1)])
    #expect(try open().index.done == 2)
  }

  @Test func `records of items that do not exist are ignored`() throws {
    _ = try written([Self.item(9)])
    #expect(try open(count: 3).index.done == 0)
  }

  @Test func `results are written in the order of the inputs`() throws {
    var journal = try open(count: 3)
    try journal.append([Self.item(2), Self.item(0), Self.item(1)])
    var tally = ResultTally()
    let digest = try writeOrderedResults(
      journal.journals, to: directory.results, temporary: folder.path.appending("part"),
      isDurable: false, tally: &tally)
    #expect(tally.truthJSON.map(\.encodedText) == nil)
    let expected = (0..<3).map { Self.item($0).result }
    #expect(
      try folder.read("results.jsonl") == expected.flatMap { $0.json.encoded() + [0x0A] })
    var all = SHA256()
    for item in expected {
      all.update(SHA256.hex(of: JSONValue.object(item.reproducible).encoded()) + "\n")
    }
    #expect(digest == all.finishHex())
  }
}
