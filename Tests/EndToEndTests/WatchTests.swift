import FileAccess
import InfercamTestSupport
import JSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Following runs that other processes work on.
struct WatchTests {
  let program: Program

  init() throws {
    program = try Program()
    try program.makeInputs(copies: 2)
  }

  @Test func `a finished run is told at once, with its exit status`() throws {
    #expect(try program.run(["run", "in", "-o", "runs/a"]).status == 0)
    try program.folder.write("broken", to: "in/broken.jpg")
    #expect(try program.run(["run", "in", "-o", "runs/b"]).status == 1)
    for (name, status) in [("a", Int32(0)), ("b", 1)] {
      let watch = try program.run(["runs", "watch", "runs/\(name)", "--json"])
      #expect(watch.status == status, "\(watch.errors)")
      let lines = try watch.lines()
      let shown = try program.run(["runs", "show", "runs/\(name)", "--json"]).lines().first
      var members = shown?.object ?? [:]
      members["run"] = nil
      #expect(lines == [.object(members)])
      let id = try #require(lines.first?["job_id"]?.string)
      #expect(try program.run(["runs", "watch", id, "--json"]).lines() == lines)
    }
    let none = try program.run(["runs", "watch", "runs/c", "--json"])
    #expect(none.status == 3 && none.errors.contains("job.not_found"))
    let unknown = try program.run(["runs", "show", "run_01ARZ3NDEKTSV4RRFFQ69G5FAV"])
    #expect(unknown.status == 3 && unknown.errors.contains("job.not_found"))
  }

  #if DEBUG
  @Test(arguments: [false, true])
  func `a run that is killed and goes on is followed to its end`(sharded: Bool) throws {
    let hang = ["INFERCAM_FAULT": "item:hang:in/1-metal-crack-01.jpg"]
    let words = ["run", "in", "-o", "out", "-j", "1", "--batch", "1", "--heatmap", "none"]
    let first = try program.start(words + (sharded ? ["--shard", "0/1"] : []), environment: hang)
    first.waitUntil { program.folder.exists("out/run.json") }
    let watch = try program.start(["runs", "watch", "out", "--json"])
    watch.waitUntil { ((try? program.folder.size(watch.output)) ?? 0) > 0 }
    first.waitUntil { program.recorded([program.path("out/journal/0-of-1.jsonl")]) > 0 }
    first.send(SIGKILL)
    _ = try first.wait()
    watch.waitUntil { (try? text(watch.errors).contains("nobody is at work")) ?? false }
    #expect(watch.isRunning)
    let impatient = try program.run(["runs", "watch", "out", "--no-wait"])
    #expect(impatient.status == 75 && impatient.errors.contains("run.incomplete"))
    #expect(try program.run(words).status == 0)
    let ending = try watch.wait()
    #expect(ending.status == 0, "\(ending.errors)")
    let lines = try ending.lines()
    let states = lines.compactMap { $0["status"]?.string }
    #expect(states.contains("queued") && states.last == "succeeded", "\(states)")
    #expect(zip(lines, lines.dropFirst()).allSatisfy { $0 != $1 }, "a line for each change")
    let counts = lines.compactMap { $0["result_summary"]?["succeeded"]?.int }
    #expect(counts == counts.sorted() && counts.last == 10, "\(counts)")
  }

  @Test func `a run that is canceled ends the watch as it ends the run`() throws {
    let hang = ["INFERCAM_FAULT": "item:hang:in/1-metal-crack-01.jpg"]
    let words = ["run", "in", "-o", "out", "-j", "1", "--batch", "1", "--heatmap", "none"]
    let running = try program.start(words, environment: hang)
    running.waitUntil { program.recorded([program.path("out/journal/0-of-1.jsonl")]) > 0 }
    let watch = try program.start(["runs", "watch", "out", "--json"])
    #expect(try program.run(["runs", "cancel", "out"]).status == 0)
    running.send(SIGKILL)
    _ = try running.wait()
    let ending = try watch.wait()
    #expect(ending.status == 5, "\(ending.errors)")
    #expect(try ending.lines().last?["status"] == "canceled")
  }
  #endif

  private func text(_ path: String) throws -> String {
    String(decoding: try readRegularFile(RawPath(path), limit: 1 << 20).bytes, as: UTF8.self)
  }
}

extension Program {
  /// A path in the folder of the test.
  func path(_ name: String) -> String { folder.path.appending(name).display }
}

extension TemporaryFolder {
  /// The size of a file, by its whole path.
  func size(_ path: String) throws -> Int { try FileStamp(of: RawPath(path))?.size ?? 0 }
}
