import FileAccess
import InfercamTestSupport
import JSON
import Testing

/// Adding versions to a repository and letting aliases stand for them.
struct RegistrationTests {
  let program: Program
  private let source = checkoutFolder.appending("models/surface-defects/1")

  init() throws {
    program = try Program()
    try program.makeInputs()
  }

  private func add(_ name: String, _ words: [String] = []) throws -> Program.Ending {
    try program.run(
      [
        "models", "add", name, source.appending("model.onnx").display, "--models", "repo",
        "--labels", source.appending("labels.json").display, "--json",
      ] + words)
  }

  private func setAlias(_ version: String) throws -> Program.Ending {
    try program.run(["models", "alias", "set", "m", "stable", version, "--models", "repo"])
  }

  private var picture: String {
    get throws {
      let folder = program.folder.path.appending("in")
      return "in/" + (try #require(try namesInDirectory(folder).first).display)
    }
  }

  @Test func `a version is added once, and never changed`() throws {
    let first = try add("m@1", ["--alias", "stable"])
    #expect(first.status == 0, "\(first.errors)")
    #expect(try first.lines().first?["added"]?.bool == true)
    let again = try add("m@1", ["--alias", "stable"])
    #expect(again.status == 0, "\(again.errors)")
    #expect(try again.lines().first?["added"]?.bool == false)
    let other = try add("m@1", ["--interpolation", "lanczos"])
    #expect(other.status == 5)
    #expect(other.errors.contains("resource.version_conflict"))
    #expect(
      try program.run(["infer", picture, "-m", "m@stable", "--models", "repo"]).status == 0)
    #expect(try add("m").status == 2)
  }

  @Test func `labels that do not fit leave nothing behind`() throws {
    try program.folder.write(Array("one\ntwo\n".utf8), to: RawPath("two.txt"))
    let ending = try add("m@1", ["--labels", "two.txt"])
    #expect(ending.status == 4, "\(ending.errors)")
    let list = try program.run(["models", "list", "--models", "repo", "--json"])
    let items = try #require(try list.lines().first?["items"]?.array)
    #expect(items.allSatisfy { $0["name"]?.string != "m" })
    #expect(try FileStamp(of: program.folder.path.appending("repo")) == nil)
    #expect(try add("n@1").status == 0)
    #expect(try add("m@1", ["--labels", "two.txt"]).status == 4)
    #expect(try namesInDirectory(program.folder.path.appending("repo")).map(\.display) == ["n"])
  }

  @Test func `files that have changed are refused before anything is computed`() throws {
    #expect(try add("m@1").status == 0)
    let changes: [(file: String, from: String, to: String)] = [
      ("labels.json", "scratch", "scrotch"), ("version.json", "bilinear", "bicubic"),
    ]
    for (file, old, new) in changes {
      let path = program.folder.path.appending("repo/m/1").appending(file)
      let bytes = try readRegularFile(path, limit: 1 << 20).bytes
      let parts = String(decoding: bytes, as: UTF8.self)
        .split(separator: old, omittingEmptySubsequences: false)
      try #require(parts.count > 1)
      try program.folder.write(
        Array(parts.joined(separator: new).utf8), to: RawPath("repo/m/1/\(file)"))
      let ending = try program.run(["infer", picture, "-m", "m@1", "--models", "repo"])
      #expect(ending.status == 4, "\(file)")
      #expect(ending.errors.contains("model.digest_mismatch"), "\(file): \(ending.errors)")
      #expect(ending.output.isEmpty)
      try program.folder.write(bytes, to: RawPath("repo/m/1/\(file)"))
    }
  }

  @Test func `whoever reads an alias while it changes gets one version or the other`() throws {
    #expect(try add("m@1", ["--alias", "stable"]).status == 0)
    #expect(try add("m@2", ["--interpolation", "bicubic"]).status == 0)
    // Promotes and rolls back until the readers are done.
    let script = """
      while [ ! -e stop ]; do
        for version in 2 1; do
          "\(Program.path)" models alias set m stable $version --models repo -q >/dev/null || exit 1
        done
      done
      """
    let editor = try program.start(["-c", script], executable: "/bin/bash")
    var seen: Set<String> = []
    for _ in 0..<12 {
      let ending = try program.run(
        ["infer", picture, "-m", "m@stable", "--models", "repo", "--json"])
      #expect(ending.status == 0, "\(ending.errors)")
      if let version = try ending.lines().first?["model_version"]?.string { seen.insert(version) }
    }
    try program.folder.write([], to: RawPath("stop"))
    #expect(try editor.wait().status == 0)
    #expect(!seen.isEmpty && seen.isSubset(of: ["1", "2"]))
    #expect(try setAlias("3").status == 4)
    #expect(try setAlias("2").status == 0)
  }
}
