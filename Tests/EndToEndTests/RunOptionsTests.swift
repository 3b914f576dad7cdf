import FileAccess
import InfercamTestSupport
import JSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

struct RunOptionsTests {
  let program: Program

  init() throws {
    program = try Program()
    try program.makeInputs()
  }

  @Test func `new inputs are added to a finished run and the old ones stay as they are`() throws {
    try program.copySample("tile-clean-01.bmp", to: RawPath("more/a.bmp"))
    #expect(try program.run(["run", "in", "-o", "out"]).status == 0)
    let first = try program.reproducibleResults("out")
    #expect(try program.run(["run", "more", "-o", "out"]).status == 5)
    let extended = try program.run(["run", "more", "-o", "out", "--extend"])
    #expect(extended.status == 0, "\(extended.errors)")
    let results = try program.reproducibleResults("out")
    #expect(results.count == 6)
    #expect(Array(results.prefix(5)) == first)
    #expect(results.last?["id"] == "more/a.bmp" && results.last?["seq"] == 5)
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
    for input in ["in", "more"] {
      let again = try program.run(["run", input, "-o", "out", "--extend"])
      #expect(try again.lines().first?["replayed"] == true)
    }
    try program.copySample("tile-clean-01.bmp", to: RawPath("in/new.bmp"))
    #expect(try program.run(["run", "in", "-o", "out", "--extend"]).status == 0)
    #expect(try program.reproducibleResults("out").count == 7)
    #expect(program.folder.exists("out/extensions/2.jsonl"))
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
    var list = try program.folder.read("out/extensions/1.jsonl")
    list[10] ^= 1
    try program.folder.write(list, to: RawPath("out/extensions/1.jsonl"))
    #expect(try program.run(["runs", "verify", "out"]).status == 7)
  }

  @Test func `an id that stands for something else is not added`() throws {
    let item = #"{"id":"a","image":{"path":"in/0-tile-clean-01.bmp"}}"#
    try program.folder.write(item, to: "one.jsonl")
    try program.folder.write(item.dropLast() + #","label":"x"}"#, to: "two.jsonl")
    #expect(try program.run(["run", "--manifest", "one.jsonl", "-o", "out"]).status == 0)
    let ending = try program.run(
      ["run", "--manifest", "two.jsonl", "-o", "out", "--extend", "--json"])
    #expect(ending.status == 5)
    #expect(ending.errors.contains("resource.version_conflict"))
  }

  @Test func `a run keeps its key`() throws {
    let words = ["run", "in", "-o", "out", "--json"]
    #expect(try program.run(words + ["--run-key", "order-7"]).status == 0)
    #expect(try program.run(words + ["--run-key", "order-7"]).status == 0)
    #expect(try program.run(words).status == 0)
    let other = try program.run(words + ["--run-key", "order-8"])
    #expect(other.status == 5 && other.errors.contains("run_key"))
    let reused = try program.run(words + ["--run-key", "order-7", "--top-k", "2"])
    #expect(reused.status == 5 && reused.errors.contains("idempotency.key_reused"))
  }

  @Test func `the time of a run and of an item is limited`() throws {
    let late = try program.run(["run", "in", "-o", "out", "--deadline", "0.001", "-j", "1"])
    #expect(late.status == 75 || late.status == 0)
    #expect(try program.run(["run", "in", "-o", "out"]).status == 0)
    let slow = try program.run(["run", "in", "-o", "slow", "--item-timeout", "0.001"])
    #expect(slow.status == 1)
    let codes = try program.reproducibleResults("slow").map { $0["error"]?["code"]?.string }
    #expect(codes.contains("timeout.item"))
    let retried = try program.run(["run", "in", "-o", "slow", "--retry-failed"])
    #expect(retried.status == 0)
    #expect(try program.reproducibleResults("slow") == program.reproducibleResults("out"))
  }

  @Test func `only failures of the codes asked for are computed again`() throws {
    try program.folder.write("broken", to: "in/a.jpg")
    try program.copySample("tile-clean-01.bmp", to: RawPath("b.bmp"))
    let words = ["run", "in", "missing.bmp", "-o", "out"]
    #expect(try program.run(words).status == 1)
    try program.copySample("tile-clean-01.bmp", to: RawPath("missing.bmp"))
    let other = try program.run(words + ["--retry-failed", "--code", "storage.*"])
    #expect(try other.lines().first?["replayed"] == true)
    let again = try program.run(words + ["--retry-failed", "--code", "input.*"])
    #expect(again.status == 1)
    #expect(again.errors.contains("1 now"))
    let failed = try program.reproducibleResults("out").filter { $0["status"] == "failed" }
    #expect(failed.compactMap { $0["id"]?.string } == ["in/a.jpg"])
    #expect(try program.run(words + ["--code", "input.*"]).status == 2)
  }

  @Test func `heatmaps are named by digest on demand`() throws {
    #expect(try program.run(["run", "in", "-o", "names"]).status == 0)
    #expect(try program.run(["run", "in", "-o", "hash", "--layout", "hash"]).status == 0)
    let maps = try program.heatmaps("hash")
    #expect(maps.count == 10)
    #expect(maps.keys.allSatisfy { $0.bytes[2] == UInt8(ascii: "/") && $0.bytes.count < 45 })
    let names = try program.heatmaps("names")
    #expect(Set(maps.values) == Set(names.values))
    #expect(try program.run(["runs", "verify", "hash"]).status == 0)
    #expect(try program.run(["run", "in", "-o", "hash"]).status == 5)
  }

  @Test func `an input that changes between attempts is computed again`() throws {
    let words = ["run", "in", "-o", "out"]
    #expect(try program.run(words).status == 0)
    try program.copySample("leather-scratch-01.tif", to: RawPath("other.tif"))
    try removeFile(program.folder.path.appending("out/summary.json"))
    let changed = try program.folder.read("other.tif")
    try program.folder.write(changed, to: RawPath("in/0-leather-scratch-01.tif"))
    let ending = try program.run(words)
    #expect(ending.status == 0 && ending.errors.contains("1 now"))
    let journal = String(
      decoding: try program.folder.read("out/journal/0-of-1.jsonl"), as: UTF8.self)
    #expect(journal.contains(#""rev":1"#))
  }

  @Test func `a signal asks for the status`() throws {
    try program.makeInputs(copies: 12)
    let running = try program.start(["run", "in", "-o", "out", "-j", "1", "--progress", "none"])
    let journal = program.folder.path.appending("out/journal/0-of-1.jsonl")
    running.waitUntil { (((try? FileStamp(of: journal)) ?? nil)?.size ?? 0) > 1000 }
    running.send(SIGUSR1)
    let ending = try running.wait()
    #expect(ending.status == 0)
    #expect(ending.errors.contains("img/s, "))
  }

  @Test(arguments: ["link", "fifo"])
  func `a run directory that is no folder is refused`(kind: String) throws {
    let path = program.folder.path.appending("out").display
    if kind == "link" {
      try createDirectory(program.folder.path.appending("elsewhere"))
      #expect(symlink("elsewhere", path) == 0)
    } else {
      #expect(mkfifo(path, 0o600) == 0)
    }
    let ending = try program.run(["run", "in", "-o", "out", "--json"])
    #expect(ending.status == 5)
    #expect(try namesInDirectory(program.folder.path).allSatisfy { $0.text != "run.json" })
  }

  @Test func `a lock file that is removed lets nobody else in`() throws {
    try program.makeInputs(copies: 12)
    let running = try program.start(["run", "in", "-o", "out", "-j", "1", "--batch", "1"])
    let journal = program.folder.path.appending("out/journal/0-of-1.jsonl")
    running.waitUntil { (((try? FileStamp(of: journal)) ?? nil)?.size ?? 0) > 300 }
    try removeFile(program.folder.path.appending("out/LOCK"))
    let second = try program.run(["run", "in", "-o", "out"])
    let first = try running.wait()
    // Whoever comes second is turned away; the first one sees that its lock is gone.
    #expect([75, 0].contains(second.status), "\(second.errors)")
    #expect([5, 0].contains(first.status), "\(first.errors)")
    #expect(try program.run(["run", "in", "-o", "out"]).status == 0)
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
  }
}
