import FileAccess
import InfercamTestSupport
import JSON
import Testing

/// Examples of the interface, and what earlier versions have written.
@Suite(
  .enabled(
    if: SchemaValidator.isAvailable, "python3-jsonschema is missing: make deps installs it"))
struct CompatibilityTests {
  let program: Program

  init() throws {
    program = try Program()
  }

  /// The examples of the interface, by the schema that they obey.
  static let examples: [(schema: String, text: String)] = [
    (
      "infer-request",
      """
      {"model":"resnet50@stable","image":{"bytes":"/9j/4AAQSkZJRg==","content_md5":"XrY7u+Ae7tCTyyK7j1rNww=="},
       "classify":{"top_k":3,"prob_threshold":0.01},
       "grad_cam":{"enabled":true,"layer":"auto","target":"top1","format":"png","resolution":"input"},
       "resize":{"longest_side":1536}}
      """
    ),
    (
      "result",
      """
      {"schema":"infercam.result/1","seq":0,"id":"img1","status":"succeeded","request_id":"run_01J:0",
       "source":{"path":"a/cat.jpg","bytes":183422,"format":"jpeg","width":4032,"height":3024,
        "sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","orientation":6},
       "model":"resnet50","model_version":"2025-01-15","labels_version":"imagenet1k-2",
       "model_sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
       "calibration_version":"t1.23",
       "result":{"classes":[{"id":"n02124075","label":"Egyptian cat","prob":0.871,"index":285}],
        "top_k_effective":5,
        "heatmap":{"type":"file","path":"heatmaps/cat.jpg.png","width":4032,"height":3024,
         "sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
         "colormap":"jet","overlay":true,"method":"gradcam","layer":"relu_48",
         "target":{"kind":"top1","id":"n02124075"},"score":"logit",
         "raw":{"path":"heatmaps/cat.jpg.raw.npy","shape":[7,7],"min":-0.021,"max":0.184},
         "normalization":{"range":[0,1],"mode":"max","max":0.184},"degenerate":null,
         "to_input":[378.0,0,0,378.4,189.0,685.8],"seen_box":[189,686,2835,3334]}},
       "timings_ms":{"queue":2,"decode":31,"preprocess":4,"inference":58,"explain":1,"write":3,"total":99},
       "a_member_of_a_later_version":{"is":"ignored"}}
      """
    ),
    (
      "job-request",
      """
      {"job_type":"inference","model":"resnet50","metadata":{"site":"N4"},"inputs":[
       {"id":"img1","image":{"path":"a/cat.jpg"},"label":"n02124075","metadata":{"site":"N4"},
        "sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
       {"id":"img2","image":{"url":"https://example.org/a.jpg"},"classify":{"top_k":10,"prob_threshold":0.01}},
       {"id":"img3","image":{"bytes":"/9j/4AAQ"},"grad_cam":{"enabled":true,"format":"npy"}},
       {"id":"img4","resize":{"longest_side":1536},
        "image":{"storage_id":"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}]}
      """
    ),
    (
      "job",
      """
      {"schema":"infercam.summary/1","job_id":"run_01J","status":"running","model":"resnet50",
       "submitted_at":"2026-01-31T12:00:00Z","started_at":"2026-01-31T12:00:00.250Z",
       "completed_at":null,"model_version":"2025-01-15","error":null,"run_digest":null,
       "result_summary":{"items":100,"succeeded":41,"failed":1,"failures":{"image.too_large":1}}}
      """
    ),
    (
      "error",
      """
      {"error":{"type":"limit_exceeded","code":"upload.too_large","status":413,"request_id":"req_01J",
       "message":"the file has 104857601 bytes, the limit is 100000000: use a smaller file",
       "details":{"bytes":104857601,"limit":100000000}}}
      """
    ),
  ]

  /// What no request may look like, and no answer does.
  static let counterexamples: [(schema: String, text: String)] = [
    ("infer-request", #"{"model":"m"}"#),
    ("infer-request", #"{"image":{"path":"a","url":"https://b.example/"}}"#),
    ("infer-request", #"{"image":{"path":"a"},"top_k":3}"#),
    ("input", #"{"image":{"path":"a","storage":"b"}}"#),
    ("input", #"{"image":{"path":"a"},"sha256":"9f86"}"#),
    ("input", #"{"image":{"storage_id":"9f86"}}"#),
    ("job-request", #"{"job_type":"training","inputs":[]}"#), ("job-request", #"{"model":"m"}"#),
    ("error", #"{"error":{"type":"conflict","code":"run.locked","message":"m","status":404}}"#),
    ("error", #"{"error":{"type":"odd","code":"run.locked","message":"m","status":409}}"#),
    ("page", #"{"items":[]}"#), ("version", #"{"input":{}}"#),
  ]

  private func violations(
    _ documents: [(schema: String, text: String)]
  ) throws -> [[String]] {
    let cases = try documents.map { document in
      let schema = try #require(try program.run(["schema", document.schema]).lines().first)
      return SchemaValidator.Case(
        document.schema, schema, try JSONValue(parsing: Array(document.text.utf8)))
    }
    return try SchemaValidator.violations(cases)
  }

  @Test func `the examples of the interface obey the schemas`() throws {
    for (example, found) in zip(Self.examples, try violations(Self.examples)) {
      #expect(found == [], "\(example.schema)")
    }
  }

  @Test func `what is wrong breaks the schemas`() throws {
    for (example, found) in zip(Self.counterexamples, try violations(Self.counterexamples)) {
      #expect(found != [], "\(example.schema): \(example.text)")
    }
  }

  /// Lines of a manifest, and whether they may be.
  static let manifestLines: [(text: String, isAllowed: Bool)] = [
    (#"{"image":{"path":"a.jpg"}}"#, true),
    (#"{"id":"1","image":{"path":"a.jpg"},"label":"crack","metadata":{"n":[1]}}"#, true),
    (#"{"image":{"path":"a.jpg"},"sha256":"\#(String(repeating: "0a", count: 32))"}"#, true),
    (#"{"id":"1","image":{"bytes":"/9j/4AAQ"}}"#, true),
    (#"{"id":"1","image":{"bytes":"/9j/4AAQ","content_md5":"XrY7u+Ae7tCTyyK7j1rNww=="}}"#, true),
    (#"{"image":{"storage_id":"sha256:\#(String(repeating: "0a", count: 32))"}}"#, true),
    (#"{"id":"1","image":{"bytes":7}}"#, false), (#"{"image":{"bytes":"/9j/4AAQ"}}"#, false),
    (#"{"id":"1","image":{"bytes":""}}"#, true),
    (#"{"id":"1","image":{"bytes":"/9j/4AAQ","content_md5":"XrY7"}}"#, false),
    (#"{"id":"1","image":{"bytes":"/9j/4AAQ","path":"a.jpg"}}"#, false),
    (#"{"image":{"storage_id":"0a"}}"#, false), (#"{"image":{"storage_id":7}}"#, false),
    (#"{"image":{"storage_id":"sha256:\#(String(repeating: "0A", count: 32))"}}"#, false),
    (#"{"image":{"storage_id":"sha256:0a"}}"#, false),
    (#"{"id":"1"}"#, false), (#"{"image":{}}"#, false), (#"{"image":"a.jpg"}"#, false),
    (#"{"image":{"path":""}}"#, false), (#"{"image":{"path":7}}"#, false),
    (#"{"image":{"path":"a.jpg"},"lable":"crack"}"#, false),
    (#"{"image":{"path":"a.jpg","size":3}}"#, false),
    (#"{"image":{"path":"a.jpg"},"id":""}"#, false), (#"{"image":{"path":"a.jpg"},"id":3}"#, false),
    (#"{"image":{"path":"a.jpg"},"label":3}"#, false),
    (#"{"image":{"path":"a.jpg"},"metadata":[1]}"#, false),
    (#"{"image":{"path":"a.jpg"},"sha256":"0a"}"#, false),
    (#"{"image":{"path":"a.jpg"},"classify":{"top_k":0}}"#, false),
    (#"{"image":{"path":"a.jpg"},"classify":{"topk":3}}"#, false),
    (#"{"image":{"path":"a.jpg"},"grad_cam":{"alpha":1.5}}"#, false),
    (#"{"image":{"path":"a.jpg"},"resize":{"longest_side":"big"}}"#, false), (#"[]"#, false),
  ]

  @Test func `the schema of inputs takes the lines that the program takes`() throws {
    let found = try violations(Self.manifestLines.map { ("input", $0.text) })
    for (line, violations) in zip(Self.manifestLines, found) {
      #expect(violations.isEmpty == line.isAllowed, "\(line.text): \(violations)")
      try program.folder.write(line.text + "\n", to: "list.jsonl")
      let ending = try program.run(["validate", "--manifest", "list.jsonl"])
      // A missing file is a rejected item; a line that may not be ends everything.
      #expect(ending.status == (line.isAllowed ? 1 : 3), "\(line.text): \(ending.errors)")
    }
  }

  /// The folders of what earlier versions have written.
  static let formats = ["format-1", "format-2", "format-3"]

  private func fixture(_ name: String) -> RawPath {
    checkoutFolder.appending("Tests/EndToEndTests/Fixtures").appending(name)
  }

  private func copy(_ from: RawPath, to: RawPath) throws {
    for name in try namesInDirectory(from) {
      let source = from.appending(name)
      if try FileStamp(of: source)?.kind == .directory {
        try copy(source, to: to.appending(name))
      } else {
        let bytes = try readRegularFile(source, limit: 1 << 20).bytes
        try program.folder.write(bytes, to: to.appending(name))
      }
    }
  }

  @Test(arguments: formats)
  func `the schemas hold for what earlier versions have written`(format: String) throws {
    try copy(fixture(format), to: RawPath("old"))
    var documents: [(schema: String, text: String)] = []
    for (name, schema) in [
      ("manifest.jsonl", "input"), ("infer.jsonl", "result"), ("validate.jsonl", "validated"),
      ("run/results.jsonl", "result"),
    ] {
      documents += try program.folder.read("old/\(name)").split(separator: 0x0A).map {
        (schema, String(decoding: $0, as: UTF8.self))
      }
    }
    let summary = try program.folder.read("old/run/summary.json")
    documents.append(("job", String(decoding: summary, as: UTF8.self)))
    #expect(documents.count == 12)
    for (document, found) in zip(documents, try violations(documents)) {
      #expect(found == [], "\(document.schema)")
    }
  }

  @Test(arguments: formats)
  func `runs of earlier versions are listed, shown, paged and verified`(format: String) throws {
    try copy(fixture(format), to: RawPath("old"))
    let list = try #require(try program.run(["runs", "list", "old"]).lines().first)
    #expect(list["items"]?.array?.first?["result_summary"]?["succeeded"] == 2)
    let shown = try #require(try program.run(["runs", "show", "old/run"]).lines().first)
    #expect(shown["status"] == "failed")
    #expect(shown["result_summary"]?["failures"] == ["image.decoding_failed": 1])
    let page = try program.run(["runs", "results", "old/run", "--status", "succeeded"]).lines()
    let classes = page.first?["items"]?.array?.map { $0["result"]?["classes"]?.array?.first?["id"] }
    #expect(classes == ["crack", "clean"])
    let verified = try program.run(["runs", "verify", "old/run"])
    #expect(verified.status == 0, "\(verified.text)")
    // What verification reads it must also refuse when it has changed.
    var results = try program.folder.read("old/run/results.jsonl")
    results[results.count / 2] ^= 1
    try program.folder.write(results, to: RawPath("old/run/results.jsonl"))
    #expect(try program.run(["runs", "verify", "old/run"]).status == 7)
  }

  @Test(arguments: formats)
  func `the journal of an earlier version gives the same results again`(format: String) throws {
    try copy(fixture(format), to: RawPath("old"))
    let before = try program.folder.read("old/run/results.jsonl")
    let digest = try JSONValue(parsing: program.folder.read("old/run/summary.json"))["run_digest"]
    for name in ["results.jsonl", "summary.json"] {
      try removeFile(program.folder.path.appending("old/run").appending(name))
    }
    let merged = try program.run(["runs", "merge", "old/run"])
    #expect(merged.status == 1, "\(merged.errors)")
    #expect(try program.folder.read("old/run/results.jsonl") == before)
    #expect(try merged.lines().first?["run_digest"] == digest)
  }

  @Test(arguments: formats)
  func `a torn journal of an earlier version says what is missing`(format: String) throws {
    try copy(fixture(format), to: RawPath("old"))
    for name in ["results.jsonl", "summary.json"] {
      try removeFile(program.folder.path.appending("old/run").appending(name))
    }
    // Cut within the record before the closing line.
    let journal = try program.folder.read("old/run/journal/0-of-1.jsonl")
    try program.folder.write(
      Array(journal.dropLast(200)), to: RawPath("old/run/journal/0-of-1.jsonl"))
    let shown = try #require(try program.run(["runs", "show", "old/run"]).lines().first)
    let counts = shown["result_summary"]
    #expect(shown["status"] == "queued")
    #expect((counts?["succeeded"]?.int ?? 0) + (counts?["failed"]?.int ?? 0) == 2)
    #expect(try program.run(["runs", "merge", "old/run"]).status == 75)
  }
}
