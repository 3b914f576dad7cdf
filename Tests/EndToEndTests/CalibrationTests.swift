import FileAccess
import InfercamTestSupport
import JSON
import Testing

/// Temperatures that are fitted to labelled runs of the bundled model.
struct CalibrationTests {
  let program: Program

  init() throws {
    program = try Program()
    let source = checkoutFolder.appending("models/surface-defects/1")
    for file in ["model.onnx", "version.json", "labels.json"] {
      let bytes = try readRegularFile(source.appending(file), limit: 1 << 30).bytes
      try program.folder.write(bytes, to: RawPath("models/m/1/\(file)"))
      try program.folder.write(bytes, to: RawPath("models/n/1/\(file)"))
    }
    let other = String(
      decoding: try program.folder.read("models/n/1/version.json"), as: UTF8.self
    ).split(separator: #""bilinear""#).joined(separator: #""bicubic""#)
    try program.folder.write(other, to: "models/n/1/version.json")
    let names = ["metal-crack-01.jpg", "fabric-clean-01.png", "concrete-hole-01.jpg"]
    for name in names { try program.copySample(name, to: RawPath(name)) }
    // Half of the labels are wrong, so the model is too sure of itself.
    var manifest = ""
    for (name, labels) in zip(
      names,
      [
        ["crack", "crack", "hole", "crack"], ["clean", "stain", "clean", "clean"],
        ["hole", "clean", "scratch", "hole"],
      ])
    {
      for (index, label) in labels.enumerated() {
        manifest +=
          #"{"id":"\#(index)-\#(name)","image":{"path":"\#(name)"},"label":"\#(label)"}"# + "\n"
      }
    }
    try program.folder.write(manifest, to: "m.jsonl")
  }

  private func run(_ output: String, _ words: [String] = []) throws -> Program.Ending {
    try program.run(
      [
        "run", "--manifest", "m.jsonl", "-o", output, "--models", "models", "--heatmap", "none",
        "--fail-on", "never",
      ] + (words.contains("-m") ? [] : ["-m", "m@1"]) + words)
  }

  private func calibrate(_ words: [String]) throws -> Program.Ending {
    try program.run(["models", "calibrate"] + words + ["--models", "models"])
  }

  private func truth(_ run: String) throws -> JSONValue? {
    try JSONValue(parsing: try program.folder.read("\(run)/summary.json"))["truth"]
  }

  @Test func `a fitted temperature makes a calibration that runs can use, and their error falls`()
    throws
  {
    #expect(try run("a", ["--save-logits"]).status == 0)
    let preview = try calibrate(["m@1", "a", "--dry-run", "--json"])
    #expect(preview.status == 0, "\(preview.errors)")
    #expect(try preview.lines().first?["added"] == false)
    #expect(
      try FileStamp(of: program.folder.path.appending("models/m/1/calibrations")) == nil)
    let ending = try calibrate(["m@1", "a", "--json", "--calibration-version", "c1"])
    #expect(ending.status == 0, "\(ending.errors)")
    let report = try #require(try ending.lines().first)
    #expect(report["added"] == true && report["reference"] == "m@1+c1")
    let calibration = try #require(report["calibration"])
    let fit = try #require(calibration["fit"])
    #expect(fit["items"] == 12)
    let before = try truth("a")
    #expect(fit["before"]?["ece"] == before?["ece"] && fit["accuracy"] == before?["accuracy"])
    #expect(try #require(calibration["temperature"]?.double) > 1)

    // A run with it: the same classes in the same order, less sure, and the error falls.
    #expect(try run("b", ["-m", "m@1+c1", "--save-logits"]).status == 0)
    let after = try truth("b")
    #expect(fit["after"]?["ece"] == after?["ece"])
    #expect(try #require(after?["ece"]?.double) < #require(before?["ece"]?.double) / 2)
    #expect(after?["accuracy"] == before?["accuracy"])
    #expect(try program.folder.read("a/logits.npy") == program.folder.read("b/logits.npy"))
    for (result, version) in [("a", "none"), ("b", "c1")] {
      let item = try #require(try program.reproducibleResults(result).first)
      #expect(item["calibration_version"]?.string == version)
      #expect(item["model_version"] == "1")
    }
    // The two runs differ in probabilities alone, and the comparison says why.
    let difference = try program.run(["diff", "a", "b", "--models", "models", "--json"])
    #expect(difference.status == 1)
    let sides = try #require(try difference.lines().first)
    #expect(sides["a"]?["calibration_version"] == "none")
    #expect(sides["b"]?["calibration_version"] == "c1" && sides["flips"]?["count"] == 0)
    // It is part of a run's identity.
    #expect(try run("b", ["--save-logits"]).status == 5)
    // The same again is the same; another fit under its name is refused; of b it is the same fit.
    #expect(
      try calibrate(["m@1", "a", "--json", "--calibration-version", "c1"]).lines().first?["added"]
        == false)
    #expect(try calibrate(["m@1+c1", "b", "--calibration-version", "c1"]).status == 5)
    let second = try #require(try calibrate(["m@1", "b", "--json"]).lines().first)
    #expect(second["calibration"]?["temperature"] == calibration["temperature"])
    #expect(
      second["calibration"]?["version"]?.string?.hasPrefix("t") == true)
  }

  @Test func `an alias may stand for a version with a calibration`() throws {
    #expect(try run("a", ["--save-logits"]).status == 0)
    #expect(try calibrate(["m@1", "a", "--calibration-version", "c1"]).status == 0)
    func alias(_ target: String) throws -> Program.Ending {
      try program.run(["models", "alias", "set", "m", "stable", target, "--models", "models"])
    }
    #expect(try alias("1+c2").status == 4)
    #expect(try alias("1+c1").status == 0)
    func version(_ reference: String) throws -> String? {
      try program.run(
        ["infer", "metal-crack-01.jpg", "-m", reference, "--models", "models"]
      ).lines().first?["calibration_version"]?.string
    }
    #expect(try version("m@stable") == "c1")
    #expect(try version("m@1") == "none")
    #expect(try alias("1").status == 0)
    #expect(try version("m@stable") == "none")
    #expect(try version("m@stable+c1") == "c1")
  }

  @Test func `what cannot be fitted is refused by name`() throws {
    #expect(try run("plain").status == 0)
    let none = try calibrate(["m@1", "plain"])
    #expect(none.status == 3)
    #expect(none.errors.contains("--save-logits"))
    #expect(try run("other", ["-m", "n@1", "--save-logits"]).status == 0)
    let other = try calibrate(["m@1", "other"])
    #expect(other.status == 5)
    #expect(other.errors.contains("input_sha256"), "\(other.errors)")
    #expect(
      try program.run(
        [
          "run", "metal-crack-01.jpg", "-o", "bare", "--models", "models", "-m", "m@1",
          "--save-logits",
        ]
      ).status == 0)
    let bare = try calibrate(["m@1", "bare"])
    #expect(bare.status == 3 && bare.errors.contains("label"))
    #expect(try calibrate(["m@1", "nothing"]).status == 3)
    #expect(try calibrate(["m@1"]).status == 2)
    #expect(try calibrate(["m@2", "plain"]).status == 4)

    let lines = try program.folder.read("m.jsonl").split(separator: 0x0A)
    try program.folder.write(
      Array(lines.prefix(4).joined(separator: [0x0A])), to: RawPath("m.jsonl"))
    #expect(try run("few", ["--save-logits"]).status == 0)
    let few = try calibrate(["m@1", "few", "--json"])
    #expect(few.status == 3 && few.errors.contains("calibration.undetermined"), "\(few.errors)")
    let right = (0..<12).map {
      #"{"id":"\#($0)","image":{"path":"metal-crack-01.jpg"},"label":"crack"}"#
    }
    try program.folder.write(right.joined(separator: "\n"), to: "m.jsonl")
    #expect(try run("right", ["--save-logits"]).status == 0)
    let all = try calibrate(["m@1", "right"])
    #expect(all.status == 3 && all.errors.contains("every one of 12 items is right"))

    // A head of another kind.
    let text = String(decoding: try program.folder.read("models/m/1/version.json"), as: UTF8.self)
    try program.folder.write(
      text.split(separator: #""softmax""#).joined(separator: #""sigmoid""#),
      to: "models/m/1/version.json")
    let head = try calibrate(["m@1", "right", "--json"])
    #expect(head.status == 4 && head.errors.contains("calibration.not_supported"))
  }

  @Test func `a calibration that was changed is refused`() throws {
    #expect(try run("a", ["--save-logits"]).status == 0)
    #expect(try calibrate(["m@1", "a", "--calibration-version", "c1"]).status == 0)
    let file = "models/m/1/calibrations/c1.json"
    let text = String(decoding: try program.folder.read(file), as: UTF8.self)
    try program.folder.write(
      text.split(separator: #""items": 12"#).joined(separator: #""items": 13"#), to: file)
    let ending = try program.run(
      ["infer", "metal-crack-01.jpg", "-m", "m@1+c1", "--models", "models", "--json"])
    #expect(ending.status == 4)
    #expect(ending.errors.contains("model.digest_mismatch"))
    #expect(ending.output.isEmpty)
  }
}
