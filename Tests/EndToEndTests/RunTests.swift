import Faults
import FileAccess
import InfercamTestSupport
import JSON
import Tensors
import Testing

#if canImport(Glibc)
import Glibc
#endif

struct RunTests {
  let program: Program

  init() throws {
    program = try Program()
  }

  @Test func `a run leaves one result per input and all its files`() throws {
    try program.makeInputs()
    try program.folder.write("broken", to: "in/broken.jpg")
    let ending = try program.run(["run", "in", "-o", "out", "--heatmap", "png,npy", "--overlay"])
    #expect(ending.status == 1)
    let job = try #require(try ending.lines().first)
    #expect(job["replayed"] == false)
    #expect(job["status"] == "failed")
    #expect(job["result_summary"]?["items"] == 6)
    #expect(job["result_summary"]?["failures"]?.object?.count == 1)
    let results = try program.reproducibleResults("out")
    #expect(results.map { $0["seq"]?.int } == Array(0..<6))
    #expect(results.map { $0["id"]?.string } == results.compactMap { $0["id"]?.string }.sorted())
    for result in results where result["status"] == "succeeded" {
      let id = try #require(result["id"]?.string)
      for suffix in [".png", ".npy", ".raw.npy"] {
        #expect(program.folder.exists("out/heatmaps/\(id)\(suffix)"))
      }
    }
    for name in ["run.json", "inputs.jsonl", "summary.json", "LOCK", "journal/0-of-1.jsonl"] {
      #expect(program.folder.exists("out/\(name)"))
    }
    #expect(!program.folder.exists("out/_SUCCESS"))
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
  }

  @Test func `a finished run is replayed and nothing changes`() throws {
    try program.makeInputs()
    let first = try program.run(["run", "in", "-o", "out"])
    #expect(first.status == 0)
    #expect(program.folder.exists("out/_SUCCESS"))
    let before = try snapshot("out")
    let second = try program.run(["run", "in", "-o", "out", "-j", "1", "--batch", "2"])
    #expect(second.status == 0)
    #expect(try second.lines().first?["replayed"] == true)
    #expect(second.errors.contains("replayed:true"))
    #expect(try snapshot("out") == before)
  }

  @Test func `a full disk under stdout is told after the run is complete`() throws {
    try program.makeInputs()
    let ending = try program.run(["run", "in", "-o", "out"], output: "/dev/full")
    #expect(ending.status == 6)
    #expect(ending.errors.contains("storage.no_space"))
    #expect(program.folder.exists("out/_SUCCESS"))
    #expect(try program.run(["run", "in", "-o", "out"]).lines().first?["replayed"] == true)
  }

  @Test func `a replay exits as the first time`() throws {
    try program.folder.write("broken", to: "in/broken.jpg")
    let words = ["run", "in", "-o", "out"]
    #expect(try program.run(words).status == 1)
    #expect(try program.run(words).status == 1)
    #expect(try program.run(words + ["--fail-on", "never"]).status == 0)
  }

  @Test func `results and heatmaps are the same for any batch and number of workers`() throws {
    try program.makeInputs(copies: 2)
    var digests: Set<String> = []
    var heatmaps: [[RawPath: [UInt8]]] = []
    for (index, flags) in [["--batch", "1", "-j", "1"], ["--batch", "3", "-j", "3"], []]
      .enumerated()
    {
      let ending = try program.run(
        ["run", "in", "-o", "out\(index)", "--heatmap", "png,npy"] + flags)
      #expect(ending.status == 0)
      digests.insert(try #require(try ending.lines().first?["run_digest"]?.string))
      heatmaps.append(try program.heatmaps("out\(index)"))
    }
    #expect(digests.count == 1)
    #expect(heatmaps[0] == heatmaps[1] && heatmaps[1] == heatmaps[2])
    #expect(heatmaps[0].count == 30)
  }

  @Test func `an item that has all processors to itself gives what it gives among others`() throws {
    try program.makeInputs()
    #expect(try program.run(["run", "in", "-o", "all", "-j", "1", "--heatmap", "npy"]).status == 0)
    let name = "0-metal-crack-01.jpg"
    #expect(try program.run(["run", "in/\(name)", "-o", "one", "--heatmap", "npy"]).status == 0)
    let alone = try #require(try program.reproducibleResults("one").first?["result"])
    let among = try program.reproducibleResults("all").first { $0["id"]?.string == "in/\(name)" }
    #expect(alone["classes"] == among?["result"]?["classes"])
    #expect(alone["heatmap"]?["sha256"] == among?["result"]?["heatmap"]?["sha256"])
  }

  @Test(arguments: [SIGKILL, SIGINT, SIGTERM])
  func `a run that is stopped is resumed and ends the same`(signal: Int32) throws {
    try program.makeInputs(copies: 12)
    let words = ["run", "in", "-j", "1", "--batch", "2", "--durability", "item"]
    #expect(try program.run(words + ["-o", "whole"]).status == 0)
    let running = try program.start(words + ["-o", "out"])
    let journal = program.folder.path.appending("out/journal/0-of-1.jsonl")
    running.waitUntil {
      let size = ((try? FileStamp(of: journal)) ?? nil)?.size ?? 0
      return size > 6_000
    }
    running.send(signal)
    let stopped = try running.wait()
    // On a machine that is fast enough the run may have ended before the signal.
    #expect([128 + signal, 0].contains(stopped.status))
    if stopped.status != 0 { #expect(!program.folder.exists("out/_SUCCESS")) }
    let resumed = try program.run(words + ["-o", "out"])
    #expect(resumed.status == 0)
    #expect(try program.reproducibleResults("out") == program.reproducibleResults("whole"))
    #expect(try program.heatmaps("out") == program.heatmaps("whole"))
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
  }

  @Test func `maps of all classes are one file, and files of each only when asked for`() throws {
    try program.makeInputs()
    let image = "in/0-metal-crack-01.jpg"
    #expect(try program.run(["run", image, "-o", "out", "--target", "all"]).status == 0)
    #expect(try program.heatmaps("out").keys.map(\.display) == ["\(image).raw.npy"])
    let stack = try program.folder.read("out/heatmaps/\(image).raw.npy")
    let shape = try stack.withUnsafeBytes { try NPY.decode($0) }.shape
    #expect(shape == [5, 10, 10])
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
    let all = ["run", image, "-o", "files", "--target", "all", "--heatmap", "png"]
    #expect(try program.run(all).status == 0)
    #expect(try program.heatmaps("files").count == 6)
    #expect(try program.folder.read("files/heatmaps/\(image).raw.npy") == stack)
    let results = try program.folder.read("files/results.jsonl")
    let result = try JSONValue(parsing: results)["result"]
    #expect(result?["heatmap"]?["raw"]?["shape"] == [5, 10, 10])
    #expect(result?["heatmaps"]?.array?.map { $0["raw"]?["index"] } == [0, 1, 2, 3, 4])
    // The same directory with other targets is another run.
    let other = try program.run(["run", image, "-o", "files", "--target", "top1"])
    #expect(other.status == 5)
  }

  @Test func `a torn journal and lost heatmaps are computed again`() throws {
    try program.makeInputs()
    let words = ["run", "in", "-o", "out"]
    #expect(try program.run(words).status == 0)
    let whole = try program.reproducibleResults("out")
    let heatmaps = try program.heatmaps("out")
    // As if the process had been killed before the end.
    for name in ["summary.json", "results.jsonl", "_SUCCESS"] {
      try removeFile(program.folder.path.appending("out/\(name)"))
    }
    try removeFile(
      program.folder.path.appending("out/heatmaps/in/0-tile-clean-01.bmp.png"))
    let journal = try program.folder.read("out/journal/0-of-1.jsonl")
    try program.folder.write(Array(journal.dropLast(300)), to: RawPath("out/journal/0-of-1.jsonl"))
    #expect(try program.run(words).status == 0)
    #expect(try program.reproducibleResults("out") == whole)
    #expect(try program.heatmaps("out") == heatmaps)
  }

  @Test func `a damaged journal and edited files are told`() throws {
    try program.makeInputs()
    let words = ["run", "in", "-o", "out"]
    #expect(try program.run(words).status == 0)
    let map = RawPath("out/heatmaps/in/0-tile-clean-01.bmp.png")
    var bytes = try program.folder.read("out/heatmaps/in/0-tile-clean-01.bmp.png")
    bytes[bytes.count / 2] ^= 1
    try program.folder.write(bytes, to: map)
    let verified = try program.run(["runs", "verify", "out"])
    #expect(verified.status == 7)
    #expect(verified.text.contains("0-tile-clean-01.bmp.png"))
    try removeFile(program.folder.path.appending("out/summary.json"))
    var journal = try program.folder.read("out/journal/0-of-1.jsonl")
    journal[200] ^= 1
    try program.folder.write(journal, to: RawPath("out/journal/0-of-1.jsonl"))
    let resumed = try program.run(words + ["--json"])
    #expect(resumed.status == 7)
    #expect(resumed.errors.contains("run.corrupt"))
  }

  #if arch(x86_64)
  @Test func `another kind of processor is another configuration`() throws {
    try program.makeInputs()
    func run(core: String) throws -> Program.Ending {
      try program.run(
        ["run", "in", "-o", "out", "--json"], environment: ["OPENBLAS_CORETYPE": core])
    }
    #expect(try run(core: "Nehalem").status == 0)
    let ending = try run(core: "Sandybridge")
    #expect(ending.status == 5 && ending.errors.contains("machine.blas_core"))
    #expect(try run(core: "Nehalem").lines().first?["replayed"] == true)
  }
  #endif

  @Test func `a precision that the kernels lack is refused before anything is written`() throws {
    try program.makeInputs()
    let ending = try program.run(
      ["run", "in", "-o", "out", "--json", "--kernels", "blas", "--precision", "bf16"])
    #expect(ending.status == 2)
    let error = try JSONValue(parsing: Array(ending.errors.utf8))["error"]
    #expect(error?["code"] == "param.out_of_range")
    #expect(error?["details"]?["field"] == "precision")
    #expect(try program.run(["runs", "show", "out"]).status != 0)
  }

  @Test(arguments: [
    (["--top-k", "3"], "classify.top_k"), (["--heatmap", "none"], "grad_cam.enabled"),
    (["--colormap", "gray"], "grad_cam.colormap"), (["--overlay"], "grad_cam.overlay"),
    (["--max-side", "5000"], "limits.max_side"), (["--kernels", "blas"], "kernels"),
    (["--numerics", "exact"], "numerics"),
    (["extra.jpg"], "inputs.count"),
  ])
  func `another configuration is refused and the difference is named`(
    flags: [String], field: String
  ) throws {
    try program.makeInputs()
    #expect(try program.run(["run", "in", "-o", "out"]).status == 0)
    let before = try snapshot("out")
    let ending = try program.run(["run", "in", "-o", "out", "--json"] + flags)
    #expect(ending.status == 5)
    let error = try JSONValue(parsing: Array(ending.errors.utf8))["error"]
    #expect(error?["code"] == "resource.version_conflict")
    let fields = error?["details"]?["differences"]?.array?.compactMap { $0["field"]?.string }
    #expect(fields?.contains(field) == true, "\(fields ?? [])")
    #expect(try snapshot("out") == before)
    let replaced = try program.run(
      ["run", "in", "-o", "out", "--overwrite", "--fail-on", "never"] + flags)
    #expect(replaced.status == 0)
    #expect(try replaced.lines().first?["replayed"] == false)
  }

  @Test func `folders that hold something else are left alone`() throws {
    try program.makeInputs()
    try program.folder.write("mine", to: "out/notes.txt")
    for flags in [[], ["--overwrite"]] {
      let ending = try program.run(["run", "in", "-o", "out"] + flags)
      #expect(ending.status == 5)
    }
    #expect(try program.folder.read("out/notes.txt") == Array("mine".utf8))
    try program.folder.write("a file", to: "file")
    #expect(try program.run(["run", "in", "-o", "file"]).status == 5)
    for place in ["file/out", "/proc/infercam/out"] {
      let ending = try program.run(["run", "in", "-o", place])
      #expect(ending.status == 6)
      #expect(ending.errors.contains("storage.io_error"), "\(ending.errors)")
    }
  }

  @Test func `too many failures stop the run`() throws {
    for number in 0..<40 { try program.folder.write("broken", to: "in/\(number).jpg") }
    let words = ["run", "in", "-o", "out", "-j", "1", "--batch", "1"]
    let ending = try program.run(words + ["--max-failures", "3"])
    #expect(ending.status == 5)
    #expect(try ending.lines().first?["status"] == "failed")
    #expect(try program.run(words).status == 1)
    #expect(try program.reproducibleResults("out").count == 40)
  }

  @Test func `duplicates stop the run before it starts`() throws {
    try program.makeInputs()
    let line = #"{"id":"a","image":{"path":"in/0-tile-clean-01.bmp"}}"#
    try program.folder.write(line + "\n" + line + "\n", to: "items.jsonl")
    let ending = try program.run(["run", "--manifest", "items.jsonl", "-o", "out", "--json"])
    #expect(ending.status == 3)
    #expect(ending.errors.contains("manifest.duplicate_id"))
    #expect(!program.folder.exists("out"))
  }

  @Test func `names that are not UTF-8 are processed`() throws {
    let sample = "tile-clean-01.bmp"
    let names: [[UInt8]] = [
      [0xFF, 0xFE] + Array(".bmp".utf8), Array("new\nline.bmp".utf8), Array("-x.bmp".utf8),
      Array("\u{E9}.bmp".utf8), Array("e\u{301}.bmp".utf8),
    ]
    for name in names {
      try program.copySample(sample, to: RawPath("in").appending(RawPath(bytes: name)))
    }
    let ending = try program.run(["run", "in", "-o", "out"])
    #expect(ending.status == 0)
    #expect(try program.reproducibleResults("out").count == names.count)
    #expect(try program.heatmaps("out").count == 2 * names.count)
    let json = try program.folder.read("out/inputs.jsonl")
    #expect(String(validating: json, as: UTF8.self) != nil)
    #expect(try program.run(["run", "in", "-o", "out"]).text.contains("\"replayed\":true"))
  }

  @Test func `a manifest's label, metadata and digest are used`() throws {
    try program.makeInputs()
    let items = [
      #"{"id":"a","image":{"path":"in/0-tile-clean-01.bmp"},"label":"clean","metadata":{"n":1}}"#,
      #"{"id":"b","image":{"path":"in/0-tile-clean-01.bmp"},"sha256":"\#(String(repeating: "0", count: 64))"}"#,
    ]
    try program.folder.write(items.joined(separator: "\n"), to: "items.jsonl")
    #expect(try program.run(["run", "--manifest", "items.jsonl", "-o", "out"]).status == 1)
    let results = try program.reproducibleResults("out")
    #expect(results[0]["label"] == "clean")
    #expect(results[0]["metadata"] == ["n": 1])
    #expect(results[1]["error"]?["code"] == "image.checksum_mismatch")
  }

  @Test func `a preview writes nothing and tells what would happen`() throws {
    try program.makeInputs()
    try program.folder.write("broken", to: "in/broken.jpg")
    func preview(_ flags: [String] = []) throws -> JSONValue? {
      let ending = try program.run(["run", "in", "-o", "out", "--dry-run"] + flags)
      #expect(ending.status == 0, "\(ending.errors)")
      return try ending.lines().first
    }
    let first = try preview()
    #expect(first?["action"] == "create" && first?["to_do"] == 6 && first?["done"] == 0)
    #expect(first?["rejects"]?.object?.values.compactMap(\.int) == [1])
    #expect(first?["estimate"]?["sampled"] == 5)
    #expect((first?["estimate"]?["seconds"]?.double ?? -1) >= 0)
    #expect((first?["estimate"]?["peak_bytes"]?.int ?? 0) > 1 << 20)
    #expect(!program.folder.exists("out"))

    try program.run(["run", "in", "-o", "out"])
    let replay = try preview()
    #expect(replay?["action"] == "replay" && replay?["to_do"] == 0 && replay?["estimate"] == .null)
    let retry = try preview(["--retry-failed"])
    #expect(retry?["action"] == "resume" && retry?["to_do"] == 1 && retry?["again"] == 1)
    #expect(try preview(["--overwrite"])?["to_do"] == 6)

    // A run that has not finished, with an input that changed and a heatmap that is lost.
    try removeFile(program.folder.path.appending("out/summary.json"))
    try removeFile(program.folder.path.appending("out/heatmaps/in/0-tile-clean-01.bmp.png"))
    try program.copySample("metal-crack-01.jpg", to: RawPath("other.jpg"))
    let other = try program.folder.read("other.jpg")
    try program.folder.write(other, to: RawPath("in/0-concrete-hole-01.jpg"))
    let before = try program.folder.read("out/journal/0-of-1.jsonl")
    let resume = try preview()
    #expect(resume?["action"] == "resume" && resume?["done"] == 4 && resume?["again"] == 2)
    #expect(try program.folder.read("out/journal/0-of-1.jsonl") == before)
    try program.copySample("metal-crack-01.jpg", to: RawPath("in/more.jpg"))
    let extended = try preview(["--extend"])
    #expect(extended?["action"] == "extend" && extended?["items"] == 7)
    #expect(extended?["to_do"] == 3 && extended?["again"] == 2)
  }

  @Test func `a second process is turned away`() throws {
    try program.makeInputs()
    #expect(try program.run(["run", "in", "-o", "out"]).status == 0)
    try removeFile(program.folder.path.appending("out/summary.json"))
    let file = open(program.folder.path.appending("out/LOCK").display, O_RDWR | O_CLOEXEC)
    defer { close(file) }
    #expect(flock(file, LOCK_EX | LOCK_NB) == 0)
    let ending = try program.run(["run", "in", "-o", "out", "--json"])
    #expect(ending.status == 75)
    #expect(ending.errors.contains("run.locked"))
  }

  @Test func `results are listed page by page`() throws {
    try program.makeInputs()
    try program.run(["run", "in", "-o", "out"])
    var ids: [String] = []
    var cursor: String?
    repeat {
      let flags = cursor.map { ["--cursor", $0] } ?? []
      let page = try #require(
        try program.run(["runs", "results", "out", "--limit", "2"] + flags).lines().first)
      ids += page["items"]?.array?.compactMap { $0["id"]?.string } ?? []
      cursor = page["page"]?["next_cursor"]?.string
    } while cursor != nil
    #expect(ids == (try program.reproducibleResults("out").compactMap { $0["id"]?.string }))
  }

  @Test func `validation applies the same rules`() throws {
    try program.makeInputs()
    try program.folder.write("broken", to: "in/broken.jpg")
    let ending = try program.run(["validate", "in", "--json"])
    #expect(ending.status == 1)
    let items = try ending.lines()
    #expect(items.count == 6)
    try program.run(["run", "in", "-o", "out"])
    let results = try program.reproducibleResults("out")
    #expect(items.map { $0["error"] } == results.map { $0["error"] })
    #expect(items.map { $0["source"]?["sha256"] } == results.map { $0["source"]?["sha256"] })
  }

  /// The names, sizes and times of all files of a run.
  func snapshot(_ run: String) throws -> [String: FileStamp] {
    var files: [String: FileStamp] = [:]
    func walk(_ folder: RawPath) throws {
      for name in try namesInDirectory(folder) {
        let path = folder.appending(name)
        let stamp = try #require(try FileStamp(of: path))
        files[path.identifier] = stamp
        if stamp.kind == .directory { try walk(path) }
      }
    }
    try walk(program.folder.path.appending(run))
    return files
  }
}
