import Faults
import InfercamTestSupport
import JSON
import Testing

struct UsageTests {
  let program: Program

  init() throws {
    program = try Program()
  }

  @Test(arguments: [
    (["inferr"], Int32(2), "did you mean infer?"),
    (["models", "lst"], 2, "did you mean models list?"),
    (["runs"], 2, "runs needs one of"),
    (["infer", "--tpo-k", "3", "a.jpg"], 2, "did you mean --top-k?"),
    (["infer", "--top-k", "0", "a.jpg"], 2, "--top-k must be 1 to 1000, not 0"),
    (["infer", "--top-k"], 2, "--top-k needs a value"), (["infer"], 2, "name at least one image"),
    (["run", "a.jpg"], 2, "--output"), (["run", "a.jpg", "-o", ""], 2, "-o must not be empty"),
    (["infer", "--method", "guess", "a.jpg"], 2, "scorecam, not guess"),
    (["infer", "--target", "index:x", "a.jpg"], 2, "must be top1"),
    (["infer", "-m", "nothing", "a.jpg"], 4, "there is no model nothing"),
    (["infer", "-m", "nothing.onnx", "a.jpg"], 4, "there is no model file nothing.onnx"),
    (["infer", "--preprocess", "none", "a.jpg"], 2, "describes an .onnx file"),
    (["infer", "--target", "index:99", "--heatmap", "png", "a.jpg"], 2, "99"),
    (["infer", "--layer", "nowhere", "--heatmap", "png", "a.jpg"], 2, "nowhere"),
    (["run", "nothing/", "--files-from", "nothing.txt", "-o", "out"], 3, "nothing.txt"),
    (["runs", "show", "nothing"], 3, "there is no run"), (["validate"], 2, "name at least one"),
  ])
  func `a mistake has its status and names the remedy`(
    words: [String], status: Int32, message: String
  ) throws {
    let ending = try program.run(words)
    #expect(ending.status == status)
    #expect(ending.errors.contains(message), "\(ending.errors)")
    #expect(ending.output.isEmpty)
    #expect(!program.folder.exists("out"))
    let json = try program.run(words + ["--json"])
    #expect(json.status == status)
    let error = try JSONValue(parsing: Array(json.errors.utf8))["error"]
    #expect(error?["message"]?.string?.isEmpty == false)
    let code = try #require(Fault.Code.all.first { $0.rawValue == error?["code"]?.string })
    #expect(error?["type"]?.string == code.kind.rawValue)
    #expect(error?["status"]?.int == code.kind.httpStatus)
    #expect(error?["request_id"]?.string?.hasPrefix("req_") == true)
  }

  @Test func `several mistakes are told at once`() throws {
    let words = ["infer", "--top-k", "0", "--alpha", "2", "--colormap", "pink", "--json"]
    let ending = try program.run(words)
    #expect(ending.status == 2)
    let error = try JSONValue(parsing: Array(ending.errors.utf8))["error"]
    // The fourth is that there is no image.
    #expect(error?["details"]?["violations"]?.array?.count == 4)
  }

  @Test func `mistakes of every origin are told at once`() throws {
    try program.folder.write(#"{"bathc": 1, "alpha": 7}"#, to: "config.json")
    let ending = try program.run(
      [
        "run", "--top-k", "x", "--target", "all", "--faithfulness", "--shard", "0/2", "--extend",
        "--json",
      ],
      environment: ["INFERCAM_CONFIG": "config.json", "INFERCAM_BATCH": "0"])
    #expect(ending.status == 2)
    let error = try JSONValue(parsing: Array(ending.errors.utf8))["error"]
    let messages = error?["details"]?["violations"]?.array?.compactMap { $0["message"]?.string }
    let expected = [
      "did you mean batch?", "alpha must be 0 to 1, not 7", "INFERCAM_BATCH must be 1 to 1024",
      "--top-k must be a whole number, not x", "name at least one image", "name the run directory",
      "faithfulness takes many passes", "--overwrite and --extend concern the whole run",
    ]
    #expect(messages?.count == expected.count, "\(messages ?? [])")
    for text in expected {
      #expect(messages?.contains { $0.contains(text) } == true, "\(text) in \(messages ?? [])")
    }
  }

  @Test(arguments: [
    (["--version"], "codecs:"), (["runs", "--help"], "runs watch"),
    (["help", "models"], "models list"),
    (["help", "runs", "show"], "Usage: infercam runs show"), (["help"], "Verbs:"),
  ])
  func `help of every kind says what is asked for`(words: [String], text: String) throws {
    let ending = try program.run(words)
    #expect(ending.status == 0)
    #expect(ending.text.contains(text))
  }

  @Test func `help is there also where the configuration is broken`() throws {
    let environment = ["INFERCAM_CONFIG": "missing.json", "INFERCAM_BATCH": "x"]
    #expect(try program.run(["run", "--help"], environment: environment).status == 0)
    let ending = try program.run(["run", "--json"], environment: environment)
    #expect(ending.status == 2)
    let error = try JSONValue(parsing: Array(ending.errors.utf8))["error"]
    #expect(error?["details"]?["violation_count"] == 4)
  }

  @Test func `help for an unknown verb suggests one`() throws {
    let ending = try program.run(["help", "valdate"])
    #expect(ending.status == 2)
    #expect(ending.errors.contains("did you mean validate?"))
  }

  @Test func `the version tells what the program was built of`() throws {
    let facts = try #require(try program.run(["--version", "--json"]).lines().first)
    #expect(facts["version"]?.string?.isEmpty == false)
    #expect(facts["codecs"]?.array?.count == 3)
    #expect(facts["blas"]?.string?.hasPrefix("OpenBLAS") == true)
  }

  @Test(arguments: [
    [], ["--help"], ["-h"], ["help", "run"], ["run", "--help"], ["models", "list", "-h"],
    ["--version"], ["infer", "--version"],
  ])
  func `help and version are printed`(words: [String]) throws {
    let ending = try program.run(words)
    #expect(ending.status == (words.isEmpty ? 2 : 0))
    #expect(ending.text.contains("infercam"))
    #expect(ending.errors.isEmpty)
  }

  @Test func `limits tell where they come from`() throws {
    let ending = try program.run(
      ["limits", "--max-side", "100"], environment: ["INFERCAM_MAX_PIXELS": "200"])
    let limits = try #require(try ending.lines().first)
    #expect(limits["max_side"] == ["value": 100, "origin": "flag"])
    #expect(limits["max_pixels"] == ["value": 200, "origin": "environment"])
    #expect(limits["max_bytes"] == ["value": 100_000_000, "origin": "default"])
  }

  @Test func `the bundled model is found and described`() throws {
    let list = try program.run(["models", "list"])
    #expect(
      try list.lines().first?["items"]?.array?.contains { $0["name"] == "surface-defects" } == true)
    let show = try program.run(["models", "show", "surface-defects@stable"])
    #expect(try show.lines().first?["sha256"]?.string?.count == 64)
  }

  @Test func `the layers of the bundled model are listed, one of them as automatic`() throws {
    let layers = try program.run(["models", "layers", "surface-defects"]).lines()
    #expect(layers.count > 3)
    #expect(layers.filter { $0["auto"] == true }.count == 1)
    #expect(layers.allSatisfy { $0["shape"]?.array?.count == 4 })
    #expect(layers.allSatisfy { $0["stride"]?.array?.count == 2 && $0["cam"] == true })
    #expect(layers.filter { $0["why"] != nil }.count == 1)
    let last = try #require(layers.last?["name"]?.string)
    try program.makeInputs()
    let words = ["infer", "in/0-tile-clean-01.bmp", "--heatmap", "npy", "--layer", last]
    let result = try program.run(words).lines().first
    #expect(result?["result"]?["heatmap"]?["layer"]?.string == last)
  }

  @Test func `a full disk behind stdout is a storage fault`() throws {
    let ending = try program.run(["models", "list"], output: "/dev/full")
    #expect(ending.status == 6)
    #expect(ending.errors.contains("storage.no_space"))
  }

  @Test func `a measurement prints rates and times`() throws {
    let ending = try program.run(
      ["bench", "surface-defects", "--seconds", "0.2", "--batch", "2", "-j", "1", "--json"])
    let report = try #require(try ending.lines().first)
    #expect((report["images_per_s"]?["best"]?.double ?? 0) > 0)
    #expect((report["latency_ms"]?["p99"]?.double ?? 0) > 0)
    #expect(report["batch"] == 2)
  }
}
