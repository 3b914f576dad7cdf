import FileAccess
import InfercamTestSupport
import JSON
import Testing

/// Golden values of the bundled model, and versions of it that differ in one thing.
struct CheckTests {
  let program: Program

  init() throws {
    program = try Program()
    let source = checkoutFolder.appending("models/surface-defects/1")
    for file in ["model.onnx", "version.json", "labels.json"] {
      let bytes = try readRegularFile(source.appending(file), limit: 1 << 30).bytes
      try program.folder.write(bytes, to: RawPath("models/m/1/\(file)"))
    }
    try program.folder.write(Array(#"{"default":"1"}"#.utf8), to: RawPath("models/m/model.json"))
    for name in ["metal-crack-01.jpg", "fabric-clean-01.png"] {
      try program.copySample(name, to: RawPath(name))
    }
  }

  private func check(
    _ words: [String], environment: [String: String] = [:]
  ) throws -> Program.Ending {
    try program.run(["check"] + words + ["--models", "models"], environment: environment)
  }

  private func makeGolden(_ more: [String] = []) throws {
    let recorded = try check(
      ["record", "m", "--inputs", "metal-crack-01.jpg", "fabric-clean-01.png"] + more)
    #expect(recorded.status == 0, "\(recorded.errors)")
    #expect(try check(["accept", "m"]).status == 0)
  }

  /// Makes a version of the first one with another text in a file.
  private func makeVersion(
    _ name: String, _ file: String = "version.json", replacing: String = "", with new: String = "",
    weights: ([UInt8]) throws -> [UInt8] = { $0 }
  ) throws {
    for other in ["model.onnx", "version.json", "labels.json"] {
      var bytes = try program.folder.read("models/m/1/\(other)")
      if other == "model.onnx" { bytes = try weights(bytes) }
      if other == file, !replacing.isEmpty {
        let text = String(decoding: bytes, as: UTF8.self)
        let parts = text.split(separator: replacing, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2, "\(replacing) is not in \(text)")
        bytes = Array((parts[0] + new + parts[1]).utf8)
      }
      try program.folder.write(bytes, to: RawPath("models/m/\(name)/\(other)"))
    }
  }

  @Test func `recorded values count once they are accepted, and a check writes nothing`() throws {
    #expect(try check(["m"]).status == 3)
    #expect(try check(["accept", "m"]).status == 3)
    #expect(
      try check(["record", "m", "--inputs", "metal-crack-01.jpg", "fabric-clean-01.png"]).status
        == 0)
    let none = try check(["m"])
    #expect(none.status == 3)
    #expect(none.errors.contains("infercam check record"))
    #expect(try check(["accept", "m"]).status == 0)
    let before = try files("models/m/1/golden")
    #expect(before.keys.contains("expected.json"))
    let same = try check(["m", "--json"])
    #expect(same.status == 0, "\(same.errors)")
    let report = try #require(try same.lines().first)
    #expect(report["same"]?.bool == true)
    #expect(report["labels"]?["text"] == "identical")
    #expect(report["verdict"]?.string == "same: 2 inputs, every stage identical")
    #expect(try files("models/m/1/golden") == before)
    // The same again is the same golden to the byte.
    try makeGolden()
    #expect(try files("models/m/1/golden") == before)
  }

  @Test func `the first stage that differs is named`() throws {
    try makeGolden()
    try makeVersion("bicubic", replacing: #""bilinear""#, with: #""bicubic""#)
    try makeVersion("bgr", replacing: #""RGB""#, with: #""BGR""#)
    try makeVersion("warm", replacing: #""temperature": "#, with: #""temperature": 1"#)
    try makeVersion(
      "labels", "labels.json", replacing: #""id": "clean""#, with: #""id": "cleaner""#)
    for (version, stage) in [
      ("bicubic", "resize"), ("bgr", "normalize"), ("warm", "probabilities"), ("labels", "labels"),
    ] {
      let ending = try check(["m@\(version)", "--json"])
      #expect(ending.status == 1, "\(version): \(ending.errors)")
      #expect(ending.errors.contains("has no golden"), "\(ending.errors)")
      let report = try #require(try ending.lines().first)
      #expect(report["first"]?.string == stage, "\(version)")
      #expect(report["golden"]?["model"]?.string == "m@1")
    }
    let table = try check(["m@bicubic", "--table"])
    #expect(table.text.contains("first differs at resize: "))
    #expect(table.text.contains(" values, max "))
    #expect(table.text.contains(#"input.resize.filter is "bicubic", was "bilinear""#))
  }

  @Test func `another weight is found in its layer`() throws {
    try makeGolden(["--layers", "all"])
    let layers = try program.run(["models", "layers", "m", "--models", "models", "--json"]).lines()
    let names = layers.compactMap { $0["name"]?.string }
    try makeVersion("weight") { bytes in
      var bytes = bytes
      // The weights of a layer in the middle, times two: the exponent of the first big one.
      let arrays = FloatArrays(bytes).ranges.filter { $0.count >= 4 * 64 }
      let range = try #require(arrays.count > 4 ? arrays[arrays.count / 2] : nil)
      let place = try #require(
        stride(from: range.lowerBound, to: range.upperBound, by: 4).max {
          magnitude(bytes, $0) < magnitude(bytes, $1)
        })
      let value = Float(bitPattern: word(bytes, place)) * 2
      for (index, byte) in withUnsafeBytes(of: value, Array.init).enumerated() {
        bytes[place + index] = byte
      }
      return bytes
    }
    // The digest in version.json is that of the old file.
    #expect(try check(["m@weight"]).status == 4)
    let refused = try check(["m@weight", "--json"]).errors
    let last = try #require(refused.split(separator: "\n").last)
    let fault = try JSONValue(parsing: Array(last.utf8))
    let found = try #require(fault["error"]?["details"]?["found"]?.string)
    let old = try #require(fault["error"]?["details"]?["expected"]?.string)
    let file = RawPath("models/m/weight/version.json")
    let text = String(
      decoding: try program.folder.read("models/m/weight/version.json"), as: UTF8.self)
    try program.folder.write(
      Array(
        text.split(separator: old, omittingEmptySubsequences: false).joined(separator: found).utf8),
      to: file)
    let ending = try check(["m@weight", "--json"])
    #expect(ending.status == 1, "\(ending.errors)")
    let first = try #require(try ending.lines().first?["first"]?.string)
    #expect(first.hasPrefix("layer:"))
    // Not the first layer: what comes before the weight is the same.
    #expect(names.firstIndex(of: String(first.dropFirst(6))) ?? 0 > 0, "\(first)")
  }

  @Test func `reports for machines say the same`() throws {
    try makeGolden()
    try makeVersion("bgr", replacing: #""RGB""#, with: #""BGR""#)
    let tap = try check(["m@bgr", "--tap", "--junit", "report.xml"])
    #expect(tap.status == 1)
    #expect(
      tap.text.hasPrefix("TAP version 13\n1..3\nok 1 - labels\nnot ok 2 - metal-crack-01.jpg\n"))
    let junit = String(decoding: try program.folder.read("report.xml"), as: UTF8.self)
    #expect(junit.contains(#"tests="3" failures="2""#))
    #expect(junit.contains(#"<failure message="first differs at normalize: "#))
    let github = try check(["m@bgr", "--github"])
    #expect(
      github.text.hasPrefix("::error title=infercam check m@bgr%3A metal-crack-01.jpg::first"))
    #expect(try check(["m", "--github"]).text.hasPrefix("::notice "))
  }

  @Test func `a golden that is damaged is an unusable model`() throws {
    try makeGolden()
    let name = try #require(
      try files("models/m/1/golden").keys.first { $0.hasSuffix(".npy") && $0.contains("resize") })
    let path = "models/m/1/golden/\(name)"
    var bytes = try program.folder.read(path)
    bytes[bytes.count - 1] ^= 1
    try program.folder.write(bytes, to: RawPath(path))
    // What is the same by its digest needs no array.
    #expect(try check(["m"]).status == 0)
    try makeVersion("bicubic", replacing: #""bilinear""#, with: #""bicubic""#)
    let ending = try check(["m@bicubic"])
    #expect(ending.status == 4)
    #expect(ending.errors.contains("is not the file that was recorded"))
    try program.folder.write(Array("{".utf8), to: RawPath("models/m/1/golden/expected.json"))
    #expect(try check(["m"]).status == 4)
  }

  @Test func `other kernels have a baseline of their own beside`() throws {
    try makeGolden()
    #expect(try check(["record", "m", "--kernels", "blas"]).lines().first?["kept"]?.int == 1)
    #expect(try check(["accept", "m"]).status == 0)
    for kernels in ["auto", "blas"] {
      let report = try check(["m", "--kernels", kernels, "--json"]).lines().first
      #expect(report?["golden"]?["kernels"]?.string == kernels)
      #expect(report?["verdict"]?.string == "same: 2 inputs, every stage identical")
    }
    let other = try check(["m", "--numerics", "exact", "--json"])
    #expect(other.status == 0, "\(other.text)")
    #expect(try other.lines().first?["golden"]?["same_profile"]?.bool == false)
  }

  @Test func `tolerances are measured, accepted and used`() throws {
    try makeGolden()
    let ending = try check(["calibrate", "m", "--json"])
    #expect(ending.status == 0, "\(ending.errors)")
    let spreads = try #require(try ending.lines().first?["measured"]?["spreads"]?.array)
    #expect(spreads.count >= 3)
    #expect(
      spreads.first { $0["name"]?.string?.hasPrefix("batch") == true }?["absolute"]?["logits"]?
        .double == 0)
    #expect(try check(["accept", "m"]).lines().first?["files"] == ["tolerances.json"])
    #expect(try check(["m", "--kernels", "blas"]).status == 0)
    try program.folder.write(
      Array(#"{"stages":{"logits":{"relative":0},"cam":{"relative":0}}}"#.utf8),
      to: RawPath("models/m/1/golden/tolerances.json"))
    #expect(try check(["m", "--kernels", "blas"]).status == 1)
    #expect(try check(["m"]).status == 0)
  }

  @Test func `classes are compared through a mapping that relates them one to one`() throws {
    try makeGolden(["--target", "crack"])
    let old = try JSONValue(parsing: try program.folder.read("models/m/1/labels.json"))
    let classes = try #require(old["classes"]?.array)
    // The labels alone are called otherwise.
    func makeLabels(_ mapping: String) throws {
      try makeVersion("2", replacing: "surface-defects-1", with: "surface-defects-2")
      let renamed = classes.map { entry -> JSONValue in
        ["id": .string("x-" + (entry["id"]?.string ?? "")), "label": entry["label"] ?? .null]
      }
      let labels: JSONValue = ["version": "surface-defects-2", "classes": .array(renamed)]
      try program.folder.write(labels.encodedText, to: "models/m/2/labels.json")
      try program.folder.write(mapping, to: "models/m/label-mappings/a.json")
    }
    func mapping(_ changes: [String: JSONValue] = [:]) -> String {
      var counterparts: [String: JSONValue] = [:]
      for entry in classes {
        guard let id = entry["id"]?.string else { continue }
        counterparts[id] = .string("x-" + id)
      }
      let value: JSONValue = [
        "schema": "infercam.label_mapping/1", "from": "surface-defects-1",
        "to": "surface-defects-2",
        "classes": .object(counterparts.merging(changes) { $1 }),
      ]
      return value.encodedText
    }
    try makeLabels(mapping())
    let same = try check(["m@2", "--json"])
    #expect(same.status == 0, "\(same.text) \(same.errors)")
    let labels = try #require(try same.lines().first?["labels"])
    #expect(labels["outcome"] == "identical")
    #expect(labels["text"]?.string?.contains("surface-defects-2") == true)

    // Classes that changed places are told apart from classes that changed names.
    let ids = classes.compactMap { $0["id"]?.string }
    try makeLabels(mapping([ids[0]: .string("x-" + ids[1]), ids[1]: .string("x-" + ids[0])]))
    let swapped = try check(["m@2", "--json"])
    #expect(swapped.status == 1)
    #expect(try swapped.lines().first?["first"] == "logits")

    try makeLabels(mapping([ids[0]: .null]))
    let dropped = try check(["m@2"])
    #expect(dropped.status == 4)
    #expect(dropped.errors.contains("no counterpart for the class \(ids[0])"), "\(dropped.errors)")
    try makeLabels(mapping([ids[0]: .string("x-" + ids[1])]))
    #expect(try check(["m@2"]).errors.contains("merges the class"))

    // Without a mapping, by index: the labels differ.
    try makeLabels("{}")
    #expect(try check(["m@2"]).status == 4)
    try removeFile(program.folder.path.appending("models/m/label-mappings/a.json"))
    let plain = try check(["m@2", "--golden", "m@1", "--json"])
    #expect(try plain.lines().first?["first"] == "labels", "\(plain.errors)")
    try program.folder.write(mapping(), to: "other.json")
    #expect(try check(["m@2", "--mapping", "other.json"]).status == 0)
  }

  #if DEBUG
  @Test(arguments: [1, 2, 3])
  func `a golden is accepted as a whole, however early the process is killed`(call: Int) throws {
    try makeGolden()
    try program.copySample("concrete-hole-01.jpg", to: RawPath("b.jpg"))
    #expect(try check(["record", "m", "--inputs", "b.jpg"]).status == 0)
    // Tolerances that only the new values could meet, and the old ones never.
    let tolerances = #"{"ranks":{"top_k":3,"kendall_tau":0.9}}"#
    try program.folder.write(tolerances, to: "models/m/1/golden/tolerances.json.new")
    let killed = try check(
      ["accept", "m"], environment: ["INFERCAM_FAULT": "rename:kill:\(call)"])
    #expect(killed.status == 128 + 9, "\(killed.errors)")
    let report = try #require(try check(["m", "--json"]).lines().first)
    #expect(report["same"] == true)
    let item = try #require(report["items"]?.array?.first)
    let (name, topK) = (item["name"]?.string, item["ranks"]?["top_k"]?["k"]?.int)
    if call == 1 {
      #expect(name == "metal-crack-01.jpg" && topK == 5)
    } else {
      #expect(name == "b.jpg" && topK == 3)
    }
    // Whoever accepts next finishes it.
    let again = try check(["accept", "m"])
    #expect(again.status == (call == 1 ? 0 : 3), "\(again.errors)")
    let names = try files("models/m/1/golden").keys
    #expect(!names.contains { $0.hasSuffix(".new") || $0 == "accepting" }, "\(names)")
    #expect(!names.contains { $0.contains("metal-crack") })
    #expect(try check(["m", "--json"]).lines().first?["items"]?.array?.first?["name"] == "b.jpg")
  }
  #endif

  private func files(_ folder: String) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in try namesInDirectory(program.folder.path.appending(folder)) {
      let path = "\(folder)/\(name.display)"
      if try FileStamp(of: program.folder.path.appending(path))?.kind == .directory {
        for (inner, bytes) in try self.files(path) { files["\(name.display)/\(inner)"] = bytes }
      } else {
        files[name.display] = try program.folder.read(path)
      }
    }
    return files
  }
}

private func word(_ bytes: [UInt8], _ place: Int) -> UInt32 {
  (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
}

private func magnitude(_ bytes: [UInt8], _ place: Int) -> Float {
  Float(bitPattern: word(bytes, place)).magnitude
}

/// Where the raw data of the initializers of an ONNX file lie.
private struct FloatArrays {
  private(set) var ranges: [Range<Int>] = []

  init(_ bytes: [UInt8]) {
    for graph in Self.fields(bytes, bytes.indices, number: 7) {
      for tensor in Self.fields(bytes, graph, number: 5) {
        ranges += Self.fields(bytes, tensor, number: 9)
      }
    }
  }

  /// The ranges of a message's fields of one number that have a length.
  private static func fields(_ bytes: [UInt8], _ range: Range<Int>, number: Int) -> [Range<Int>] {
    var place = range.lowerBound
    func varint() -> Int {
      var (value, shift) = (0, 0)
      while place < range.upperBound {
        let byte = bytes[place]
        place += 1
        value |= Int(byte & 127) << shift
        shift += 7
        if byte < 128 { break }
      }
      return value
    }
    var found: [Range<Int>] = []
    while place < range.upperBound {
      let key = varint()
      switch key & 7 {
      case 0: _ = varint()
      case 1: place += 8
      case 5: place += 4
      default:
        let length = varint()
        if key >> 3 == number { found.append(place..<(place + length)) }
        place += length
      }
    }
    return found
  }
}
