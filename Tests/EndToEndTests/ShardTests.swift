import Digests
import FileAccess
import InfercamTestSupport
import JSON
import Testing

struct ShardTests {
  let program: Program

  init() throws {
    program = try Program()
    try program.makeInputs(copies: 3)
  }

  private func runShards(_ count: Int, _ run: String) throws -> [Program.Ending] {
    let processes = try (0..<count).map { index in
      try program.start(["run", "in", "-o", run, "-j", "1", "--shard", "\(index)/\(count)"])
    }
    return try processes.map { try $0.wait() }
  }

  @Test(arguments: [1, 3, 7])
  func `shards that start together give the bytes of a single run`(count: Int) throws {
    #expect(try program.run(["run", "in", "-o", "whole"]).status == 0)
    let endings = try runShards(count, "out")
    #expect(endings.map(\.status) == [Int32](repeating: 0, count: count))
    let shards = try endings.map { try #require(try $0.lines().first?["shard"]) }
    #expect(shards.compactMap { $0["items"]?.int }.reduce(0, +) == 15)
    let merged = try program.run(["runs", "merge", "out"])
    #expect(merged.status == 0, "\(merged.errors)")
    #expect(program.folder.exists("out/_SUCCESS"))
    #expect(try program.reproducibleResults("out") == program.reproducibleResults("whole"))
    #expect(try program.heatmaps("out") == program.heatmaps("whole"))
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
  }

  @Test func `any number of processes finish what others began`() throws {
    #expect(try program.run(["run", "in", "-o", "whole"]).status == 0)
    let first = try program.run(["run", "in", "-o", "out", "--shard", "1/3"])
    #expect(first.status == 0)
    #expect(first.errors.contains("items of other shards are missing"))
    #expect(!program.folder.exists("out/results.jsonl"))
    let early = try program.run(["runs", "merge", "out", "--json"])
    #expect(early.status == 75 && early.errors.contains("run.incomplete"))
    #expect(try program.run(["run", "in", "-o", "out", "--shard", "0/2"]).status == 0)
    let last = try program.run(["run", "in", "-o", "out"])
    #expect(last.status == 0)
    #expect(program.folder.exists("out/journal/1-of-3.jsonl"))
    #expect(try program.reproducibleResults("out") == program.reproducibleResults("whole"))
    let records = try ["1-of-3", "0-of-2", "0-of-1"].map { name in
      try program.folder.read("out/journal/\(name).jsonl").split(separator: 0x0A)
        .filter { $0.starts(with: #"{"d":"#.utf8) }.count
    }
    #expect(records.reduce(0, +) == 15, "no item is computed twice: \(records)")
  }

  @Test func `the last shard finishes the run`() throws {
    _ = try program.run(["run", "in", "-o", "out", "--shard", "0/2"])
    let last = try program.run(["run", "in", "-o", "out", "--shard", "1/2"])
    #expect(last.status == 0)
    #expect(try last.lines().first?["run_digest"]?.string != nil)
    let again = try program.run(["run", "in", "-o", "out", "--shard", "0/2"])
    #expect(try again.lines().first?["replayed"] == true)
  }

  @Test func `an item belongs to a shard by the SHA-256 of its id`() throws {
    _ = try program.run(["run", "in", "-o", "out", "--shard", "2/3"])
    let lines = try program.folder.read("out/journal/2-of-3.jsonl").split(separator: 0x0A)
    let ids = try lines.compactMap { try JSONValue(parsing: Array($0))["item"]?["id"]?.string }
    #expect(!ids.isEmpty)
    for id in ids {
      var digest = SHA256()
      digest.update(id)
      let remainder = digest.finish()[..<8].reduce(0) { ($0 * 256 + Int($1)) % 3 }
      #expect(remainder == 2)
    }
  }

  @Test func `shards that disagree are not merged`() throws {
    _ = try runShards(2, "out")
    _ = try program.run(["runs", "merge", "out"])
    for name in ["summary.json", "results.jsonl", "_SUCCESS"] {
      try removeFile(program.folder.path.appending("out/\(name)"))
    }
    let journal = try program.folder.read("out/journal/0-of-2.jsonl")
    let record = try #require(
      journal.split(separator: 0x0A).first { $0.starts(with: #"{"d":"#.utf8) })
    try program.folder.write(Array(record) + [0x0A], to: RawPath("out/journal/0-of-5.jsonl"))
    #expect(try program.run(["runs", "merge", "out"]).status == 0, "the same bytes are fine")
    try removeFile(program.folder.path.appending("out/summary.json"))
    let text = String(decoding: record, as: UTF8.self)
    let body = "{\"d\":\"" + String(repeating: "0", count: 64) + text.dropFirst(70).dropLast(18)
    let crc = String(crc32c(Array(body.utf8)), radix: 16)
    let seal = ",\"crc\":\"" + String(repeating: "0", count: 8 - crc.count) + crc + "\"}\n"
    try program.folder.write(body + seal, to: "out/journal/0-of-5.jsonl")
    let ending = try program.run(["runs", "merge", "out", "--json"])
    #expect(ending.status == 7)
    let error = try JSONValue(parsing: Array(ending.errors.utf8))["error"]
    #expect(error?["code"] == "run.nondeterministic")
    #expect(error?["details"]?["digests"]?.array?.count == 2)
  }

  @Test(arguments: [
    (
      ["SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "3"], 2, 4
    ),
    (["JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "3"], 0, 3),
    (["JOB_COMPLETION_INDEX": "1", "INFERCAM_SHARD_COUNT": "3"], 1, 3),
    (["AWS_BATCH_JOB_ARRAY_INDEX": "2", "AWS_BATCH_JOB_ARRAY_SIZE": "3"], 2, 3),
  ])
  func `the scheduler's variables name the shard`(
    variables: [String: String], index: Int, count: Int
  ) throws {
    let ending = try program.run(
      ["run", "in", "-o", "out", "--shard", "auto"], environment: variables)
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(try ending.lines().first?["shard"]?["index"]?.int == index)
    #expect(program.folder.exists("out/journal/\(index)-of-\(count).jsonl"))
  }

  @Test(
    arguments: [
      [:], ["JOB_COMPLETION_INDEX": "0"],
      ["SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_ARRAY_TASK_MIN": "0"],
    ] as [[String: String]])
  func `variables that name no shard are refused`(variables: [String: String]) throws {
    let ending = try program.run(
      ["run", "in", "-o", "out", "--shard", "auto"], environment: variables)
    #expect(ending.status == 2)
    #expect(!program.folder.exists("out"))
  }

  @Test func `shards and a single process keep each other out`() throws {
    let words = ["run", "in", "-o", "out", "--json"]
    #expect(try program.run(words + ["--shard", "0/2"]).status == 0)
    let file = try Descriptor(opening: program.folder.path.appending("out/LOCK"), 2)
    #expect(try file.lock(.shared))
    #expect(try program.run(words).status == 75)
    #expect(try program.run(["runs", "merge", "out"]).status == 75)
    #expect(try program.run(words + ["--shard", "1/2"]).status == 0)
    #expect(try file.lock(.exclusive))
    #expect(try program.run(words + ["--shard", "1/2"]).status == 75)
  }
}
