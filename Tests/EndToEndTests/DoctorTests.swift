import FileAccess
import InfercamTestSupport
import JSON
import Testing

struct DoctorTests {
  let program: Program

  init() throws {
    program = try Program()
  }

  private func statuses(_ words: [String], expecting status: Int32) throws -> [String: JSONValue] {
    let ending = try program.run(["doctor"] + words)
    #expect(ending.status == status, "\(ending.text)")
    let report = try #require(try ending.lines().first)
    #expect(report["healthy"] == .bool(status == 0))
    var checks: [String: JSONValue] = [:]
    for check in report["checks"]?.array ?? [] {
      checks[check["model"]?.string ?? check["name"]?.string ?? ""] = check
    }
    return checks
  }

  @Test func `a machine that is fit for work is healthy, and nothing is left behind`() throws {
    let checks = try statuses(["-o", "runs/new"], expecting: 0)
    for name in ["processor", "blas", "memory", "open_files", "libcurl", "run_folder"] {
      #expect(checks[name]?["status"]?.string != "failed", "\(name)")
      #expect(checks[name]?["message"]?.string?.isEmpty == false)
    }
    #expect(checks["surface-defects@1"]?["status"] == "ok")
    #expect(try namesInDirectory(program.folder.path).allSatisfy { $0.display.hasPrefix(".std") })
  }

  @Test func `a changed weight and a folder that cannot be are found`() throws {
    let source = checkoutFolder.appending("models/surface-defects")
    for name in ["model.json", "1/version.json", "1/labels.json", "1/model.onnx"] {
      var bytes = try readRegularFile(source.appending(name), limit: 1 << 28).bytes
      if name.hasSuffix("onnx") { bytes[bytes.count / 2] ^= 1 }
      try program.folder.write(bytes, to: RawPath("models/changed/" + name))
    }
    try program.folder.write("a file", to: "file")
    let checks = try statuses(["--models", "models", "-o", "file/run"], expecting: 1)
    #expect(checks["changed@1"]?["code"] == "model.digest_mismatch")
    #expect(checks["surface-defects@1"]?["status"] == "ok")
    #expect(checks["run_folder"]?["status"] == "failed")
  }

  /// Completes the last word of a line in bash.
  private func complete(_ words: [String]) throws -> [String] {
    let line = words.map { "'\($0)'" }.joined(separator: " ")
    let script = """
      source completions
      COMP_WORDS=(\(line))
      COMP_CWORD=\(words.count - 1)
      _infercam
      printf '%s\\n' "${COMPREPLY[@]}"
      """
    let ending = try program.bash(script)
    #expect(ending.errors == "")
    return ending.text.split(separator: "\n").map(String.init)
  }

  @Test func `bash completes verbs, flags and their values`() throws {
    let script = try program.run(["completions", "bash"])
    try program.folder.write(script.output, to: RawPath("completions"))
    try program.folder.write("", to: "metal.jpg")
    #expect(try complete(["infercam", "ru"]) == ["run", "runs"])
    #expect(try complete(["infercam", "runs", "wa"]) == ["watch"])
    #expect(try complete(["infercam", "run", "--meth"]) == ["--method"])
    #expect(try complete(["infercam", "run", "--no-over"]) == ["--no-overlay"])
    #expect(
      try complete(["infercam", "run", "--method", "grad"]) == ["gradcam", "gradcam_plusplus"])
    #expect(try complete(["infercam", "run", "--method", "=", "layer"]) == ["layercam"])
    #expect(
      try complete(["infercam", "runs", "results", "--status", ""]) == ["succeeded", "failed"])
    #expect(try complete(["infercam", "run", "met"]) == ["metal.jpg"])
    #expect(try complete(["infercam", "run", "--batch", ""]) == [])
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `completion names every flag of every verb`(shell: String) throws {
    let script = try program.run(["completions", shell]).text
    for flag in ["method", "top-k", "allow-net", "ttl", "rtol", "max-codec-bytes", "seconds"] {
      #expect(script.contains(flag), "\(flag)")
    }
    for verb in ["infer", "runs watch", "models layers", "check record", "completions"] {
      #expect(script.contains(verb) || script.contains(verb.split(separator: " ")[1]), "\(verb)")
    }
  }
}
