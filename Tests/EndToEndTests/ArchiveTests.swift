import FileAccess
import InfercamTestSupport
import JSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Runs whose heatmaps go into archives.
struct ArchiveTests {
  let program: Program
  let words = ["run", "in", "--heatmap", "png,npy", "--layout", "tar:4"]

  init() throws {
    program = try Program()
    try program.makeInputs(copies: 2)
  }

  private func expectSame(_ output: String, as whole: String = "whole") throws {
    #expect(try program.reproducibleResults(output) == program.reproducibleResults(whole))
    #expect(try program.heatmaps(output) == program.heatmaps(whole))
    #expect(!program.folder.exists("\(output)/packs"))
    let verified = try program.run(["runs", "verify", output])
    #expect(verified.status == 0, "\(verified.text)")
  }

  @Test func `an archive holds the files of the other layouts, in the order of the inputs`() throws
  {
    let long = String(repeating: "long-", count: 24) + "ä.bmp"
    try program.copySample("tile-clean-01.bmp", to: RawPath("in/\(long)"))
    try program.folder.write("broken", to: "in/broken.jpg")
    #expect(try program.run(["run", "in", "--heatmap", "png,npy", "-o", "names"]).status == 1)
    #expect(try program.run(words + ["-o", "out"]).status == 1)
    let archives = try namesInDirectory(program.folder.path.appending("out/heatmaps"))
    #expect(archives.map(\.text) == ["00000.tar", "00001.tar", "00002.tar"])
    // As any other program reads them.
    try createDirectory(program.folder.path.appending("plain"))
    try createDirectory(program.folder.path.appending("plain/heatmaps"))
    for name in archives {
      let archive = program.path("out/heatmaps/\(name.display)")
      #expect(shell("tar -xf '\(archive)' -C '\(program.path("plain/heatmaps"))'") == 0)
    }
    #expect(try program.heatmaps("plain") == program.heatmaps("names"))
    let names = try program.reproducibleResults("names").flatMap(paths)
    let tars = try program.reproducibleResults("out").flatMap(paths)
    #expect(names.count == 33 && names.count == tars.count)
    for (name, tar) in zip(names, tars) {
      #expect(tar.split(separator: "#", maxSplits: 1).last.map { "heatmaps/\($0)" } == name)
    }
    #expect(tars.first?.hasPrefix("heatmaps/00000.tar#in/") == true)
    let order = shell(
      """
      cd '\(program.path("out/heatmaps"))' && for i in *.tar; do tar -tf $i; done > ../../listed
      """)
    #expect(order == 0)
    let listed = String(decoding: try program.folder.read("listed"), as: UTF8.self)
    // GNU tar escapes bytes beyond ASCII.
    let members = listed.split(separator: "\n").filter { !$0.contains("long-") }.map(String.init)
    let expected = tars.compactMap { $0.split(separator: "#").last.map(String.init) }
      .filter { !$0.contains("long-") }
    #expect(Set(members) == Set(expected) && members.count == expected.count)
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
  }

  /// The paths of all heatmaps in a result.
  private func paths(_ item: JSONValue) -> [String] {
    let heatmap = item["result"]?["heatmap"]
    let files = heatmap?["files"]?.array ?? []
    return (files.map { $0["path"] } + [heatmap?["raw"]?["path"]]).compactMap { $0?.string }
  }

  @Test func `archives have the same bytes however the run goes`() throws {
    #expect(try program.run(words + ["-o", "whole"]).status == 0)
    let ways = [
      ["-j", "1", "--batch", "1"], ["-j", "3", "--batch", "3", "--durability", "item"],
      ["--durability", "none"],
    ]
    for (number, way) in ways.enumerated() {
      #expect(try program.run(words + ["-o", "way\(number)"] + way).status == 0)
      try expectSame("way\(number)")
    }
    for shard in ["0/3", "2/3"] {
      #expect(try program.run(words + ["-o", "shards", "--shard", shard]).status == 0)
    }
    #expect(program.folder.exists("shards/packs"))
    #expect(try program.run(["runs", "verify", "shards"]).status == 75)
    #expect(try program.run(["runs", "merge", "shards"]).status == 75)
    #expect(try program.run(words + ["-o", "shards"]).status == 0)
    try expectSame("shards")
    #expect(try program.run(words + ["-o", "shards"]).lines().first?["replayed"] == true)
    #expect(try program.run(["run", "in", "-o", "whole"]).status == 5)
  }

  @Test func `a finished run with archives is extended and failed items are tried again`() throws {
    try program.folder.write("broken", to: "in/1-broken.jpg")
    #expect(try program.run(words + ["-o", "out"]).status == 1)
    let before = try program.heatmaps("out")
    try program.copySample("metal-crack-01.jpg", to: RawPath("in/1-broken.jpg"))
    let retried = try program.run(words + ["-o", "out", "--retry-failed"])
    #expect(retried.status == 0, "\(retried.errors)")
    #expect(retried.errors.contains("1 now"))
    #expect(try program.heatmaps("out")[RawPath("00000.tar")] == before[RawPath("00000.tar")])
    #expect(try program.run(words + ["-o", "whole"]).status == 0)
    try expectSame("out")

    try program.copySample("wood-clean-01.tif", to: RawPath("more/last.tif"))
    let extended = try program.run(
      ["run", "in", "more"] + words.dropFirst(2) + ["-o", "out", "--extend"])
    #expect(extended.status == 0 && extended.errors.contains("1 now"), "\(extended.errors)")
    #expect(
      try program.run(["run", "in", "more"] + words.dropFirst(2) + ["-o", "both"]).status == 0)
    try expectSame("out", as: "both")
  }

  @Test(arguments: ["member", "header", "tail", "gone", "cut"])
  func `damage to an archive is found, and computed again`(damage: String) throws {
    #expect(try program.run(words + ["-o", "whole"]).status == 0)
    #expect(try program.run(words + ["-o", "out"]).status == 0)
    let name = "out/heatmaps/00001.tar"
    var bytes = try program.folder.read(name)
    switch damage {
    case "member": bytes[600] ^= 1
    case "header": bytes[3] ^= 1
    case "tail": bytes += [UInt8](repeating: 0, count: 512)
    case "cut": bytes.removeLast(bytes.count / 2)
    default: break
    }
    if damage == "gone" {
      try removeFile(program.folder.path.appending(name))
    } else {
      try program.folder.write(bytes, to: RawPath(name))
    }
    let found = try program.run(["runs", "verify", "out", "--json"])
    #expect(found.status == 7 && found.text.contains("00001.tar"), "\(found.text)")
    #expect(try program.run(["runs", "verify", "out", "--repair"]).status == 0)
    #expect(try program.run(words + ["-o", "out"]).status == 0)
    try expectSame("out")
  }

  #if DEBUG
  @Test(arguments: ["kill", "ENOSPC", "short"])
  func `archives survive whatever breaks off on the way`(fault: String) throws {
    let words = ["run", "in", "--layout", "tar:4", "-j", "1", "--batch", "3"]
    #expect(try program.run(words + ["-o", "whole"]).status == 0)
    // A model that cannot be opened is no matter of the run.
    let calls = ["write", "fsync", "fdatasync", "rename"] + (fault == "kill" ? ["open"] : [])
    let few = fault == "kill" ? [3, 9, 20, 36, 54, 65] : [4, 14, 44]
    for call in fault == "short" ? ["write"] : calls {
      // A few calls of the beginning, of the middle and of the end.
      for number in repetitions("INFERCAM_TEST_ARCHIVES", default: 0) > 0 ? Array(1...120) : few {
        let output = "\(call)\(number)"
        let plan = "\(call):\(fault):\(number)"
        let broken = try program.run(
          words + ["-o", output, "--durability", "item"], environment: ["INFERCAM_FAULT": plan])
        if !broken.errors.contains("fault point") { break }
        #expect([0, 1, 6, 128 + SIGKILL].contains(broken.status), "\(plan): \(broken.errors)")
        let resumed = try program.run(words + ["-o", output])
        #expect([0, 1].contains(resumed.status), "\(plan): \(resumed.errors)")
        if resumed.status == 1 {
          #expect(try program.run(words + ["-o", output, "--retry-failed"]).status == 0)
        }
        try expectSame(output)
        try removeTree(program.folder.path.appending(output))
      }
    }
  }
  #endif
}
