import FileAccess
import InfercamTestSupport
import JSON
import Testing

/// What callers say about their runs.
struct MetadataTests {
  let program: Program
  let value: JSONValue = ["order": 7, "site": ["N4", "ü"], "nested": ["a": .null]]

  init() throws {
    program = try Program()
    try program.makeInputs()
    try program.folder.write(value.encoded(pretty: true), to: RawPath("meta.json"))
  }

  @Test(arguments: ["@meta.json", "inline", "manifest"])
  func `metadata go into the job and change no result`(way: String) throws {
    let plain = try program.run(["run", "in", "-o", "plain", "--heatmap", "none"]).lines().first
    var words = ["run", "in", "-o", "out", "--heatmap", "none"]
    if way == "manifest" {
      let names = try namesInDirectory(program.folder.path.appending("in")).compactMap(\.text)
      let inputs = names.map { name -> JSONValue in ["image": ["path": .string("in/\(name)")]] }
      let document: JSONValue = [
        "job_type": "inference", "metadata": value, "inputs": .array(inputs),
      ]
      try program.folder.write(document.encoded(), to: RawPath("job.json"))
      words = ["run", "--manifest", "job.json", "-o", "out", "--heatmap", "none"]
    } else {
      words += ["--metadata", way == "inline" ? value.encodedText : way]
    }
    let ending = try program.run(words)
    #expect(ending.status == 0, "\(ending.errors)")
    let job = try #require(try ending.lines().first)
    #expect(job["metadata"] == value && job["run_digest"] == plain?["run_digest"])
    for name in ["run.json", "summary.json"] {
      let stored = try JSONValue(parsing: program.folder.read("out/\(name)"))
      #expect(stored["metadata"] == value)
    }
    let shown = try program.run(["runs", "show", "out", "--json"]).lines().first
    #expect(shown?["metadata"] == value)
    #expect(plain?["metadata"] == .null)
  }

  @Test func `a run keeps what was said about it first`() throws {
    let words = ["run", "in", "-o", "out", "--heatmap", "none", "--json"]
    #expect(try program.run(words + ["--metadata", "@meta.json"]).status == 0)
    let silent = try program.run(words).lines().first
    #expect(silent?["replayed"] == true && silent?["metadata"] == value)
    let same = try program.run(words + ["--metadata", value.encodedText])
    #expect(same.status == 0)
    let other = try program.run(words + ["--metadata", #"{"order":8}"#])
    #expect(other.status == 5 && other.errors.contains(#""field":"metadata""#))
  }

  @Test(arguments: [
    "[1]", "7", "{", "", #"{"a":1,"a":2}"#, #"{"a":1} x"#, "@none.json", "@in", "@",
  ])
  func `what is no object is refused before anything starts`(word: String) throws {
    let ending = try program.run(["run", "in", "-o", "out", "--metadata", word])
    #expect(ending.status == 2 && ending.errors.contains("--metadata"), "\(ending.errors)")
    #expect(!program.folder.exists("out"))
  }

  @Test func `metadata have a limit`() throws {
    let text = String(repeating: "x", count: 70_000)
    try program.folder.write(#"{"a":"\#(text)"}"#, to: "long.json")
    let ending = try program.run(["run", "in", "-o", "out", "--metadata", "@long.json"])
    #expect(ending.status == 2 && ending.errors.contains("65536"))
    let document: JSONValue = [
      "metadata": ["a": .string(text)],
      "inputs": [["image": ["path": "in/0-tile-clean-01.bmp"]]],
    ]
    try program.folder.write(document.encoded(), to: RawPath("job.json"))
    let manifest = try program.run(["run", "--manifest", "job.json", "-o", "out", "--json"])
    #expect(manifest.status != 0 && manifest.errors.contains("/metadata"), "\(manifest.errors)")
  }
}
