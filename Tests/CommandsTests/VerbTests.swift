import Faults
import FileAccess
import InfercamTestSupport
import Inference
import Options
import Requests
import Testing

@testable import Commands

struct VerbTests {
  @Test(arguments: Verb.all.map(\.name))
  func `the flags of a verb have names of their own`(name: String) throws {
    let verb = try #require(Verb.all.first { $0.name == name })
    let names = verb.flags.flatMap { [$0.name, $0.negation].compactMap(\.self) }
    #expect(Set(names).count == names.count)
    let shorts = verb.flags.compactMap(\.short)
    #expect(Set(shorts).count == shorts.count)
    #expect(!shorts.contains("h"))
    #expect(!names.contains("help") && !names.contains("version"))
  }

  @Test(arguments: Verb.all.map(\.name))
  func `the help of a verb names each flag and fits`(name: String) throws {
    let verb = try #require(Verb.all.first { $0.name == name })
    let text = helpText(verb.help, verb.flags, width: 90)
    for flag in verb.flags { #expect(text.contains("--\(flag.name)")) }
    #expect(text.contains("Usage: infercam \(name)"))
    let flagLines = text.split(separator: "\n").prefix { !$0.hasPrefix("Examples") }
    for line in flagLines { #expect(line.count <= 90, "\(line)") }
  }

  @Test func `verbs have names of their own`() {
    #expect(Set(Verb.all.map(\.name)).count == Verb.all.count)
  }
}

struct SettingsTests {
  func resolve(
    _ words: [String], environment: [String: String] = [:], configuration: String? = nil
  ) throws -> (arguments: Arguments, line: ParsedLine) {
    let folder = try TemporaryFolder()
    var variables = environment.mapValues { Array($0.utf8) }
    if let configuration {
      variables["INFERCAM_CONFIG"] = try folder.write(configuration, to: "config.json").bytes
    }
    return try resolveArguments(
      words.map { Array($0.utf8) }, .run, Environment(variables: variables, executable: nil))
  }

  @Test func `flags win over the environment, which wins over the file, which wins over defaults`()
    throws
  {
    let file = #"{"batch": 2, "workers": 3, "top_k": 4, "overlay": true}"#
    let environment = ["INFERCAM_BATCH": "5", "INFERCAM_WORKERS": "6"]
    let (arguments, line) = try resolve(
      ["--batch", "7"], environment: environment, configuration: file)
    #expect(arguments.batch == 7)
    #expect(arguments.workers == 6)
    #expect(arguments.inference.classify.topK == 4)
    #expect(arguments.inference.gradCAM.overlay)
    #expect(arguments.inference.gradCAM.alpha == 0.4)
    #expect(line.origins["batch"] == .commandLine)
    #expect(line.origins["workers"] == .environment)
    #expect(line.origins["top-k"] == .configuration)
    #expect(line.origins["alpha"] == nil)
  }

  @Test(arguments: [
    ("INFERCAM_BATCH", "0"), ("INFERCAM_OVERLAY", "perhaps"), ("INFERCAM_COLORMAP", "pink"),
  ])
  func `a wrong variable is named`(name: String, value: String) throws {
    let fault = #expect(throws: Fault.self) { try resolve([], environment: [name: value]) }
    #expect(fault?.code == .paramOutOfRange)
    #expect(fault?.message.hasPrefix(name) == true)
  }

  @Test func `an unknown setting in the file is refused`() throws {
    let fault = #expect(throws: Fault.self) { try resolve([], configuration: #"{"bach": 1}"#) }
    #expect(fault?.code == .paramUnknown)
  }

  @Test func `a missing file is an error only when it was named`() throws {
    _ = try resolve([], environment: ["XDG_CONFIG_HOME": "/nonexistent"])
    #expect(throws: Fault.self) {
      try resolve([], environment: ["INFERCAM_CONFIG": "/nonexistent/config.json"])
    }
  }

  @Test func `heatmap formats are read in one canonical order`() throws {
    #expect(try resolve(["--heatmap", "npy,png"]).arguments.heatmaps == [.png, .npy])
    #expect(try resolve(["--heatmap", "none"]).arguments.heatmaps == [])
    #expect(try resolve([]).arguments.heatmaps == nil)
    for text in ["", "raw", "png,", "gif", "none,png"] {
      #expect(throws: Fault.self) { try resolve(["--heatmap", text]) }
    }
  }

  @Test func `targets and layers add up, and a stronger origin replaces those of a weaker one`()
    throws
  {
    let file = #"{"target": ["topk", "index:4"], "layer": ["a", "b"]}"#
    let environment = ["INFERCAM_TARGET": "label"]
    let configured = try resolve([], configuration: file).arguments.inference.gradCAM
    #expect(configured.targets == [.topk, .index(4)])
    #expect(configured.layers == ["a", "b"])
    let variable = try resolve([], environment: environment, configuration: file)
    #expect(variable.arguments.inference.gradCAM.targets == [.label])
    let typed = try resolve(
      ["--target", "top1", "--target=index:3,7", "--target", "top1", "--layer", "c"],
      environment: environment, configuration: file)
    #expect(typed.arguments.inference.gradCAM.targets == [.top1, .index(3), .index(7)])
    #expect(typed.arguments.inference.gradCAM.layers == ["c"])
    #expect(try resolve([]).arguments.inference.gradCAM.targets == [.top1])
  }

  /// What a verb that draws PNG asks for.
  private func request(_ words: [String]) throws -> InferenceRequest {
    let (arguments, line) = try resolve(words)
    let environment = Environment(variables: [:], executable: nil)
    return try Invocation(arguments: arguments, line: line, environment: environment, words: [])
      .inferenceRequest(standard: [.png])
  }

  @Test(arguments: [
    ["--box", "0"], ["--box", "1.5"], ["--target", "all", "--target", "top1"],
    ["--target", "all", "--faithfulness"], ["--faithfulness-steps", "0"],
    ["--layer", "a", "--layer", "b", "--target", "all"], ["--fuse", "sum"],
    ["--normalize", "run"],
  ])
  func `explanations that cannot be are refused before any work`(words: [String]) {
    let fault = #expect(throws: Fault.self) {
      _ = try request(words)
    }
    #expect(fault?.code == .paramOutOfRange)
  }

  @Test func `maps of all classes are drawn only when that is said`() throws {
    func formats(_ words: [String]) throws -> [HeatmapFormat] {
      try request(words).gradCAM.formats
    }
    #expect(try formats([]) == [.png])
    #expect(try formats(["--target", "all"]) == [])
    #expect(try formats(["--target", "all", "--heatmap", "png"]) == [.png])
  }

  @Test func `models are looked for in the order of the contract`() {
    let environment = Environment(
      variables: [
        "INFERCAM_MODELS": Array("/a:/b".utf8), "XDG_DATA_HOME": Array("/data".utf8),
      ], executable: RawPath("/src/infercam/.build/debug/infercam"))
    let path = environment.modelSearchPath([RawPath("first")]).map(\.display)
    #expect(
      path == [
        "first", "/a", "/b", "models", "/data/infercam/models",
        "/src/infercam/.build/share/infercam/models", "/src/infercam/models",
      ])
  }
}
