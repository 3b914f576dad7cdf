import Digests
import Faults
import FileAccess
import InfercamTestSupport
import JSON
import Tensors
import Testing

#if canImport(Glibc)
import Glibc
#endif

struct IntakeTests {
  let program: Program

  init() throws {
    program = try Program()
  }

  static let photos = ["metal-crack-01.jpg", "fabric-clean-01.png", "concrete-hole-01.jpg"]

  func copyPhotos() throws {
    for name in Self.photos { try program.copySample(name, to: RawPath(name)) }
  }

  /// Items with all kinds of options of their own, several of each photo.
  func writeManifest() throws {
    let options = [
      "", #","classify":{"top_k":1}"#, #","grad_cam":{"format":"npy","target":"topk"}"#,
      #","grad_cam":{"enabled":false}"#, #","resize":{"longest_side":120}"#,
      #","grad_cam":{"method":"layercam"}"#, #","grad_cam":{"method":"eigencam","overlay":true}"#,
      #","grad_cam":{"target":"index:2","colormap":"viridis","resolution":"cam"}"#,
    ]
    var lines: [String] = []
    for (number, option) in options.enumerated() {
      for name in Self.photos {
        lines.append(#"{"id":"\#(number)-\#(name)","image":{"path":"\#(name)"}\#(option)}"#)
      }
    }
    try program.folder.write(lines.joined(separator: "\n"), to: "m.jsonl")
  }

  @Test func `options of items give the same bytes whatever else is in work`() throws {
    try copyPhotos()
    try writeManifest()
    var results: [[JSONValue]] = []
    var heatmaps: [[RawPath: [UInt8]]] = []
    for (run, flags) in [["-j", "1", "--batch", "1"], ["-j", "2", "--batch", "8"]].enumerated() {
      #expect(
        try program.run(["run", "--manifest", "m.jsonl", "-o", "\(run)"] + flags).status == 0)
      results.append(try program.reproducibleResults("\(run)"))
      heatmaps.append(try program.heatmaps("\(run)"))
    }
    #expect(results[0] == results[1])
    #expect(heatmaps[0] == heatmaps[1])
    let byID = Dictionary(uniqueKeysWithValues: results[0].map { ($0["id"]?.string ?? "", $0) })
    let photo = Self.photos[0]
    #expect(byID["1-\(photo)"]?["result"]?["classes"]?.array?.count == 1)
    #expect(byID["3-\(photo)"]?["result"]?["heatmap"] == nil)
    #expect(byID["4-\(photo)"]?["source"]?["resized"]?["width"] == 120)
    #expect(byID["5-\(photo)"]?["result"]?["heatmap"]?["method"] == "layercam")
    #expect(byID["7-\(photo)"]?["result"]?["heatmap"]?["target"]?["index"] == 2)
    // Each is what the flags would have given.
    let flags = ["--method", "layercam", "--heatmap", "png"]
    let alone = try program.run(["infer", photo, "--json", "-o", "alone"] + flags).lines()[0]
    let listed = byID["5-\(photo)"]?["result"]
    #expect(alone["result"]?["classes"] == listed?["classes"])
    #expect(
      alone["result"]?["heatmap"]?["sha256"] == listed?["heatmap"]?["sha256"]
        && listed?["heatmap"]?["sha256"] != nil)
  }

  @Test func `an item whose options do not fit the model fails alone`() throws {
    try copyPhotos()
    let lines = [
      #"{"id":"a","image":{"path":"metal-crack-01.jpg"},"grad_cam":{"layer":"nowhere"}}"#,
      #"{"id":"b","image":{"path":"metal-crack-01.jpg"},"grad_cam":{"target":"index:999"}}"#,
      #"{"id":"c","image":{"path":"metal-crack-01.jpg"}}"#,
    ]
    try program.folder.write(lines.joined(separator: "\n"), to: "m.jsonl")
    #expect(try program.run(["run", "--manifest", "m.jsonl", "-o", "out"]).status == 1)
    let results = try program.reproducibleResults("out")
    #expect(
      results.map { $0["error"]?["code"]?.string ?? "" } == [
        "layer.not_found", "param.out_of_range", "",
      ])
  }

  @Test func `an image gives one result by path, by bytes and from the store`() throws {
    try copyPhotos()
    let photo = try program.folder.read("metal-crack-01.jpg")
    let stored = try program.run(
      ["storage", "put", "metal-crack-01.jpg", "--json"], environment: ["INFERCAM_STORE": "st"])
    let id = try #require(try stored.lines()[0]["storage_id"]?.string)
    #expect(id == "sha256:" + SHA256.hex(of: photo))
    let digest = MD5.base64(of: photo)
    let lines = [
      #"{"id":"p","image":{"path":"metal-crack-01.jpg","content_md5":"\#(digest)"}}"#,
      #"{"id":"b","image":{"bytes":"\#(base64(photo))","content_md5":"\#(digest)"}}"#,
      #"{"id":"s","image":{"storage_id":"\#(id)"},"sha256":"\#(SHA256.hex(of: photo))"}"#,
      #"{"id":"w","image":{"bytes":"\#(base64(photo))"},"sha256":"\#(SHA256.hex(of: []))"}"#,
      #"{"id":"m","image":{"storage_id":"sha256:\#(SHA256.hex(of: []))"}}"#,
    ]
    try program.folder.write(lines.joined(separator: "\n"), to: "m.jsonl")
    let words = ["--manifest", "m.jsonl", "--store", "st"]
    #expect(try program.run(["run", "-o", "out"] + words).status == 1)
    let results = try program.reproducibleResults("out")
    #expect(results.count == 5)
    for result in results[1..<3] {
      #expect(result["result"]?["classes"] == results[0]["result"]?["classes"])
    }
    #expect(
      results[1]["source"]?["path"] == nil && results[2]["source"]?["storage_id"]?.string == id)
    #expect(results[3]["error"]?["code"] == "image.checksum_mismatch")
    #expect(results[4]["error"]?["code"] == "input.not_found")
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
    // The frozen list holds no image; the same command still goes on and repeats.
    #expect(try program.folder.read("out/inputs.jsonl").count < 2000)
    #expect(try program.run(["run", "-o", "out"] + words + ["--retry-failed"]).status == 1)
    let validated = try program.run(["validate", "--json"] + words).lines()
    #expect(
      validated.map { $0["status"]?.string }
        == results.map {
          $0["status"] == "succeeded" ? "accepted" : "rejected"
        })
    // A stream of lines takes the same forms.
    let streamed = try program.run(
      ["infer", "-", "--json", "--store", "st"],
      input: program.folder.path.appending("m.jsonl").display)
    #expect(
      try streamed.lines().map { $0["error"]?["code"] } == results.map { $0["error"]?["code"] })
  }

  @Test func `objects are stored, listed, given back and removed`() throws {
    try copyPhotos()
    let put = try program.run(["storage", "put", "--json"] + Self.photos)
    let ids = try put.lines().compactMap { $0["storage_id"]?.string }
    #expect(put.status == 0 && ids.count == 3)
    let list = try program.run(["storage", "list", "--json"])
    #expect(try list.lines().compactMap { $0["storage_id"]?.string } == ids.sorted())
    #expect(
      try program.run(["storage", "get", ids[0]]).output == program.folder.read(Self.photos[0]))
    #expect(try program.run(["storage", "get", ids[1], "-o", "copy"]).status == 0)
    #expect(try program.folder.read("copy") == program.folder.read(Self.photos[1]))
    #expect(try program.run(["storage", "rm", ids[0]]).status == 0)
    #expect(try program.run(["storage", "get", ids[0]]).status == 3)
    #expect(try program.run(["storage", "rm", "cat.jpg"]).status == 2)
  }

  @Test func `arrays of a stack are items in every verb`() throws {
    let stack = Tensor(
      (0..<(2 * 3 * 160 * 160)).map { Float($0 % 251) / 251 }, shape: [2, 3, 160, 160])
    try program.folder.write(NPY.encode(stack), to: RawPath("s.npy"))
    let half = 3 * 160 * 160
    let second = Tensor(
      (half..<(2 * half)).map { Float($0 % 251) / 251 }, shape: [3, 160, 160])
    try program.folder.write(NPY.encode(second), to: RawPath("second.npy"))
    let results = try program.run(["infer", "s.npy", "second.npy", "--json"]).lines()
    #expect(results.map { $0["id"]?.string } == ["s.npy#0", "s.npy#1", "second.npy"])
    #expect(results[1]["result"] == results[2]["result"])
    #expect(results[1]["source"]?["sha256"] == results[2]["source"]?["sha256"])
    #expect(results[0]["result"] != results[1]["result"])
    #expect(try program.run(["run", "s.npy", "-o", "out"]).status == 0)
    #expect(try program.reproducibleResults("out").count == 2)
    #expect(try program.run(["validate", "s.npy", "--json"]).lines().count == 2)
  }

  /// The standard test file for virus scanners, in two halves so that no scanner finds it here.
  static let eicar =
    #"X5O!P%@AP[4\PZX54(P^)7CC)7}$"# + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

  @Test func `a scan command rejects items, and its failure is no pass`() throws {
    try copyPhotos()
    let photo = try program.folder.read("metal-crack-01.jpg")
    try program.folder.write(photo + Array(Self.eicar.utf8), to: RawPath("infected.jpg"))
    let scanner = "! grep -q EICAR-STANDARD-ANTIVIRUS-TEST"
    let words = ["run", "metal-crack-01.jpg", "infected.jpg"]
    #expect(try program.run(words + ["-o", "out", "--scan-cmd", scanner]).status == 1)
    let results = try program.reproducibleResults("out")
    #expect(results[0]["status"] == "succeeded")
    #expect(results[1]["error"]?["code"] == "image.rejected_by_scanner")
    #expect(results[1]["error"]?["status"] == 422)
    let broken = ["--scan-cmd", "/nonexistent/scanner"]
    #expect(try program.run(words + ["-o", "broken"] + broken).status == 1)
    let codes = try program.reproducibleResults("broken").map { $0["error"]?["code"]?.string }
    #expect(codes == ["scan.failed", "scan.failed"])
    // A run with another scanner is another run.
    #expect(try program.run(words + ["-o", "out"] + broken).status == 5)
  }

  @Test(.enabled(if: access("/usr/bin/clamscan", X_OK) == 0, "clamscan is not installed"))
  func `ClamAV finds its test file`() throws {
    try program.folder.write(Array(Self.eicar.utf8), to: RawPath("eicar.jpg"))
    try program.copySample("metal-crack-01.jpg", to: RawPath("good.jpg"))
    let database =
      "printf 'Eicar-Test:0:*:%s' \"$(printf EICAR-STANDARD-ANTIVIRUS | od -An -tx1 | tr -d ' \\n')\" > e.ndb"
    let scanner = "\(database); clamscan --no-summary -d e.ndb -"
    let ending = try program.run(
      ["validate", "good.jpg", "eicar.jpg", "--json", "--scan-cmd", scanner])
    #expect(
      try ending.lines().map { $0["error"]?["code"]?.string } == [nil, "image.rejected_by_scanner"])
  }

  @Test func `names are bytes in every form`() throws {
    let photo = try readRegularFile(
      Program.samples.appending("fabric-clean-01.png"), limit: 1 << 20
    ).bytes
    let names: [[UInt8]] = [
      [0xFF, 0xFE] + Array(".png".utf8), Array("new\nline.png".utf8), Array("-dash.png".utf8),
      Array("\u{E9}.png".utf8), Array("e\u{301}.png".utf8), Array("100%.png".utf8),
      Array("A.png".utf8), Array("a.png".utf8),
      Array((String(repeating: "n", count: 251) + ".png").utf8),
    ]
    for name in names {
      try program.folder.write(photo, to: RawPath(bytes: Array("in/".utf8) + name))
    }
    let inputs = names.map { Array("in/".utf8) + $0 }
    try program.folder.write(inputs.flatMap { $0 + [0] }, to: RawPath("list0"))
    let oneLine = inputs.filter { !$0.contains(0x0A) }
    try program.folder.write(oneLine.flatMap { $0 + [0x0A] }, to: RawPath("list"))
    let stdin = program.folder.path
    let expected = Set(inputs.map { RawPath(bytes: $0).identifier.utf8.map { $0 } })
    func ids(_ ending: Program.Ending) throws -> Set<[UInt8]> {
      #expect(ending.status == 0, "\(ending.errors)")
      return Set(try ending.lines().compactMap { $0["id"]?.string.map { Array($0.utf8) } })
    }
    #expect(try ids(program.run(["infer", "in", "--json"])) == expected)
    #expect(try ids(program.run(["infer", "--files0-from", "list0", "--json"])) == expected)
    #expect(
      try ids(
        program.run(
          ["infer", "--files0-from", "-", "--json"], input: stdin.appending("list0").display))
        == expected)
    let lines = Set(oneLine.map { Array(RawPath(bytes: $0).identifier.utf8) })
    #expect(try ids(program.run(["infer", "--files-from", "list", "--json"])) == lines)
    #expect(
      try ids(program.run(["infer", "-", "--json"], input: stdin.appending("list").display))
        == lines)
    #expect(try program.run(["run", "in", "-o", "out", "--heatmap", "png"]).status == 0)
    #expect(try program.heatmaps("out").count == 2 * names.count)
    #expect(try program.run(["validate", "in/-dash.png", "--", "-dash.png"]).status == 1)
  }

  @Test func `files outside the base folder are failed items`() throws {
    try copyPhotos()
    try program.copySample("metal-crack-01.jpg", to: RawPath("base/a.jpg"))
    let lines = ["a.jpg", "../metal-crack-01.jpg", "/etc/passwd"].map {
      #"{"image":{"path":"\#($0)"}}"#
    }
    try program.folder.write(lines.joined(separator: "\n"), to: "m.jsonl")
    let words = ["run", "--manifest", "m.jsonl", "--base-dir", "base", "-o", "out"]
    #expect(try program.run(words).status == 1)
    let results = try program.reproducibleResults("out")
    #expect(
      results.map { $0["error"]?["code"]?.string } == [nil, "access.denied", "access.denied"])
    #expect(results.map { $0["error"]?["status"]?.int } == [nil, 403, 403])
    #expect(try program.run(["validate", ".", "--base-dir", "base"]).status == 0)
  }

  @Test func `equal contents go through the network once, and each has its own files`() throws {
    try copyPhotos()
    for copy in 0..<6 {
      for name in Self.photos { try program.copySample(name, to: RawPath("in/\(copy)-\(name)")) }
    }
    for (number, flags) in [["-j", "1", "--batch", "4"], ["-j", "3", "--batch", "2"]].enumerated() {
      let words = ["run", "in", "-o", "\(number)", "--heatmap", "png,npy", "--overlay"] + flags
      #expect(try program.run(words).status == 0)
      let lines = try program.folder.read("\(number)/results.jsonl").split(separator: 0x0A)
      var computed: [String: Int] = [:]
      for line in lines {
        let result = try JSONValue(parsing: Array(line))
        let digest = result["source"]?["sha256"]?.string ?? ""
        let time = result["timings_ms"]?["inference"]?.double ?? 0
        computed[digest, default: 0] += time > 0 ? 1 : 0
      }
      #expect(lines.count == 18)
      #expect(computed.count == 3 && computed.values.allSatisfy { $0 == 1 })
    }
    #expect(try program.reproducibleResults("0") == program.reproducibleResults("1"))
    let heatmaps = try program.heatmaps("0")
    #expect(heatmaps.count == 3 * 18)
    #expect(try heatmaps == program.heatmaps("1"))
    // Alone, without anything to share with, the bytes are the same.
    #expect(
      try program.run(
        ["run", "in/5-fabric-clean-01.png", "-o", "alone", "--heatmap", "png,npy", "--overlay"]
      ).status == 0)
    for (name, bytes) in try program.heatmaps("alone") {
      #expect(heatmaps[name] == bytes)
    }
    #expect(try program.run(["runs", "verify", "1"]).status == 0)
  }

  @Test func `items of equal bytes keep their own labels and options`() throws {
    try copyPhotos()
    let lines = [
      #"{"id":"a","image":{"path":"metal-crack-01.jpg"},"label":"crack"}"#,
      #"{"id":"b","image":{"path":"metal-crack-01.jpg"},"label":"hole"}"#,
      #"{"id":"c","image":{"path":"metal-crack-01.jpg"},"label":"hole","grad_cam":{"target":"label"}}"#,
      #"{"id":"d","image":{"path":"metal-crack-01.jpg"},"label":"crack","grad_cam":{"target":"label"}}"#,
    ]
    try program.folder.write(lines.joined(separator: "\n"), to: "m.jsonl")
    #expect(try program.run(["run", "--manifest", "m.jsonl", "-o", "out", "-j", "1"]).status == 0)
    let results = try program.reproducibleResults("out")
    #expect(results.map { $0["label"]?.string } == ["crack", "hole", "hole", "crack"])
    let targets = results.map { $0["result"]?["heatmap"]?["target"]?["id"]?.string }
    #expect(targets[2...] == ["hole", "crack"])
    let truths = results.map { $0["result"]?["truth"]?["id"]?.string }
    #expect(truths == ["crack", "hole", "hole", "crack"])
  }
}
