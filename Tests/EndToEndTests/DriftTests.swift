import FileAccess
import InfercamTestSupport
import JSON
import Testing

/// Runs of versions of the bundled model beside each other.
struct DriftTests {
  let program: Program

  init() throws {
    program = try Program()
    try makeVersion("1")
    try makeVersion("2", replacing: #""RGB""#, with: #""BGR""#)
    try program.folder.write(Array(#"{"default":"1"}"#.utf8), to: RawPath("models/m/model.json"))
    try program.makeInputs()
    var manifest = ""
    for name in try namesInDirectory(program.folder.path.appending("in")) {
      let label = name.display.split(separator: "-")[2]
      manifest +=
        #"{"id":"\#(name.display)","image":{"path":"in/\#(name.display)"},"label":"\#(label)"}"#
      manifest += "\n"
    }
    try program.folder.write(Array(manifest.utf8), to: RawPath("m.jsonl"))
  }

  /// Copies the bundled model with another text in `file`.
  private func makeVersion(
    _ name: String, _ file: String = "version.json", replacing old: String = "",
    with new: String = ""
  ) throws {
    let source = checkoutFolder.appending("models/surface-defects/1")
    for other in ["model.onnx", "version.json", "labels.json"] {
      var bytes = try readRegularFile(source.appending(other), limit: 1 << 30).bytes
      if !old.isEmpty, other == file || other == "version.json" && file == "labels.json" {
        let text = String(decoding: bytes, as: UTF8.self)
        let parts = text.split(separator: old, omittingEmptySubsequences: false)
        try #require(parts.count > 1)
        bytes = Array(parts.joined(separator: new).utf8)
      }
      try program.folder.write(bytes, to: RawPath("models/m/\(name)/\(other)"))
    }
  }

  private func run(_ output: String, _ words: [String]) throws -> Program.Ending {
    try program.run(
      ["run", "--manifest", "m.jsonl", "-o", output, "--models", "models"] + words)
  }

  private func diff(_ words: [String]) throws -> Program.Ending {
    try program.run(["diff", "--models", "models"] + words)
  }

  @Test func `runs of one model are the same and runs of two are told apart`() throws {
    #expect(try run("a", ["-m", "m@1"]).status == 0)
    #expect(try run("a2", ["-m", "m@1", "--batch", "1", "--workers", "1"]).status == 0)
    #expect(try run("b", ["-m", "m@2"]).status == 0)
    let same = try diff(["a", "a2", "--json"])
    #expect(same.status == 0, "\(same.errors)")
    #expect(try same.lines().first?["items"]?["identical"]?.int == 5)
    let ending = try diff(["a", "b", "--json", "--html", "pages/d.html"])
    // The folder of the page is not made.
    #expect(ending.status == 3 || ending.status == 6)
    let other = try diff(["a", "b", "--json", "--html", "d.html"])
    #expect(other.status == 1)
    let report = try #require(try other.lines().first)
    #expect(report["same"]?.bool == false)
    #expect(report["compared"]?.int == 5)
    #expect(report["b"]?["model_version"]?.string == "2")
    #expect(try #require(report["prob_drift"]?["max"]?.double) > 0.001)
    #expect(report["truth"]?["a"]?["accuracy"]?.double == 1)
    #expect(report["heatmaps"]?["iou"]?["count"]?.int ?? 0 > 0)
    let page = String(decoding: try program.folder.read("d.html"), as: UTF8.self)
    #expect(page.contains("<h1>m@1 (a) and m@2 (b)</h1>"))
    let flips = try #require(report["flips"]?["items"]?.array)
    #expect(flips.isEmpty || page.contains(#"src="a/heatmaps/"#))
  }

  @Test func `limits decide, and items on one side only are named`() throws {
    #expect(try run("a", ["-m", "m@1"]).status == 0)
    #expect(
      try program.run(["run", "in/", "-o", "c", "--models", "models", "-m", "m@1"]).status == 0)
    // The ids are others here: in/NAME.
    let other = try diff(["a", "c", "--json"])
    #expect(other.status == 1)
    let items = try #require(try other.lines().first?["items"])
    #expect(items["only_a"]?["count"]?.int == 5 && items["only_b"]?["count"]?.int == 5)
    #expect(items["only_b"]?["ids"]?.array?.first?.string?.hasPrefix("in/") == true)
    #expect(try diff(["a", "c", "--max-flips", "0"]).status == 1)
    #expect(try diff(["a", "c", "--max-flips", "0", "--max-missing", "100%"]).status == 0)
    #expect(try run("b", ["-m", "m@2"]).status == 0)
    #expect(try diff(["a", "b", "--max-flips", "100%", "--max-prob-drift", "1"]).status == 0)
    let verdicts = try diff(["a", "b", "--max-prob-drift", "0.0001", "--json"])
    #expect(verdicts.status == 1)
    #expect(
      try verdicts.lines().first?["verdicts"]?.array?.map { $0["passed"]?.bool } == [true, false])
    #expect(try diff(["a"]).status == 2)
    #expect(try diff(["a", "nothing"]).status == 3)
    #expect(try diff(["a", "b", "--max-flips", "some"]).status == 2)
  }

  @Test func `a second model of a run is compared, the same in any split`() throws {
    let whole = try run("whole", ["-m", "m@1", "--compare", "m@2"])
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(whole.errors.contains("compared with m@2"))
    for shard in ["0/2", "1/2"] {
      let part = try run(
        "parts", ["-m", "m@1", "--compare", "m@2", "--shard", shard, "--batch", "1"])
      #expect(part.status == 0, "\(part.errors)")
    }
    #expect(try program.reproducibleResults("whole") == program.reproducibleResults("parts"))
    func comparison(_ run: String) throws -> JSONValue? {
      try JSONValue(parsing: try program.folder.read("\(run)/summary.json"))["compare"]
    }
    let report = try #require(try comparison("whole"))
    #expect(try comparison("parts") == report)
    #expect(report["model_version"]?.string == "2")
    // The same figures as those of two runs.
    #expect(try run("a", ["-m", "m@1"]).status == 0)
    #expect(try run("b", ["-m", "m@2"]).status == 0)
    let difference = try #require(try diff(["a", "b", "--json"]).lines().first)
    for name in ["flips", "prob_drift", "label_rates", "truth"] {
      #expect(report[name] == difference[name], "\(name)")
    }
    #expect(report["heatmaps"]?["iou"] == difference["heatmaps"]?["iou"])
    // The second model says what it says alone.
    let alone = try program.reproducibleResults("b")
    for (mine, other) in zip(try program.reproducibleResults("whole"), alone) {
      #expect(mine["result"]?["compare"]?["classes"] == other["result"]?["classes"])
      #expect(mine["result"]?["compare"]?["truth"] == other["result"]?["truth"])
    }
  }

  @Test func `a second model is part of the run, its limits are not`() throws {
    let words = ["-m", "m@1", "--compare", "m@2", "--heatmap", "none"]
    #expect(try run("out", words + ["--max-prob-drift", "0.0001"]).status == 1)
    let replayed = try run("out", words + ["--max-prob-drift", "1", "--json"])
    #expect(replayed.status == 0)
    #expect(try replayed.lines().first?["replayed"]?.bool == true)
    #expect(try run("out", ["-m", "m@1", "--heatmap", "none"]).status == 5)
    #expect(try run("other", ["-m", "m@1", "--max-flips", "1"]).status == 2)
    #expect(try run("other", ["-m", "m@1", "--compare", "m@9"]).status == 4)
  }

  @Test func `a run that is killed goes on with both models`() throws {
    let words = ["-m", "m@1", "--compare", "m@2", "--durability", "item", "--workers", "1"]
    let killed = try program.run(
      ["run", "--manifest", "m.jsonl", "-o", "killed", "--models", "models"] + words,
      environment: ["INFERCAM_FAULT": "fdatasync:kill:4"])
    #if DEBUG
    #expect(killed.status == 128 + 9)
    #endif
    #expect(try run("killed", words).status == 0)
    #expect(try run("whole", words).status == 0)
    #expect(try program.reproducibleResults("killed") == program.reproducibleResults("whole"))
  }

  @Test func `classes that have another name are related by a mapping`() throws {
    try makeVersion("3", "labels.json", replacing: "surface-defects-1", with: "surface-defects-3")
    var labels = String(decoding: try program.folder.read("models/m/3/labels.json"), as: UTF8.self)
    labels = labels.split(separator: #""id": "crack""#).joined(separator: #""id": "fissure""#)
    try program.folder.write(Array(labels.utf8), to: RawPath("models/m/3/labels.json"))
    #expect(try run("a", ["-m", "m@1"]).status == 0)
    #expect(try run("b", ["-m", "m@3"]).status == 0)
    let unrelated = try diff(["a", "b", "--json", "--max-flips", "0"])
    #expect(unrelated.status == 1)
    #expect(unrelated.errors.contains("no mapping file relates"))
    try program.folder.write(
      Array(
        #"{"schema":"infercam.label_mapping/1","from":"surface-defects-1","to":"surface-defects-3","classes":{"crack":"fissure"}}"#
          .utf8), to: RawPath("models/m/label-mappings/a.json"))
    let related = try diff(["a", "b", "--json", "--max-flips", "0"])
    #expect(related.status == 0, "\(related.text) \(related.errors)")
    #expect(try related.lines().first?["label_rates"]?["psi"]?.double == 0)
    let shadow = try run("shadow", ["-m", "m@1", "--compare", "m@3", "--max-flips", "0"])
    #expect(shadow.status == 0, "\(shadow.errors)")
  }
}
