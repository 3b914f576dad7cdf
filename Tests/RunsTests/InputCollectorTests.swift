import Faults
import FileAccess
import InfercamTestSupport
import Testing
import Workers

@testable import Runs

#if canImport(Glibc)
import Glibc
#endif

struct InputCollectorTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  func collect(_ change: (inout InputSelection) -> Void = { _ in }) throws -> [InputItem] {
    var selection = InputSelection()
    selection.paths = [folder.path]
    change(&selection)
    return Array(try collectInputs(selection).list)
  }

  func names(_ change: (inout InputSelection) -> Void = { _ in }) throws -> [String] {
    try collect(change).map {
      RawPath(bytes: $0.path.bytes.dropFirst(folder.path.bytes.count + 1)).identifier
    }
  }

  func write(_ names: String...) throws {
    for name in names { try folder.write("x", to: name) }
  }

  @Test func `a folder is walked in the order of the bytes of the paths`() throws {
    try write("b.jpg", "a/z.png", "a.jpg", "a-b/c.jpg", "B.jpg", "é.jpg", "a/b/c.tif")
    #expect(
      try names() == [
        "B.jpg", "a-b/c.jpg", "a.jpg", "a/b/c.tif", "a/z.png", "b.jpg", "é.jpg",
      ])
    #expect(try collect().map(\.sequence) == Array(0..<7))
  }

  @Test func `hidden files, links and other files are left out unless asked for`() throws {
    try write("a.jpg", ".hidden.jpg", ".cache/b.jpg", "notes.txt", "noextension")
    _ = symlink("a.jpg", (folder.path.appending("link.jpg").text ?? ""))
    _ = symlink(".", (folder.path.appending("loop").text ?? ""))
    #expect(try names() == ["a.jpg"])
    #expect(try names { $0.includesHidden = true } == [".cache/b.jpg", ".hidden.jpg", "a.jpg"])
    #expect(try names { $0.followsSymbolicLinks = true } == ["a.jpg", "link.jpg"])
    #expect(
      try names { $0.include = [Glob(Array("*".utf8))] } == ["a.jpg", "noextension", "notes.txt"])
  }

  @Test func `what is left out is counted`() throws {
    try write("a.jpg", "notes.txt", "b/notes.txt")
    var selection = InputSelection()
    selection.paths = [folder.path]
    #expect(try collectInputs(selection).skipped == 2)
    #expect(try collectInputs(selection).skippedLinks == 0)
    for name in ["link.jpg", "link.txt", "b/link.png"] {
      _ = symlink("/nonexistent", folder.path.appending(RawPath(name)).text ?? "")
    }
    #expect(try collectInputs(selection).skipped == 2)
    #expect(try collectInputs(selection).skippedLinks == 2)
    selection.followsSymbolicLinks = true
    #expect(try collectInputs(selection).skippedLinks == 0)
  }

  @Test func `a folder with nothing but links says so`() throws {
    _ = symlink("/nonexistent", folder.path.appending("link.jpg").text ?? "")
    let fault = #expect(throws: Fault.self) { try collect() }
    #expect(
      fault?.message == "no input was found: symbolic links in folders are left out, see --follow")
  }

  @Test func `globs look below the folder that was given`() throws {
    try write("x/a.jpg", "x/b.jpg", "y/a.jpg", "a.png")
    #expect(try names { $0.include = [Glob(Array("x/*.jpg".utf8))] } == ["x/a.jpg", "x/b.jpg"])
    #expect(try names { $0.exclude = [Glob(Array("a.*".utf8))] } == ["x/b.jpg"])
    #expect(try names { $0.isRecursive = false } == ["a.png"])
  }

  @Test func `names that are not UTF-8 or differ in normalisation are all kept`() throws {
    let odd: [[UInt8]] = [
      [0xFF, 0xFE] + Array(".jpg".utf8), Array("new\nline.jpg".utf8), Array("-dash.jpg".utf8),
      Array("\u{E9}.jpg".utf8), Array("e\u{301}.jpg".utf8), Array("100%.jpg".utf8),
      Array((String(repeating: "n", count: 250) + ".jpg").utf8),
    ]
    for name in odd { try folder.write([1], to: RawPath(bytes: name)) }
    let items = try collect()
    #expect(items.count == odd.count)
    #expect(Set(items.map { Array($0.id.utf8) }).count == odd.count)
    for item in items { #expect(try FileStamp(of: item.path) != nil) }
    #expect(items.contains { $0.id.hasSuffix("%FF%FE.jpg") })
  }

  @Test func `a missing path is an item`() throws {
    let items = try collect { $0.paths = [RawPath("/nonexistent/a.jpg")] }
    #expect(items.map(\.id) == ["/nonexistent/a.jpg"])
  }

  @Test func `nothing at all is refused`() throws {
    let fault = #expect(throws: Fault.self) { try collect() }
    #expect(fault?.code == .inputNotFound)
  }

  @Test func `one input twice is refused unless it is allowed`() throws {
    try write("a.jpg")
    let file = folder.path.appending("a.jpg")
    let fault = #expect(throws: Fault.self) { try collect { $0.paths = [file, file] } }
    #expect(fault?.code == .manifestDuplicateId)
    let items = try collect {
      $0.paths = [file, file]
      $0.allowsDuplicates = true
    }
    #expect(items.count == 2)
  }

  @Test func `lists are split at their separator only`() throws {
    let lines = try folder.write("a.jpg\r\n\n b .jpg\nlast", to: "list.txt")
    #expect(
      try collect {
        $0.paths = []
        $0.filesFrom = lines
      }.map(\.id) == ["a.jpg", " b .jpg", "last"])
    let zeros = try folder.write("a\nb.jpg\u{0}c.jpg\u{0}", to: "list0.txt")
    #expect(
      try collect {
        $0.paths = []
        $0.files0From = zeros
      }.map(\.id) == ["a\nb.jpg", "c.jpg"])
  }

  @Test func `a run directory inside the inputs is no input`() throws {
    try write("a.jpg", "out/run.json", "out/inputs.jsonl", "out/heatmaps/a.jpg.png")
    #expect(try names() == ["a.jpg"])
  }

  @Test func `the digest of a list depends on every item and on the order`() throws {
    try write("a.jpg", "b.jpg")
    let (a, b) = (folder.path.appending("a.jpg"), folder.path.appending("b.jpg"))
    var digests: Set<String> = []
    for paths in [[a], [b], [a, b], [b, a]] {
      var selection = InputSelection()
      selection.paths = paths
      digests.insert(try collectInputs(selection).list.sha256)
    }
    #expect(digests.count == 4)
  }

  @Test func `a list tells how many of its items are left`() throws {
    try write("a.jpg", "b.jpg", "c.jpg", "d.jpg")
    var selection = InputSelection()
    selection.paths = [folder.path]
    let list = try collectInputs(selection).list
    let source = WindowedSource(ListSource(list, count: 2) { $0 % 2 == 1 }, window: 8)
    var remaining = [source.remaining]
    while case .element = source.next(wait: true) { remaining.append(source.remaining) }
    #expect(remaining == [2, 1, 0])
    #expect(ListSource(list).remaining == 4)
    #expect(StreamSource(capacity: 1).remaining == nil)
  }

  @Test func `a long list is read back item by item`() throws {
    let text = (0..<30_000).map { "folder/image-\($0).jpg\n" }.joined()
    let list = try folder.write(text, to: "list.txt")
    var selection = InputSelection()
    selection.filesFrom = list
    let collected = try collectInputs(selection).list
    #expect(collected.count == 30_000)
    #expect(collected.chunks.count > 1)
    var next = 0
    for item in collected {
      if item.sequence != next || item.id != "folder/image-\(next).jpg" {
        Issue.record("item \(next) is \(item.id)")
      }
      next += 1
    }
    #expect(next == 30_000)
  }
}
