import FileAccess
import InfercamTestSupport
import JSON
import Testing

struct RepairTests {
  let program: Program
  let words = ["run", "in", "-o", "out"]

  init() throws {
    program = try Program()
    try program.makeInputs()
    #expect(try program.run(words).status == 0)
  }

  /// Repairs, computes again and compares with what was there before the damage.
  private func expectRepair(
    demoting count: Int, status: Int32 = 7, _ damage: () throws -> Void
  ) throws {
    let results = try program.reproducibleResults("out")
    let heatmaps = try program.heatmaps("out")
    try damage()
    #expect(try program.run(["runs", "verify", "out"]).status == status)
    let repaired = try program.run(["runs", "verify", "out", "--repair"])
    #expect(repaired.status == 0, "\(repaired.errors)")
    let report = try #require(try repaired.lines().first)
    #expect(report["sound"] == .bool(status != 7) && report["repaired"] == true)
    #expect(report["demoted"]?.int == count)
    let resumed = try program.run(words)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try program.reproducibleResults("out") == results)
    #expect(try program.heatmaps("out") == heatmaps)
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
  }

  private func flip(_ name: String, at place: (Int) -> Int) throws {
    var bytes = try program.folder.read("out/\(name)")
    bytes[place(bytes.count)] ^= 1
    try program.folder.write(bytes, to: RawPath("out/\(name)"))
  }

  @Test func `an edited heatmap of the same size is found and computed again`() throws {
    try expectRepair(demoting: 1) {
      try flip("heatmaps/in/0-tile-clean-01.bmp.png") { $0 / 2 }
    }
  }

  @Test func `a lost heatmap is found and computed again`() throws {
    try expectRepair(demoting: 1) {
      try removeFile(program.folder.path.appending("out/heatmaps/in/0-tile-clean-01.bmp.raw.npy"))
    }
  }

  @Test func `a damaged line of the journal costs its item only`() throws {
    let before = try program.folder.read("out/journal/0-of-1.jsonl")
    let end = try #require(before.firstRange(of: Array(#"{"d":"#.utf8))).upperBound
    try expectRepair(demoting: 0) {
      try flip("journal/0-of-1.jsonl") { _ in end + 10 }
    }
    #expect(program.folder.exists("out/journal/0-of-1.jsonl.damaged"))
    let lines = try program.folder.read("out/journal/0-of-1.jsonl").split(separator: 0x0A)
    #expect(lines.count { $0.starts(with: #"{"d":"#.utf8) } == 5)
  }

  @Test(arguments: ["results.jsonl", "summary.json", "_SUCCESS"])
  func `what is made from the journal is made again`(name: String) throws {
    // Without its summary a run is one that has not finished yet.
    try expectRepair(demoting: 0, status: name == "summary.json" ? 75 : 7) {
      try removeFile(program.folder.path.appending("out/\(name)"))
    }
  }

  @Test func `a run whose last file was not written is finished by the same command`() throws {
    let marker = try program.folder.read("out/_SUCCESS")
    try removeFile(program.folder.path.appending("out/_SUCCESS"))
    #expect(try program.run(words).status == 0)
    #expect(try program.folder.read("out/_SUCCESS") == marker)
  }

  @Test func `an end that was interrupted before its last file is unfinished, not damaged`() throws
  {
    let marker = try program.folder.read("out/_SUCCESS")
    try removeFile(program.folder.path.appending("out/_SUCCESS"))
    try program.folder.write(marker, to: RawPath("out/tmp/new-_SUCCESS"))
    #expect(try program.run(["runs", "verify", "out"]).status == 75)
    #expect(try program.run(words).status == 0)
    #expect(try program.folder.read("out/_SUCCESS") == marker)
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
  }

  @Test func `a changed list of inputs cannot be repaired`() throws {
    try flip("inputs.jsonl") { $0 / 2 }
    #expect(try program.run(["runs", "verify", "out"]).status == 7)
    let ending = try program.run(["runs", "verify", "out", "--repair", "--json"])
    #expect(ending.status == 7)
    #expect(ending.errors.contains("run.corrupt"))
  }

  @Test func `files that belong to no item are named and left alone`() throws {
    try program.folder.write("mine", to: "out/heatmaps/in/notes.txt")
    let ending = try program.run(["runs", "verify", "out", "--repair"])
    #expect(ending.status == 0)
    #expect(try ending.lines().first?["unknown_files"]?.array == ["heatmaps/in/notes.txt"])
    #expect(program.folder.exists("out/heatmaps/in/notes.txt"))
  }
}
