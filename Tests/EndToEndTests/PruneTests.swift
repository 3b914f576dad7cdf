import FileAccess
import InfercamTestSupport
import JSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Runs with a time to live, and what removes them.
struct PruneTests {
  let program: Program

  init() throws {
    program = try Program()
    try program.makeInputs()
  }

  private func run(_ name: String, _ flags: [String]) throws -> Program.Ending {
    try program.run(["run", "in", "-o", "runs/\(name)", "--json"] + flags)
  }

  private func prune(_ flags: [String] = []) throws -> (status: Int32, report: JSONValue?) {
    let ending = try program.run(["runs", "prune", "runs", "--json"] + flags)
    return (ending.status, try ending.lines().first)
  }

  private func removed(_ report: JSONValue?) -> [String] {
    report?["removed"]?.array?.compactMap { $0["output"]?.string } ?? []
  }

  @Test func `a run whose time is over is gone for readers, then removed`() throws {
    #expect(try run("kept", []).status == 0)
    #expect(try run("long", ["--ttl", "24"]).status == 0)
    let job = try #require(try run("over", ["--ttl", "0"]).lines().first)
    #expect(job["expires_at"] == job["completed_at"])
    try program.folder.write("mine", to: "runs/over/notes.txt")
    try program.folder.write(#"{"schema":"other"}"#, to: "runs/foreign/run.json")
    try program.folder.write("x", to: "runs/foreign/inputs.jsonl")
    try program.folder.write("x", to: "runs/marked/EXPIRED")
    #expect(symlink("kept", program.path("runs/link")) == 0)

    for words in [["runs", "show"], ["runs", "results"], ["runs", "watch"]] {
      let ending = try program.run(words + ["runs/over", "--json"])
      #expect(ending.status == 3 && ending.errors.contains(#""code":"job.expired""#))
      #expect(ending.errors.contains(#""status":410"#))
    }
    let again = try run("over", [])
    #expect(again.status == 3 && again.errors.contains("job.expired"))
    let list = try program.run(["runs", "list", "runs", "--status", "expired", "--json"])
    #expect(try list.lines().first?["items"]?.array?.count == 1)

    let preview = try prune(["--dry-run"])
    #expect(removed(preview.report) == ["runs/over"])
    #expect(program.folder.exists("runs/over/_SUCCESS"))
    let (status, report) = try prune()
    #expect(status == 0 && removed(report) == ["runs/over"])
    #expect(report?["kept"] == 2)
    let names = try namesInDirectory(program.folder.path.appending("runs/over"))
    #expect(names.map(\.text) == ["notes.txt"], "what is no run's stays")
    #expect(try program.folder.read("runs/marked/EXPIRED") == Array("x".utf8))
    #expect(program.folder.exists("runs/foreign/inputs.jsonl"))
    #expect(program.folder.exists("runs/link/results.jsonl"))
    #expect(try removed(prune().report) == [])
    #expect(try program.run(["runs", "verify", "runs/long"]).status == 0)
    #expect(try program.run(["runs", "prune", "runs/long"]).status == 2)
  }

  @Test func `the time to live is none of what the results depend on`() throws {
    let plain = try #require(try run("a", []).lines().first)
    let timed = try #require(try run("b", ["--ttl", "1.5"]).lines().first)
    #expect(plain["run_digest"] == timed["run_digest"])
    #expect(plain["expires_at"] == .null && timed["expires_at"]?.string != nil)
    #expect(try run("b", []).lines().first?["replayed"] == true)
    #expect(try run("b", ["--ttl", "1.5"]).lines().first?["replayed"] == true)
    let other = try run("b", ["--ttl", "2"])
    #expect(other.status == 5 && other.errors.contains("ttl_hours"))
    for value in ["-1", "x", "inf"] { #expect(try run("c", ["--ttl", value]).status == 2) }
  }

  @Test func `work renews the time of a run that has not finished`() throws {
    let words = ["--ttl", "0", "--shard"]
    #expect(try run("out", words + ["0/2"]).status == 0)
    let shown = try program.run(["runs", "show", "runs/out", "--json"])
    #expect(shown.status == 3 && shown.errors.contains("job.expired"))
    let last = try run("out", words + ["1/2"])
    #expect(last.status == 0, "\(last.errors)")
    #expect(try last.lines().first?["run_digest"]?.string != nil)
    #expect(try run("out", ["--overwrite"]).status == 0)
    #expect(try program.run(["runs", "show", "runs/out"]).status == 0)
  }

  @Test func `what is left of a run whose removal was interrupted is no run, and goes`() throws {
    #expect(try run("out", ["--ttl", "0"]).status == 0)
    // As a kill leaves it after the first step, and later.
    for lost in [[], ["results.jsonl", "summary.json"], ["inputs.jsonl", "_SUCCESS"]] {
      let output = "runs/half\(lost.count)\(lost.first ?? "")"
      #expect(shell("cp -r '\(program.path("runs/out"))' '\(program.path(output))'") == 0)
      #expect(rename(program.path("\(output)/run.json"), program.path("\(output)/EXPIRED")) == 0)
      for name in lost { try removeFile(program.folder.path.appending("\(output)/\(name)")) }
      for verb in ["show", "results", "verify", "merge", "watch", "cancel"] {
        let ending = try program.run(["runs", verb, output, "--json"])
        #expect(ending.status == 3 && ending.errors.contains("job.expired"), "\(ending.errors)")
      }
    }
    let again = try program.run(["run", "in", "-o", "runs/half0", "--json"])
    #expect(again.status == 0, "\(again.errors)")
    #expect(try again.lines().first?["replayed"] == false)
    #expect(try program.run(["runs", "verify", "runs/half0"]).status == 0)
    let (status, report) = try prune()
    #expect(status == 0 && removed(report).count == 3)
    #expect(try namesInDirectory(program.folder.path.appending("runs")).map(\.text) == ["half0"])
  }

  #if DEBUG
  /// Every call of the system on the way fails or kills in turn.
  @Test(arguments: ["kill", "EIO"])
  func `a removal that breaks off is finished by the next`(fault: String) throws {
    for (call, step) in [("open", 5), ("write", 1), ("fsync", 1), ("rename", 1), ("flock", 2)] {
      for number in stride(from: 1, through: 60, by: step) {
        if !program.folder.exists("runs/out/run.json") {
          #expect(try run("out", ["--ttl", "0", "--heatmap", "none"]).status == 0)
        }
        let broken = try program.run(
          ["runs", "prune", "runs", "--json"],
          environment: ["INFERCAM_FAULT": "\(call):\(fault):\(number)"])
        if !broken.errors.contains("fault point") { break }
        let isRun = program.folder.exists("runs/out/run.json")
        if isRun {
          #expect(try program.run(["runs", "verify", "runs/out"]).status == 0, "\(call) \(number)")
        } else {
          #expect(try program.run(["runs", "show", "runs/out"]).status == 3)
        }
        let (status, _) = try prune()
        #expect(status == 0)
        #expect(!program.folder.exists("runs/out/run.json"), "\(call) \(number)")
        #expect(!program.folder.exists("runs/out/EXPIRED"), "\(call) \(number)")
      }
    }
  }

  @Test func `a run that a process works on is left alone`() throws {
    let running = try program.start(
      ["run", "in", "-o", "runs/out", "--ttl", "0", "-j", "1", "--batch", "1"],
      environment: ["INFERCAM_FAULT": "item:hang:in/0-metal-crack-01.jpg"])
    running.waitUntil { program.recorded([program.path("runs/out/journal/0-of-1.jsonl")]) > 0 }
    let (status, report) = try prune()
    #expect(status == 0 && report?["kept"] == 1 && removed(report) == [])
    #expect(running.isRunning)
    running.send(SIGKILL)
    _ = try running.wait()
    #expect(try removed(prune().report) == ["runs/out"])
    #expect(!program.folder.exists("runs/out"))
  }
  #endif

  @Test func `a run without its list of inputs is told, not hidden`() throws {
    #expect(try run("sound", []).status == 0)
    #expect(try run("broken", []).status == 0)
    try removeFile(program.folder.path.appending("runs/broken/inputs.jsonl"))
    try program.folder.write(#"{"schema":"other"}"#, to: "runs/foreign/run.json")
    let list = try program.run(["runs", "list", "runs", "--json"])
    #expect(list.status == 0 && list.errors.contains("inputs.jsonl"))
    let page = try #require(try list.lines().first)
    #expect(page["items"]?.array?.count == 1)
    let unreadable = page["unreadable"]?.array ?? []
    #expect(unreadable.compactMap { $0["output"]?.string } == ["runs/broken"])
    #expect(unreadable.first?["error"]?["code"] == "run.corrupt")
  }
}
