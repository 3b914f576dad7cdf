import FileAccess
import InfercamTestSupport
import JSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Runs where the system gives less than they need: space, descriptors, standard streams, the lock.
struct StorageTests {
  let program: Program
  let words = ["run", "in", "-o", "mnt/out", "--heatmap", "png,npy"]

  init() throws {
    program = try Program()
    try program.makeInputs(copies: 3)
    try createDirectories(program.folder.path.appending("mnt"))
  }

  /// Whether this machine lets the tests mount filesystems.
  private static let canMount = geteuid() == 0 && shell("unshare -m true") == 0

  private var mount: String { program.folder.path.appending("mnt").display }

  /// Runs the program behind a command of the shell, which changes what the system gives.
  private func run(_ command: String, to output: String) -> (status: Int32, errors: String) {
    let folder = program.folder.path.display
    let models = checkoutFolder.appending("models").display
    let status = shell(
      "cd '\(folder)' && export INFERCAM_MODELS='\(models)' && "
        + "exec >/dev/null 2>'\(folder)/.errors' && "
        + command.replacing("PROGRAM", with: "'\(Program.path)' run in -o \(output)"))
    let errors = (try? program.folder.read(".errors")) ?? []
    return (status, String(decoding: errors, as: UTF8.self))
  }

  private func expectSame(_ output: String, as whole: String) throws {
    #expect(try program.reproducibleResults(output) == program.reproducibleResults(whole))
    #expect(try program.heatmaps(output) == program.heatmaps(whole))
    #expect(try program.run(["runs", "verify", output]).status == 0)
  }

  @Test(.enabled(if: canMount, "needs root"))
  func `a run that fills its disk goes on when there is room`() throws {
    try program.run(["run", "in", "-o", "whole", "--heatmap", "png,npy"])
    try #require(shell("mount -t tmpfs -o size=1m infercam '\(mount)'") == 0)
    defer { _ = shell("umount '\(mount)'") }
    let ending = try program.run(words)
    #expect(ending.status == 6 && ending.errors.contains("storage.no_space"), "\(ending.errors)")
    #expect(try program.run(["runs", "verify", "mnt/out"]).status == 75)
    try #require(shell("mount -o remount,size=400m '\(mount)'") == 0)
    let resumed = try program.run(words)
    #expect(resumed.status == 0, "\(resumed.errors)")
    try expectSame("mnt/out", as: "whole")
  }

  @Test(.enabled(if: canMount, "needs root"))
  func `a folder that cannot be written is told before any work`() throws {
    try #require(shell("mount -t tmpfs -o ro infercam '\(mount)'") == 0)
    defer { _ = shell("umount '\(mount)'") }
    let ending = try program.run(words)
    #expect(ending.status == 6 && ending.errors.contains("storage.io_error"), "\(ending.errors)")
    #expect(try namesInDirectory(program.folder.path.appending("mnt")).isEmpty)
  }

  @Test(arguments: [8, 12, 32])
  func `few descriptors cost items or the run, and no byte`(limit: Int) throws {
    try program.run(["run", "in", "-o", "whole"])
    let ending = run("ulimit -n \(limit) && exec PROGRAM -j 2 --batch 4", to: "out")
    #expect([0, 1, 6].contains(ending.status), "\(ending.errors)")
    if ending.status != 0 { #expect(ending.errors.contains("resource.exhausted")) }
    var resumed = try program.run(["run", "in", "-o", "out"])
    if resumed.status == 1 {
      resumed = try program.run(["run", "in", "-o", "out", "--retry-failed"])
    }
    #expect(resumed.status == 0, "\(resumed.errors)")
    try expectSame("out", as: "whole")
  }

  /// No file of the run gets the number of a closed stream, and with it what is printed.
  @Test(arguments: [(">&-", Int32(6)), (">&- 2>&- <&-", 6), ("2>&-", 0), ("<&-", 0)])
  func `closed standard streams leave the files alone`(redirection: String, status: Int32) throws {
    try program.run(["run", "in", "-o", "whole"])
    let ending = run("PROGRAM --progress json --batch 1 \(redirection)", to: "out")
    #expect(ending.status == status, "\(ending.errors)")
    try expectSame("out", as: "whole")
    let lock = try JSONValue(parsing: Array(program.folder.read("out/LOCK").dropLast()))
    #expect(lock["pid"]?.int != nil)
  }

  @Test func `a lock file that is removed again and again never lets two write`() throws {
    try program.run(["run", "in", "-o", "whole"])
    // One removal for each attempt of each round: 55 in a soak.
    for round in 1...repetitions("INFERCAM_TEST_LOCKS", default: 4) {
      let output = "out\(round)"
      let words = ["run", "in", "-o", output, "-j", "1", "--batch", "1"]
      let lock = program.folder.path.appending("\(output)/LOCK")
      let journal = program.folder.path.appending("\(output)/journal/0-of-1.jsonl")
      var endings: [Program.Ending] = []
      for attempt in 1...round {
        let running = try program.start(words)
        let size = 600 * min(attempt, 8)
        running.waitUntil { (((try? FileStamp(of: journal)) ?? nil)?.size ?? 0) > size }
        try removeFile(lock)
        endings.append(try program.run(words))
        endings.append(try running.wait())
      }
      for ending in endings { #expect([0, 5, 75].contains(ending.status), "\(ending.errors)") }
      #expect(try program.run(words).status == 0)
      try expectSame(output, as: "whole")
      // Each process that wrote had begun after the one before had ended.
      let events = try program.folder.read("\(output)/journal/0-of-1.jsonl").split(separator: 0x0A)
        .compactMap { try? JSONValue(parsing: Array($0))["t"]?.string }
        .filter { $0 == "open" || $0 == "close" }
      #expect(
        events.enumerated().allSatisfy { $1 == ($0 % 2 == 0 ? "open" : "close") }, "\(events)")
    }
  }

  #if DEBUG
  @Test func `a second process writes nothing while the first one works`() throws {
    try program.run(["run", "in", "-o", "whole"])
    let hang = ["INFERCAM_FAULT": "item:hang:in/1-metal-crack-01.jpg"]
    let words = ["run", "in", "-o", "out", "-j", "1", "--batch", "1"]
    let running = try program.start(words, environment: hang)
    // All before this item are done, and the rest waits for it.
    let journal = program.folder.path.appending("out/journal/0-of-1.jsonl").display
    let names = try namesInDirectory(program.folder.path.appending("in"))
    let before = try #require(names.firstIndex { $0.text == "1-metal-crack-01.jpg" })
    running.waitUntil { program.recorded([journal]) == before }
    let state = try stamps("out")
    for more in [[], ["--retry-failed"], ["--overwrite"]] {
      let second = try program.run(words + more)
      #expect(second.status == 75 && second.errors.contains("run.locked"), "\(second.errors)")
    }
    // Who comes second asks once and does not wait: not for the lock, nor for a model.
    let asking = try program.run(words, environment: ["INFERCAM_FAULT": "flock:pass:1:always"])
    #expect(asking.status == 75)
    #expect(asking.errors.split(separator: "\n").count { $0.hasPrefix("fault point: flock") } == 1)
    #expect(try program.run(["runs", "verify", "out", "--repair"]).status == 75)
    #expect(try stamps("out") == state)
    #expect(running.isRunning)
    running.send(SIGKILL)
    _ = try running.wait()
    #expect(try program.run(words).status == 0)
    try expectSame("out", as: "whole")
  }

  /// What would change if anything wrote: sizes, times and inodes of all files.
  private func stamps(_ folder: String) throws -> [RawPath: FileStamp] {
    var stamps: [RawPath: FileStamp] = [:]
    func walk(_ path: RawPath) throws {
      stamps[path] = try FileStamp(of: path, followingLinks: false)
      guard stamps[path]?.kind == .directory else { return }
      for name in try namesInDirectory(path) { try walk(path.appending(name)) }
    }
    try walk(program.folder.path.appending(folder))
    return stamps
  }
  #endif
}
