import FileAccess
import InfercamTestSupport
import JSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Runs that are killed again and again at any moment.
///
/// `INFERCAM_TEST_KILLS` says how many times.
struct KillTests {
  let program: Program

  init() throws {
    program = try Program()
  }

  @Test func `a run killed at random moments loses nothing and ends in the same bytes`() throws {
    try program.makeInputs(copies: 16)
    try program.folder.write("broken", to: "in/broken.jpg")
    let words = ["run", "in", "--heatmap", "png,npy", "--progress", "json"]
    #expect(try program.run(words + ["-o", "whole"]).status == 1)
    let expected = try program.reproducibleResults("whole")
    let heatmaps = try program.heatmaps("whole")
    let digest = try digest(of: "whole")

    var random = SeededTensors(seed: 1)
    let kills = repetitions("INFERCAM_TEST_KILLS", default: 12)
    var killed = 0
    var run = 0
    while killed < kills {
      run += 1
      let output = "out\(run)"
      var acknowledged = 0
      while true {
        let processes = try start(words + ["-o", output], &random)
        let wait = UInt32.random(in: 0..<400_000, using: &random)
        let signal = [SIGKILL, SIGKILL, SIGTERM, SIGINT].randomElement(using: &random) ?? SIGKILL
        if killed < kills { usleep(wait) }
        let stopped = killed < kills ? processes.filter(\.isRunning) : []
        for process in stopped { process.send(signal) }
        let endings = try processes.map { try $0.wait() }
        killed += stopped.isEmpty ? 0 : 1
        acknowledged = processes.reduce(acknowledged) {
          max($0, program.acknowledged($1))
        }
        for ending in endings {
          #expect([0, 1, 75, 128 + signal].contains(ending.status), "\(ending.errors)")
        }
        #expect(program.recorded(journals(output)) >= acknowledged)
        if try isFinished(output) { break }
        if stopped.isEmpty, endings.count > 1 {
          // Every shard is done and none could finish the run, since they ended together.
          let merged = try program.run(["runs", "merge", output])
          #expect(merged.status == 1, "\(merged.errors)")
          break
        }
      }
      #expect(try program.reproducibleResults(output) == expected)
      #expect(try program.heatmaps(output) == heatmaps)
      #expect(try self.digest(of: output) == digest)
      #expect(try program.run(["runs", "verify", output]).status == 0)
      try removeTree(program.folder.path.appending(output))
    }
  }

  /// Starts the run as one process or as several shards, with any batch and number of workers.
  private func start(
    _ words: [String], _ random: inout SeededTensors
  ) throws -> [Program.Running] {
    let shards = [1, 1, 2, 3].randomElement(using: &random) ?? 1
    return try (0..<shards).map { index in
      let batch = [1, 3, 8].randomElement(using: &random) ?? 1
      let workers = Int.random(in: 1...3, using: &random)
      let shard = shards == 1 ? [] : ["--shard", "\(index)/\(shards)"]
      return try program.start(words + ["--batch", "\(batch)", "-j", "\(workers)"] + shard)
    }
  }

  private func journals(_ output: String) -> [String] {
    let folder = program.folder.path.appending("\(output)/journal")
    let names = (try? namesInDirectory(folder)) ?? []
    return names.map { folder.appending($0).display }.filter { $0.hasSuffix(".jsonl") }
  }

  private func isFinished(_ output: String) throws -> Bool {
    guard program.folder.exists("\(output)/summary.json") else { return false }
    let summary = try JSONValue(parsing: program.folder.read("\(output)/summary.json"))
    return summary["status"] == "failed"
  }

  private func digest(of output: String) throws -> JSONValue? {
    try JSONValue(parsing: program.folder.read("\(output)/summary.json"))["run_digest"]
  }
}
