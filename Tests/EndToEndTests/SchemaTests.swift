import Faults
import FileAccess
import InfercamTestSupport
import JSON
import Testing

/// What the program prints and writes, held against the schemas that it prints.
@Suite(
  .enabled(
    if: SchemaValidator.isAvailable, "python3-jsonschema is missing: make deps installs it"))
struct SchemaTests {
  let program: Program

  init() throws {
    program = try Program()
  }

  /// The schema of a name, as the program prints it.
  func schema(_ name: String) throws -> JSONValue {
    let ending = try program.run(["schema", name])
    #expect(ending.status == 0, "\(ending.errors)")
    return try #require(try ending.lines().first)
  }

  /// Reports every document that breaks its schema.
  func check(_ documents: [(schema: String, document: JSONValue)]) throws {
    #expect(!documents.isEmpty)
    var schemas: [String: JSONValue] = [:]
    for (name, _) in documents where schemas[name] == nil { schemas[name] = try schema(name) }
    let cases = documents.map {
      SchemaValidator.Case($0.schema, schemas[$0.schema] ?? .null, $0.document)
    }
    for (test, violations) in zip(cases, try SchemaValidator.violations(cases)) {
      #expect(violations == [], "\(test.name): \(test.document.encodedText)")
    }
  }

  func lines(_ name: String) throws -> [JSONValue] {
    try program.folder.read(name).split(separator: 0x0A).map { try JSONValue(parsing: Array($0)) }
  }

  @Test func `results of every kind obey the schema`() throws {
    try program.makeInputs()
    try program.folder.write("no image", to: "in/text.jpg")
    var results: [JSONValue] = []
    for words in [
      [], ["--heatmap", "png,npy", "--overlay", "--box", "0.5", "--faithfulness"],
      ["--target", "all"], ["--target", "topk", "--heatmap", "png", "--top-k", "2"],
      ["--layer", "auto", "--normalize", "none", "--resolution", "cam", "-o", "maps"],
      ["--heatmap", "npy", "--normalize", "signed"],
    ] {
      let ending = try program.run(["infer", "in", "in/missing.png", "--json"] + words)
      #expect(ending.status == 1, "\(ending.errors)")
      results += try ending.lines()
    }
    #expect(results.contains { $0["status"] == "succeeded" })
    #expect(results.contains { $0["status"] == "failed" })
    try check(results.map { ("result", $0) })
  }

  @Test func `what a run prints and writes obeys the schemas`() throws {
    try program.makeInputs()
    let manifest = """
      {"id":"a","image":{"path":"in/0-metal-crack-01.jpg"},"label":"crack","metadata":{"n":1}}
      {"id":"b","image":{"path":"in/missing.jpg"}}
      """
    try program.folder.write(manifest, to: "list.jsonl")
    let words = ["run", "--manifest", "list.jsonl", "-o", "runs/a", "--heatmap", "png,npy"]
    let first = try program.run(words)
    #expect(first.status == 1, "\(first.errors)")
    var documents: [(schema: String, document: JSONValue)] = []
    for words in [words, ["runs", "show", "runs/a"]] {
      documents += try program.run(words).lines().map { ("job", $0) }
    }
    documents += try first.lines().map { ("job", $0) }
    documents.append(("job", try JSONValue(parsing: program.folder.read("runs/a/summary.json"))))
    documents += try lines("runs/a/results.jsonl").map { ("result", $0) }
    for words in [["runs", "list", "runs"], ["runs", "results", "runs/a", "--limit", "1"]] {
      documents += try program.run(words).lines().map { ("page", $0) }
    }
    documents += try lines("list.jsonl").map { ("input", $0) }
    #expect(documents.count == 10)
    try check(documents)
  }

  @Test func `what validation prints obeys the schema`() throws {
    try program.makeInputs()
    try program.folder.write("no image", to: "in/text.jpg")
    let items = try program.run(["validate", "in", "in/missing.png"]).lines()
    #expect(items.filter { $0["status"] == "rejected" }.count == 2)
    try check(items.map { ("validated", $0) })
  }

  @Test(arguments: [
    ["infer", "--top-k", "0", "--alpha", "2", "a.jpg"], ["runs", "show", "nothing"], ["nonsense"],
    ["infer", "-m", "nothing", "a.jpg"], ["run", "--manifest", "bad.jsonl", "-o", "out"],
  ])
  func `what goes wrong is told by the schema`(words: [String]) throws {
    try program.folder.write("{\"image\":{\"path\":\"\"},\"x\":1}\n{", to: "bad.jsonl")
    let ending = try program.run(words + ["--json"])
    #expect(ending.status != 0)
    try check([("error", try JSONValue(parsing: Array(ending.errors.utf8)))])
  }

  @Test func `the bundled model and the samples obey the schemas`() throws {
    let model = checkoutFolder.appending("models/surface-defects")
    func read(_ path: RawPath) throws -> JSONValue {
      try JSONValue(parsing: try readRegularFile(path, limit: 1 << 20).bytes)
    }
    var documents = [
      ("model", try read(model.appending("model.json"))),
      ("version", try read(model.appending("1/version.json"))),
      ("labels", try read(model.appending("1/labels.json"))),
    ]
    let shown = try #require(try program.run(["models", "show", "surface-defects"]).lines().first)
    documents.append(("model-version", shown))
    #expect(shown["golden"]?["inputs"]?.int ?? 0 > 0 && shown["is_default"] == true)
    #expect(shown["graph"]?["precision"] == "float32")
    #expect(shown["files"]?.array?.first?["sha256"] == shown["sha256"])
    documents.append(("models", try #require(try program.run(["models", "list"]).lines().first)))
    let list = try readRegularFile(Program.samples.appending("manifest.jsonl"), limit: 1 << 20)
    documents += try list.bytes.split(separator: 0x0A).map {
      ("input", try JSONValue(parsing: Array($0)))
    }
    try check(documents)
  }

  @Test func `a fitted temperature obeys the schemas`() throws {
    for file in ["model.onnx", "version.json", "labels.json"] {
      let source = checkoutFolder.appending("models/surface-defects/1").appending(file)
      try program.folder.write(
        try readRegularFile(source, limit: 1 << 30).bytes, to: RawPath("models/m/1/\(file)"))
    }
    try program.copySample("metal-crack-01.jpg", to: RawPath("a.jpg"))
    let lines = (0..<10).map { index in
      #"{"id":"\#(index)","image":{"path":"a.jpg"},"label":"\#(index < 3 ? "hole" : "crack")"}"#
    }
    try program.folder.write(lines.joined(separator: "\n"), to: "m.jsonl")
    let words = ["--models", "models"]
    #expect(
      try program.run(
        ["run", "--manifest", "m.jsonl", "-o", "a", "-m", "m@1", "--save-logits"] + words
      ).status == 0)
    let ending = try program.run(
      ["models", "calibrate", "m@1", "a", "--calibration-version", "c"] + words)
    #expect(ending.status == 0, "\(ending.errors)")
    let file = try JSONValue(parsing: program.folder.read("models/m/1/calibrations/c.json"))
    func shown(_ reference: String) throws -> JSONValue {
      try #require(try program.run(["models", "show", reference] + words).lines().first)
    }
    func listed() throws -> JSONValue {
      try #require(try program.run(["models", "list"] + words).lines().first)
    }
    try check([
      ("calibration-report", try #require(try ending.lines().first)), ("calibration", file),
      ("model-version", try shown("m@1+c")), ("models", try listed()),
    ])
    // What is damaged is told in its place.
    try program.folder.write("{", to: "models/m/2/version.json")
    try program.folder.write("no graph", to: "models/m/1/model.onnx")
    let (list, version) = (try listed(), try shown("m@1"))
    let errors = list["items"]?.array?.first?["versions"]?.array?.map { $0["error"]?["code"] }
    #expect(errors == [nil, "model.invalid"])
    #expect(version["graph"] == .null && version["error"]?["code"] == "model.digest_mismatch")
    #expect(version["calibrations"]?.array?.first?["version"] == "c")
    try check([("models", list), ("model-version", version)])
  }

  @Test func `what checks and comparisons print obeys the schemas`() throws {
    let words = ["--models", "models"]
    for (version, color) in [("1", "RGB"), ("2", "BGR")] {
      for file in ["model.onnx", "version.json", "labels.json"] {
        let source = checkoutFolder.appending("models/surface-defects/1").appending(file)
        var bytes = try readRegularFile(source, limit: 1 << 30).bytes
        if file == "version.json" {
          bytes = Array(
            String(decoding: bytes, as: UTF8.self).split(separator: #""RGB""#)
              .joined(separator: "\"\(color)\"").utf8)
        }
        try program.folder.write(bytes, to: RawPath("models/m/\(version)/\(file)"))
      }
    }
    try program.folder.write(#"{"default":"1"}"#, to: "models/m/model.json")
    try program.makeInputs()
    try program.copySample("metal-crack-01.jpg", to: RawPath("a.jpg"))
    try program.folder.write(
      """
      {"id":"a","image":{"path":"a.jpg"},"label":"crack"}
      {"id":"b","image":{"path":"missing.jpg"}}

      """, to: "m.jsonl")
    func print(_ more: [String]) throws -> JSONValue {
      let ending = try program.run(more + (more[0] == "render" ? [] : words))
      return try #require(try ending.lines().first, "\(ending.errors)")
    }
    var documents: [(schema: String, document: JSONValue)] = []
    _ = try print(["check", "record", "m@1", "--inputs", "a.jpg", "--layers", "all"])
    _ = try print(["check", "accept", "m@1"])
    for version in ["1", "2"] { documents.append(("check", try print(["check", "m@\(version)"]))) }
    documents.append(("tolerances", try print(["check", "calibrate", "m@1"])))
    documents.append(("verification", try print(["models", "verify", "m@1"])))
    for version in ["1", "2"] {
      _ = try print(
        [
          "run", "--manifest", "m.jsonl", "-o", version, "-m", "m@\(version)", "--fail-on", "never",
          "--heatmap", "png",
        ])
    }
    for second in ["1", "2"] {
      documents.append(("diff", try print(["diff", "1", second])))
      documents.append(("diff", try print(["diff", "1", second, "--max-flips", "0"])))
    }
    documents.append(("render", try print(["render", "1", "-o", "drawn", "--overlay"])))
    documents += try lines("drawn/heatmaps.jsonl").map { ("drawn", $0) }
    #expect(documents.count == 10)
    #expect(documents.filter { $0.document["same"] == false }.count >= 2)
    try check(documents)
  }

  @Test func `an unknown name gets a suggestion`() throws {
    let ending = try program.run(["schema", "resutl"])
    #expect(ending.status == 2)
    #expect(ending.errors.contains("did you mean result?"))
  }
}
