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

  @Test(arguments: Verb.all.map(\.name))
  func `a verb has examples, and their flags are known`(name: String) throws {
    let verb = try #require(Verb.all.first { $0.name == name })
    #expect(!verb.help.examples.isEmpty)
    for example in verb.help.examples {
      for call in calls(example.command) {
        let found = Verb.all.filter {
          call.starts(with: $0.name.split(separator: " ").map(String.init))
        }
        let called = try #require(found.max { $0.name.count < $1.name.count }, "\(call)")
        let words = call.dropFirst(called.name.split(separator: " ").count)
        var arguments = Arguments()
        var parser = Parser(called.flags)
        _ = parser.read(words.map { Array($0.utf8) }, into: &arguments)
        #expect(parser.faults.map(\.message) == [], "\(example.command)")
      }
    }
  }

  /// The words after `infercam` of each call in a command line of the shell.
  private func calls(_ command: String) -> [[String]] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in command {
      if let open = quote {
        if character == open { quote = nil } else { word = (word ?? "") + String(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if character == " " {
        if let word { words.append(word) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    if let word { words.append(word) }
    let ends: Set<String> = ["|", ">", ">>", "||", "&&", ";"]
    return words.split { ends.contains($0) }.compactMap { part in
      part.firstIndex { $0 == "infercam" || $0 == "<(infercam" }.map { start in
        // Values that a shell would put in do not matter, only whether flags are known.
        part[(start + 1)...].map { $0.hasSuffix(")") ? String($0.dropLast()) : $0 }
          .map { $0.contains("$SLURM") ? "0/64" : $0 }
      }
    }
  }

  @Test(arguments: Verb.all.map(\.name))
  func `each word that completion offers for a flag is one that it takes`(name: String) throws {
    let verb = try #require(Verb.all.first { $0.name == name })
    for flag in verb.flags {
      for choice in flag.choices {
        var arguments = Arguments()
        var parser = Parser([flag])
        _ = parser.read([Array("--\(flag.name)=\(choice)".utf8)], into: &arguments)
        #expect(parser.faults.map(\.message) == [])
      }
    }
  }

  @Test func `every limit that a flag sets is shown`() throws {
    let names = Set(Verb.limits.flags.map(\.name))
    for flag in Verb.all.flatMap(\.flags) where flag.category == .limits {
      #expect(names.contains(flag.name), "--\(flag.name)")
    }
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

  /// What a value is by each origin, weakest first, and what counts.
  @Test(
    arguments: [
      (nil, nil, [], 5, nil), ("2", nil, [], 2, FlagOrigin.configuration),
      ("2", "3", [], 3, .environment), (nil, "3", [], 3, .environment),
      ("2", "3", ["--top-k", "4"], 4, .commandLine), (nil, "3", ["--top-k=4"], 4, .commandLine),
      ("2", nil, ["--top-k", "4", "--top-k", "6"], 6, .commandLine),
    ] as [(String?, String?, [String], Int, FlagOrigin?)])
  func `the strongest origin counts`(
    file: String?, variable: String?, words: [String], expected: Int, origin: FlagOrigin?
  ) throws {
    let (arguments, line) = try resolve(
      words, environment: variable.map { ["INFERCAM_TOP_K": $0] } ?? [:],
      configuration: file.map { "{\"top_k\": \($0)}" })
    #expect(arguments.inference.classify.topK == expected)
    #expect(line.origins["top-k"] == origin)
  }

  @Test(
    arguments: [
      (nil, [], true, true), (nil, [], false, false), ("1", [], true, false),
      ("", [], true, true), ("1", ["--color", "always"], false, true),
      (nil, ["--no-color"], true, false), (nil, ["--color=never"], true, false),
      (nil, ["--no-color", "--color=auto"], true, true),
    ] as [(String?, [String], Bool, Bool)])
  func `colours follow the flag, then NO_COLOR, then the terminal`(
    variable: String?, words: [String], isTerminal: Bool, isColored: Bool
  ) throws {
    let (arguments, _) = try resolve(words)
    var variables = ["TERM": Array("xterm".utf8)]
    variables["NO_COLOR"] = variable.map { Array($0.utf8) }
    let environment = Environment(variables: variables, executable: nil)
    let style = Style(arguments.color, environment, isTerminal: isTerminal)
    #expect(style.isColored == isColored)
    #expect(style.error("x").contains("\u{1B}") == isColored)
  }

  @Test(
    arguments: [
      ([], ProgressMode.auto, false, false), (["--progress", "json"], .json, false, false),
      (["-q", "--progress=none"], .none, true, false), (["-vq"], .auto, true, true),
    ] as [([String], ProgressMode, Bool, Bool)])
  func `how much is told can be chosen`(
    words: [String], progress: ProgressMode, isQuiet: Bool, isVerbose: Bool
  ) throws {
    let arguments = try resolve(words).arguments
    #expect(arguments.progress == progress)
    #expect(arguments.isQuiet == isQuiet)
    #expect(arguments.isVerbose == isVerbose)
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
