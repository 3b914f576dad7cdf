#if DEBUG
import FileAccess
import InfercamTestSupport
import JSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// A command on a run directory in a known state, to be hit by faults.
struct FaultScenario {
  enum Kind: String, CaseIterable, Sendable {
    /// A run from its beginning.
    case run
    /// The same where each item is committed by itself.
    case items
    /// The same where nothing is flushed.
    case unflushed
    /// The same with several workers, whose calls come in any order.
    case workers
    /// A finished run that gets more inputs.
    case extend
    /// A run from its beginning that tells a command of its end.
    case event
    /// A run that was killed after half of its items.
    case resume
    /// A run whose items are done and whose results are not written.
    case finish
    /// Two shards that are done.
    case merge
    /// A finished run with a damaged line of its journal and without one of its heatmaps.
    case repair
  }

  /// One fault at one call.
  struct Point: Sendable {
    var call: String
    var effect: String
    var number: Int
    var isPersistent = false

    var plan: String { "\(call):\(effect):\(number)" + (isPersistent ? ":always" : "") }
  }

  let kind: Kind
  private let program: Program
  private let results: [JSONValue]
  private let heatmaps: [RawPath: [UInt8]]
  private let digest: JSONValue?

  init(_ kind: Kind) throws {
    self.kind = kind
    program = try Program()
    for name in ["a.jpg", "c.jpg", "d.jpg"] {
      try program.copySample("granite-hole-01.jpg", to: RawPath("in/\(name)"))
    }
    try program.folder.write(bitmap(width: 24, height: 16), to: RawPath("in/b.bmp"))
    let words = ["run", "in", "-o", "whole", "--heatmap", "png,npy"]
    #expect(try program.run(words).status == 0)
    results = try program.reproducibleResults("whole")
    heatmaps = try program.heatmaps("whole")
    digest = try Self.digest(program, "whole")
    try prepare()
  }

  /// The command that the faults hit.
  private func words(_ output: String) -> [String] {
    switch kind {
    case .run, .items, .unflushed, .workers, .event, .extend, .resume, .finish:
      runWords(output)
    case .merge: ["runs", "merge", output]
    case .repair: ["runs", "verify", output, "--repair"]
    }
  }

  /// The command of the run; with one worker and a fixed batch each call has its number.
  private func runWords(_ output: String) -> [String] {
    let words = ["run", "in", "-o", output, "--heatmap", "png,npy"]
    let calm = ["-j", "1", "--batch", "2"]
    return switch kind {
    case .run, .resume, .finish, .merge, .repair: words + calm
    case .items: words + calm + ["--durability", "item"]
    case .unflushed: words + calm + ["--durability", "none"]
    case .workers: words + ["-j", "3", "--batch", "1"]
    case .extend: words + calm + ["--extend"]
    case .event: words + calm + ["--on-complete", "true"]
    }
  }

  private static func digest(_ program: Program, _ run: String) throws -> JSONValue? {
    try JSONValue(parsing: program.folder.read("\(run)/summary.json"))["run_digest"]
  }

  /// Makes `start`, the directory that the command finds.
  private func prepare() throws {
    let run = runWords("start")
    switch kind {
    case .run, .items, .unflushed, .workers, .event: return
    case .extend:
      let words = run.filter { $0 != "in" && $0 != "--extend" } + ["in/a.jpg", "in/b.bmp"]
      #expect(try program.run(words).status == 0)
    case .resume:
      let hang = ["INFERCAM_FAULT": "item:hang:in/c.jpg"]
      let running = try program.start(run + ["--batch", "1"], environment: hang)
      let journal = program.folder.path.appending("start/journal/0-of-1.jsonl").display
      running.waitUntil { program.recorded([journal]) == 2 }
      running.send(SIGKILL)
      #expect(try running.wait().status == 128 + SIGKILL)
    case .finish:
      #expect(try program.run(run).status == 0)
      try removeEnd()
    case .merge:
      for shard in ["0/2", "1/2"] {
        #expect(try program.run(run + ["--shard", shard]).status == 0)
      }
      try removeEnd()
    case .repair:
      #expect(try program.run(run).status == 0)
      let journal = "start/journal/0-of-1.jsonl"
      var lines = try program.folder.read(journal).split(separator: 0x0A).map { Array($0) }
      let record = try #require(lines.firstIndex { $0.starts(with: Array(#"{"d":"#.utf8)) })
      lines[record][50] ^= 1
      try program.folder.write(
        Array(lines.map { $0 + [0x0A] }.joined()), to: RawPath(journal))
      try removeFile(program.folder.path.appending("start/heatmaps/in/d.jpg.png"))
    }
  }

  private func removeEnd() throws {
    for name in ["results.jsonl", "summary.json", "_SUCCESS"] {
      try removeFile(program.folder.path.appending("start/\(name)"))
    }
  }

  /// How often the undisturbed command makes each call.
  func counts() throws -> [(call: String, count: Int)] {
    let plan = FaultSweepTests.calls.map { "\($0):pass:1:always" }.joined(separator: ",")
    try copyStart(to: "counted")
    let ending = try program.run(words("counted"), environment: ["INFERCAM_FAULT": plan])
    var counts: [String: Int] = [:]
    for line in ending.errors.split(separator: "\n") where line.hasPrefix("fault point: ") {
      counts[String(line.split(separator: " ")[2]), default: 0] += 1
    }
    return FaultSweepTests.calls.map { ($0, counts[$0, default: 0]) }
  }

  private func copyStart(to output: String) throws {
    guard program.folder.exists("start") else { return }
    let folder = program.folder.path.display
    #expect(shell("cp -a '\(folder)/start' '\(folder)/\(output)'") == 0)
  }

  /// Lets the fault happen to the command and gives the command again without it.
  /// - Returns: whether the fault happened.
  func withstands(_ point: Point) throws -> Bool {
    let output = "out-\(point.call)-\(point.effect)-\(point.number)-\(point.isPersistent)"
    try copyStart(to: output)
    let ending = try runWithinLimit(words(output), ["INFERCAM_FAULT": point.plan])
    let comment: Comment = "\(kind) \(point.plan): \(ending.status) \(ending.errors)"
    if ending.errors.contains("fault point: ") {
      if point.effect == "kill" {
        #expect(ending.status == 128 + SIGKILL, comment)
      } else {
        #expect([0, 1, 3, 4, 6].contains(ending.status), comment)
        if ending.status > 1 { #expect(ending.errors.hasSuffix("]\n"), comment) }
      }
      try expectSound(output, comment)
    }
    try removeTree(program.folder.path.appending(output))
    return ending.errors.contains("fault point: ")
  }

  /// The same command goes on to the bytes of the undisturbed run.
  private func expectSound(_ output: String, _ comment: Comment) throws {
    if words(output) != runWords(output) {
      let again = try runWithinLimit(words(output), [:])
      // A repair may have ended before its result was printed: items are pending then.
      #expect([0, 75].contains(again.status), "\(comment), then \(again.errors)")
    }
    var resumed = try runWithinLimit(runWords(output), [:])
    if resumed.status == 1 {
      // An item had the bad luck.
      resumed = try runWithinLimit(runWords(output) + ["--retry-failed"], [:])
    }
    #expect(resumed.status == 0, "\(comment), then \(resumed.errors)")
    guard resumed.status == 0 else { return }
    #expect(try program.reproducibleResults(output) == results, comment)
    #expect(try program.heatmaps(output) == heatmaps, comment)
    #expect(try Self.digest(program, output) == digest, comment)
    let verified = try program.run(["runs", "verify", output])
    #expect(verified.status == 0, "\(comment), then \(verified.text)\(verified.errors)")
  }

  /// Runs the program; one that does not come to an end is killed.
  private func runWithinLimit(
    _ words: [String], _ environment: [String: String]
  ) throws -> Program.Ending {
    let running = try program.start(words, environment: environment)
    var looks = 0
    running.waitUntil {
      looks += 1
      return looks > 60_000
    }
    if running.isRunning {
      Issue.record("\(words) with \(environment) does not end")
      running.send(SIGKILL)
    }
    return try running.wait()
  }
}

/// A BMP file of 24 bits a pixel.
private func bitmap(width: Int, height: Int) -> [UInt8] {
  func word(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (8 * $0) & 0xFF) } }
  let size = width * height * 3
  let header =
    Array("BM".utf8) + word(54 + size) + word(0) + word(54) + word(40) + word(width)
    + word(height) + [1, 0, 24, 0] + word(0) + word(size) + word(0) + word(0) + word(0) + word(0)
  return header + (0..<size).map { UInt8($0 * 7 & 0xFF) }
}
#endif
