import FileAccess
import InfercamTestSupport
import JSON
import Testing

/// What `models verify` says of models in a repository and of folders with test data.
struct VerifyTests {
  let program: Program

  init() throws {
    program = try Program()
    let source = checkoutFolder.appending("models/surface-defects/1")
    for file in ["model.onnx", "version.json", "labels.json"] {
      let bytes = try readRegularFile(source.appending(file), limit: 1 << 30).bytes
      try program.folder.write(bytes, to: RawPath("models/m/1/\(file)"))
    }
  }

  private func verify(_ words: [String]) throws -> Program.Ending {
    try program.run(["models", "verify"] + words + ["--models", "models"])
  }

  @Test func `all kernels are compared with the reference functions`() throws {
    let ending = try verify(["m", "--json"])
    #expect(ending.status == 0, "\(ending.errors)")
    let report = try #require(try ending.lines().first)
    #expect(report["passed"] == true && report["model"] == "m@1" && report["golden"] == false)
    let engines = try #require(report["engines"]?.array)
    #expect(engines.compactMap { $0["kernels"]?.string } == ["auto", "auto", "blas"])
    for engine in engines {
      #expect(engine["logits"]?.int == 2 * (report["labels"]?.int ?? 0))
      #expect(try #require(engine["max_abs_logit"]?.double) > 0)
    }
    // Fused kernels sum in another order: without any tolerance they differ.
    let strict = try verify(["m", "--rtol", "0", "--atol", "0", "--json"])
    #expect(strict.status == 1)
    #expect(try strict.lines().first?["engines"]?.array?.first?["passed"] == false)
    #expect(try verify(["m", "--table"]).text.contains("m@1: passed\n  digests of 1 files, "))
  }

  @Test func `files that are not what was registered end with 4`() throws {
    #expect(try verify(["nothing"]).status == 4)
    #expect(try verify([]).status == 2)
    try program.copySample("metal-crack-01.jpg", to: RawPath("a.jpg"))
    let words = ["--models", "models"]
    #expect(try program.run(["check", "record", "m", "--inputs", "a.jpg"] + words).status == 0)
    #expect(try program.run(["check", "accept", "m"] + words).status == 0)
    #expect(try verify(["m"]).lines().first?["golden"] == true)
    let inputs = RawPath("models/m/1/golden/inputs")
    let name = try #require(
      try namesInDirectory(program.folder.path.appending(inputs)).first?.display)
    try program.folder.write("other", to: "models/m/1/golden/inputs/\(name)")
    let golden = try verify(["m"])
    #expect(golden.status == 4 && golden.errors.contains(name), "\(golden.errors)")

    var weights = try program.folder.read("models/m/1/model.onnx")
    weights[weights.count / 2] ^= 1
    try program.folder.write(weights, to: RawPath("models/m/1/model.onnx"))
    let tampered = try verify(["m", "--json"])
    #expect(tampered.status == 4 && tampered.errors.contains("model.digest_mismatch"))
    // Of several each has its verdict.
    let both = try verify(["m", "nothing", "--json"])
    #expect(both.status == 4)
    #expect(
      try both.lines().map { $0["error"]?["code"]?.string }
        == ["model.digest_mismatch", "model.not_found"])
  }

  @Test func `test data runs by the reference functions and by the plan`() throws {
    func tensor(_ values: [Float], dims: [Int]) -> [UInt8] {
      var writer = ProtobufWriter()
      writer.packed(1, dims)
      writer.int(2, 1)
      writer.raw(9, rawBytes(values))
      return writer.bytes
    }
    var model = ModelBytes()
    model.input("x", [1, 1, 2, 2])
    model.output("y", [1, 1, 2, 2])
    model.floats("w", dims: [1, 1, 1, 1], [2])
    model.node("Conv", ["x", "w"], ["z"])
    model.node("Relu", ["z"], ["y"])
    try program.folder.write(model.bytes(), to: RawPath("case/model.onnx"))
    for (set, expected) in [("0", [2, 0, 6, 8]), ("1", [2, 0, 6, 9])] as [(String, [Float])] {
      let folder = "case/test_data_set_\(set)"
      try program.folder.write(
        tensor([1, -2, 3, 4], dims: [1, 1, 2, 2]), to: RawPath("\(folder)/input_0.pb"))
      try program.folder.write(
        tensor(expected, dims: [1, 1, 2, 2]), to: RawPath("\(folder)/output_0.pb"))
    }
    let ending = try verify(["case", "--json"])
    #expect(ending.status == 1, "\(ending.errors)")
    let sets = try #require(try ending.lines().first?["sets"]?.array)
    #expect(sets.map { $0["passed"]?.bool } == [true, false])
    for set in sets {
      for key in ["outputs", "plan_outputs"] {
        #expect(set[key]?.array?.first?["passed"] == set["passed"], "\(key)")
      }
    }
    #expect(
      try verify(["case/", "--table"]).text.contains(
        "test_data_set_1, plan: y: 1 of 4 elements differ"))

    // A matrix is no image: the plan is left out, and that is said.
    var flat = ModelBytes()
    flat.input("x", [1, 4])
    flat.output("y", [1, 4])
    flat.node("Relu", ["x"], ["y"])
    try program.folder.write(flat.bytes(), to: RawPath("flat/model.onnx"))
    try program.folder.write(
      tensor([1, -2, 3, 4], dims: [1, 4]), to: RawPath("flat/test_data_set_0/input_0.pb"))
    try program.folder.write(
      tensor([1, 0, 3, 4], dims: [1, 4]), to: RawPath("flat/test_data_set_0/output_0.pb"))
    let other = try verify(["flat", "--json"])
    #expect(other.status == 0, "\(other.errors)")
    let set = try #require(try other.lines().first?["sets"]?.array?.first)
    #expect(set["plan_outputs"] == nil && set["plan_skipped"]?.string?.contains("image") == true)
  }
}
