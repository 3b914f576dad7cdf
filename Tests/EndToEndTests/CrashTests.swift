#if DEBUG
import FileAccess
import InfercamTestSupport
import JSON
import Testing

struct CrashTests {
  let program: Program
  let words = ["run", "in", "-o", "out", "-j", "2", "--batch", "4"]

  init() throws {
    program = try Program()
    try program.makeInputs(copies: 3)
  }

  /// Runs until the program ends by itself; returns the last ending and how many were killed.
  private func runToTheEnd(
    _ words: [String], _ plan: String, limit: Int
  ) throws -> (ending: Program.Ending, crashes: Int) {
    for crashes in 0..<limit {
      let ending = try program.run(words, environment: ["INFERCAM_FAULT": plan])
      if ending.status < 128 { return (ending, crashes) }
    }
    throw EndlessCrashes()
  }

  private struct EndlessCrashes: Error {}

  @Test(arguments: [("abort", 4), ("kill", 7)])
  func `an item that ends the program is recorded and all others are done`(
    effect: String, limit: Int
  ) throws {
    #expect(try program.run(["run", "in", "-o", "whole"]).status == 0)
    let id = "in/1-metal-crack-01.jpg"
    let (ending, crashes) = try runToTheEnd(words, "item:\(effect):\(id)", limit: limit)
    #expect(ending.status == 1)
    #expect(crashes == limit - 1)
    let whole = try program.reproducibleResults("whole")
    let results = try program.reproducibleResults("out")
    #expect(results.count == whole.count)
    for (result, expected) in zip(results, whole) {
      if result["id"]?.string == id {
        #expect(result["error"]?["code"] == "worker.crashed")
      } else {
        #expect(result == expected)
      }
    }
    let repaired = try program.run(words + ["--retry-failed", "--code", "worker.*"])
    #expect(repaired.status == 0)
    #expect(try program.reproducibleResults("out") == whole)
  }

  @Test func `an item whose file never answers fails and all others are done`() throws {
    #expect(try program.run(["run", "in", "-o", "whole"]).status == 0)
    let id = "in/1-metal-crack-01.jpg"
    let ending = try program.run(
      words + ["--item-timeout", "3"], environment: ["INFERCAM_FAULT": "item:stall:\(id)"])
    #expect(ending.status == 1, "\(ending.errors)")
    let failed = try program.reproducibleResults("out").first { $0["id"]?.string == id }
    #expect(failed?["error"]?["code"] == "timeout.item")
    let repaired = try program.run(words + ["--retry-failed"])
    #expect(repaired.status == 0)
    #expect(
      try program.reproducibleResults("out") == program.reproducibleResults("whole"))
  }

  @Test func `several such items end within three attempts each`() throws {
    let ids = ["in/0-tile-clean-01.bmp", "in/2-fabric-clean-01.png"]
    let plan = ids.map { "item:abort:\($0)" }.joined(separator: ",")
    let (ending, crashes) = try runToTheEnd(words, plan, limit: 3 * ids.count + 1)
    #expect(ending.status == 1)
    #expect(crashes <= 3 * ids.count)
    let failed = try program.reproducibleResults("out").filter { $0["status"] == "failed" }
    #expect(failed.compactMap { $0["id"]?.string } == ids)
  }

  @Test func `a crash that does not come back leaves no trace in the results`() throws {
    #expect(try program.run(["run", "in", "-o", "whole"]).status == 0)
    let crash = ["INFERCAM_FAULT": "item:abort:in/1-tile-clean-01.bmp"]
    #expect(try program.run(words, environment: crash).status == 128 + 6)
    #expect(try program.run(words).status == 0)
    #expect(try program.reproducibleResults("out") == program.reproducibleResults("whole"))
  }

  @Test func `an attempt that ends in order accuses no item`() throws {
    let plan = ["INFERCAM_FAULT": "fdatasync:EIO:2:always"]
    for _ in 0..<8 { #expect(try program.run(words, environment: plan).status == 6) }
    #expect(try program.run(words).status == 0)
  }
}
#endif
