import FileAccess
import InfercamTestSupport
import JSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Listing, filtering and canceling runs.
struct JobTests {
  let program: Program

  init() throws {
    program = try Program()
  }

  private func list(_ flags: [String] = []) throws -> (ids: [String], next: String?) {
    let ending = try program.run(["runs", "list", "runs", "--json"] + flags)
    #expect(ending.status == 0, "\(ending.errors)")
    let page = try #require(try ending.lines().first)
    let items = page["items"]?.array ?? []
    #expect(page["page"]?["size"]?.int == items.count)
    return (items.compactMap { $0["output"]?.string }, page["page"]?["next_cursor"]?.string)
  }

  @Test func `runs are listed newest first, filtered and page by page`() throws {
    try program.makeInputs()
    for name in ["b", "c", "a"] { try program.run(["run", "in", "-o", "runs/\(name)"]) }
    try program.folder.write("broken", to: "in/broken.jpg")
    try program.run(["run", "in", "-o", "runs/d"])
    try program.folder.write("no run", to: "runs/e/file")
    #expect(try list().ids == ["runs/d", "runs/a", "runs/c", "runs/b"])
    #expect(try list(["--status", "failed"]).ids == ["runs/d"])
    #expect(try list(["--status", "failed", "--status", "succeeded"]).ids.count == 4)
    #expect(try list(["--status", "running"]).ids == [])
    let page = try #require(try program.run(["runs", "show", "runs/d"]).lines().first)
    let model = try #require(page["model"]?.string)
    let version = try #require(page["model_version"]?.string)
    #expect(try list(["--model", model]).ids.count == 4)
    #expect(try list(["--model", "\(model)@\(version)"]).ids.count == 4)
    #expect(try list(["--model", "\(model)@other"]).ids == [])
    #expect(try list(["--since", "1h"]).ids.count == 4)
    #expect(try list(["--until", "1h"]).ids == [])
    let submitted = try #require(page["submitted_at"]?.string)
    #expect(try list(["--since", submitted]).ids == ["runs/d"])
    #expect(try list(["--until", submitted]).ids == ["runs/a", "runs/c", "runs/b"])
    let first = try list(["--limit", "2"])
    #expect(first.ids == ["runs/d", "runs/a"])
    let cursor = try #require(first.next)
    try removeTree(program.folder.path.appending("runs/a"))
    try program.run(["run", "in", "-o", "runs/new"])
    let second = try list(["--limit", "2", "--cursor", cursor])
    #expect(second.ids == ["runs/c", "runs/b"], "runs that come or go do not shift the pages")
    #expect(second.next == nil)
  }

  @Test(arguments: [
    ["--cursor", "5"], ["--cursor", "MCAw"], ["--since", "yesterday"], ["--until", "2026-02-30"],
    ["--status", "dead"], ["--limit", "0"],
  ])
  func `what is no filter is refused`(flags: [String]) throws {
    let ending = try program.run(["runs", "list", "."] + flags)
    #expect(ending.status == 2)
    #expect(ending.errors.contains("param.out_of_range"))
  }

  @Test func `results are filtered, and their cursors belong to them`() throws {
    try program.makeInputs()
    try program.folder.write("broken", to: "in/broken.jpg")
    try program.run(["run", "in", "-o", "out"])
    func ids(_ flags: [String]) throws -> [String] {
      let page = try program.run(["runs", "results", "out"] + flags).lines().first
      return page?["items"]?.array?.compactMap { $0["id"]?.string } ?? []
    }
    #expect(try ids(["--status", "failed"]) == ["in/broken.jpg"])
    #expect(try ids(["--code", "image.*"]) == ["in/broken.jpg"])
    #expect(try ids(["--code", "storage.*"]) == [])
    let results = try program.reproducibleResults("out")
    let best = results.compactMap { $0["result"]?["classes"]?.array?.first?["label"]?.string }
    let label = try #require(best.first)
    #expect(try ids(["--class", label]).count == best.count { $0 == label })
    let page = try program.run(["runs", "results", "out", "--limit", "2"]).lines().first
    let cursor = try #require(page?["page"]?["next_cursor"]?.string)
    #expect(Int(cursor) == nil)
    for wrong in ["0", "17", cursor + "A", String(cursor.dropLast())] {
      let ending = try program.run(["runs", "results", "out", "--cursor", wrong])
      #expect(ending.status == 2, "\(wrong)")
    }
    try program.run(["run", "in", "-o", "other"])
    #expect(try program.run(["runs", "results", "other", "--cursor", cursor]).status == 2)
  }

  @Test func `a run whose process was killed is queued, not running`() throws {
    try program.makeInputs(copies: 12)
    let running = try program.start(
      ["run", "in", "-o", "runs/x", "-j", "1", "--durability", "item", "--method", "scorecam"])
    let journal = program.folder.path.appending("runs/x/journal/0-of-1.jsonl")
    running.waitUntil { (((try? FileStamp(of: journal)) ?? nil)?.size ?? 0) > 6_000 }
    let during = try program.run(["runs", "show", "runs/x"]).lines().first
    running.send(SIGKILL)
    guard try running.wait().status != 0 else { return }
    #expect(during?["status"] == "running" && during?["active"] == true)
    let after = try program.run(["runs", "list", "runs", "--json"]).lines().first
    let job = try #require(after?["items"]?.array?.first)
    #expect(job["status"] == "queued" && job["active"] == false)
    #expect((job["result_summary"]?["succeeded"]?.int ?? 0) > 0, "counts come from the journal")
    #expect(try list(["--status", "queued"]).ids == ["runs/x"])
  }

  @Test(arguments: [[[]], [["--shard", "0/2"], ["--shard", "1/2"]]])
  func `a run at work is canceled and goes on only when asked`(shards: [[String]]) throws {
    try program.makeInputs(copies: 2)
    #expect(
      try program.run(["run", "in", "-o", "whole", "--method", "scorecam", "--faithfulness"]).status
        == 0)
    let slow = ["--method", "scorecam", "--faithfulness"]
    let words =
      ["run", "in", "-o", "out", "-j", "1", "--batch", "1", "--durability", "item"] + slow
    let processes = try shards.map { try program.start(words + $0) }
    let journals = ["0-of-1", "0-of-2", "1-of-2"].map {
      program.folder.path.appending("out/journal/\($0).jsonl")
    }
    processes[0].waitUntil {
      journals.contains { (((try? FileStamp(of: $0)) ?? nil)?.size ?? 0) > 3_000 }
    }
    let cancel = try program.run(["runs", "cancel", "out", "--json"])
    let endings = try processes.map { try $0.wait() }
    // On a machine that is fast enough everything may have been done.
    guard cancel.status == 0, endings.contains(where: { $0.status == 5 }) else { return }
    #expect(try cancel.lines().first?["cancel_requested"] == true)
    for ending in endings where ending.status != 0 {
      #expect(ending.status == 5, "\(ending.errors)")
      #expect(ending.errors.contains("--resume") || ending.errors.contains("job.canceled"))
    }
    let job = try program.run(["runs", "show", "out"]).lines().first
    #expect(job?["status"] == "canceled" && job?["active"] == false)
    let again = try program.run(words + (shards.first ?? []) + ["--json"])
    #expect(again.status == 5 && again.errors.contains("job.canceled"))
    let resumed = try program.run(words + ["--resume"])
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(!program.folder.exists("out/CANCEL"))
    #expect(try program.reproducibleResults("out") == program.reproducibleResults("whole"))
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
  }

  @Test func `who comes to a canceled run writes down what those who left could not`() throws {
    try program.makeInputs()
    #expect(try program.run(["run", "in", "-o", "out", "--shard", "0/2"]).status == 0)
    do {
      // As another shard at work holds it.
      let lock = try Descriptor(opening: program.folder.path.appending("out/LOCK"), O_RDWR)
      #expect(try lock.lock(.shared))
      #expect(try program.run(["runs", "cancel", "out"]).status == 0)
      #expect(!program.folder.exists("out/summary.json"))
    }
    #expect(try program.run(["run", "in", "-o", "out", "--shard", "1/2"]).status == 5)
    let summary = try JSONValue(parsing: program.folder.read("out/summary.json"))
    #expect(summary["status"] == "canceled" && summary["error"]?["code"] == "job.canceled")
  }

  @Test func `a run that nobody works on is canceled at once`() throws {
    try program.makeInputs()
    #expect(try program.run(["run", "in", "-o", "out", "--shard", "0/2"]).status == 0)
    let first = try program.run(["runs", "cancel", "out", "--json"])
    #expect(first.status == 0, "\(first.errors)")
    #expect(try first.lines().first?["status"] == "canceled")
    #expect(try program.run(["runs", "cancel", "out"]).status == 0, "once more changes nothing")
    #expect(try program.run(["runs", "verify", "out"]).status == 75)
    #expect(try program.run(["run", "in", "-o", "out", "--shard", "1/2"]).status == 5)
    #expect(try program.run(["run", "in", "-o", "out", "--shard", "1/2", "--resume"]).status == 0)
    let finished = try program.run(["runs", "cancel", "out", "--json"])
    #expect(finished.status == 5 && finished.errors.contains("job.already_completed"))
    #expect(!program.folder.exists("out/CANCEL"))
    #expect(try program.run(["runs", "cancel", "nothing"]).status == 3)
  }
}
