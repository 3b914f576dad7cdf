import Digests
import Faults
import FileAccess
import InfercamTestSupport
import JSON
import Models
import Tensors
import Testing

/// A repository of models whose ONNX files are a few bytes: nothing here loads a graph.
struct RepositoryTests {
  let folder: TemporaryFolder
  let repository: ModelRepository
  static let onnx = Array("not a graph".utf8)

  init() throws {
    folder = try TemporaryFolder()
    repository = ModelRepository(searchPath: [folder.path])
  }

  static func version(_ change: (inout [String: JSONValue]) -> Void = { _ in }) -> String {
    var members: [String: JSONValue] = [
      "schema": "infercam.model/1", "file": "model.onnx",
      "sha256": .string(SHA256.hex(of: onnx)),
      "input": [
        "name": "x", "width": 8, "height": 4, "layout": "NCHW", "color": "RGB",
        "resize": ["mode": "stretch", "filter": "bilinear"], "crop": "none",
        "mean": .array([0, 0, 0]),
        "std": .array([1, 1, 1]),
      ],
      "output": ["name": "y", "activation": "softmax"], "labels_version": "l-1",
      "calibration": ["version": "none", "temperature": 1.5], "grad_cam": ["layer": "auto"],
    ]
    change(&members)
    return JSONValue.object(members).encodedText
  }

  func add(
    _ name: String, _ versions: [String], model: String? = nil, version: String = Self.version()
  ) throws {
    for number in versions {
      try folder.write(version, to: "\(name)/\(number)/version.json")
      try folder.write(
        #"{"version":"l-1","classes":[{"id":"n0","label":"a"},{"id":"n1","label":"b"}]}"#,
        to: "\(name)/\(number)/labels.json")
      try folder.write(Self.onnx, to: RawPath("\(name)/\(number)/model.onnx"))
    }
    if let model { try folder.write(model, to: "\(name)/model.json") }
  }

  @Test func `a version says what its files say`() throws {
    try add("m", ["1"])
    let model = try repository.resolve("m")
    #expect(model.name == "m" && model.version == "1")
    #expect(model.spec.input.width == 8 && model.spec.input.height == 4)
    #expect(model.spec.input.resize == ModelSpec.Resize(.stretch, .bilinear))
    #expect(model.spec.output.name == "y")
    #expect(model.spec.calibration.temperature == 1.5)
    #expect(model.labels.classes == [.init(id: "n0", label: "a"), .init(id: "n1", label: "b")])
    #expect(try model.load().byteCount == Self.onnx.count)
  }

  @Test(arguments: [
    ("m", "2"), ("m@1", "1"), ("m@stable", "2"), ("m@canary", "3"), ("m@3", "3"),
  ])
  func `versions and aliases resolve`(reference: String, version: String) throws {
    try add(
      "m", ["1", "2", "3"],
      model: #"{"aliases":{"stable":"2","canary":"3"},"default":"stable"}"#)
    #expect(try repository.resolve(reference).version == version)
  }

  @Test(arguments: ["n", "m@4", "m@latest", "../m", "", "m/1", ".hidden"])
  func `what is not there is not found, and what is there is named`(reference: String) throws {
    try add("m", ["1", "2"], model: #"{"default":"1"}"#)
    let fault = #expect(throws: Fault.self) { try repository.resolve(reference) }
    #expect(fault?.code == .modelNotFound)
    #expect(fault?.message.contains("m") == true)
  }

  @Test(arguments: [
    ("m@1+c", "1"), ("m@stable", "1"), ("m@stable+c", "1"), ("m", "1"), ("m@2+c", "2"),
    ("m@plain+c", "2"), ("m@v+1", "v+1"), ("m@v+1+c", "v+1"),
  ])
  func `references may end in a calibration, aliases may stand for one`(
    reference: String, version: String
  ) throws {
    try add(
      "m", ["1", "2", "v+1"],
      model:
        #"{"aliases":{"stable":"1+c","plain":"2","loop":"loop+c","b":"a+c","a":"b+c"},"default":"stable"}"#
    )
    let entry = try repository.entry(of: "m")
    let word = reference.split(separator: "@", maxSplits: 1).dropFirst().first.map(String.init)
    #expect(try entry.version(of: word) == version)
    // None of the versions has the calibration.
    let fault =
      reference == "m@v+1"
      ? nil
      : #expect(throws: Fault.self) {
        try repository.resolve(reference)
      }
    #expect(fault == nil || fault?.message.contains("has no calibration c") == true)
    for circle in ["m@loop", "m@a", "m@b+c", "m@+c", "m@1+"] {
      #expect(throws: Fault.self) { try repository.resolve(circle) }
    }
  }

  @Test func `several versions without a default must be named`() throws {
    try add("m", ["1", "2"])
    #expect(throws: Fault.self) { try repository.resolve("m") }
    #expect(try repository.resolve("m@2").version == "2")
  }

  @Test func `the first folder of the search path wins`() throws {
    try add("m", ["1"])
    let other = try TemporaryFolder()
    try other.write(Self.version(), to: "m/9/version.json")
    let both = ModelRepository(searchPath: [folder.path, other.path, RawPath("/nonexistent")])
    #expect(try both.resolve("m").version == "1")
    #expect(try both.list().map(\.name) == ["m"])
  }

  @Test func `the only model stands in when none is named`() throws {
    #expect(throws: Fault.self) { try repository.defaultModel() }
    try add("m", ["1"])
    #expect(try repository.defaultModel().name == "m")
    try add("n", ["1"])
    #expect(throws: Fault.self) { try repository.defaultModel() }
    try add(ModelRepository.bundledModel, ["1"])
    #expect(try repository.defaultModel().name == ModelRepository.bundledModel)
  }

  @Test func `a file that is not the registered one is refused`() throws {
    try add("m", ["1"])
    try folder.write("other bytes", to: "m/1/model.onnx")
    let model = try repository.resolve("m")
    let fault = #expect(throws: Fault.self) { try model.load() }
    #expect(fault?.code == .modelDigestMismatch)
  }

  @Test func `labels and outputs must match one to one`() throws {
    try add("m", ["1"])
    let model = try repository.resolve("m")
    try model.checkLabels(outputCount: 2)
    let fault = #expect(throws: Fault.self) { try model.checkLabels(outputCount: 3) }
    #expect(fault?.code == .modelInvalid)
  }

  @Test func `labels of another version are refused`() throws {
    try add("m", ["1"], version: Self.version { $0["labels_version"] = "l-2" })
    #expect(throws: Fault.self) { try repository.resolve("m") }
  }

  struct Defect: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let pointer: String
    let change: @Sendable (inout [String: JSONValue]) -> Void

    init(
      _ description: String, _ pointer: String,
      _ change: @escaping @Sendable (inout [String: JSONValue]) -> Void
    ) {
      testDescription = description
      self.pointer = pointer
      self.change = change
    }
  }

  static func input(_ key: String, _ value: JSONValue?)
    -> @Sendable (inout [String: JSONValue]) -> Void
  {
    { members in
      guard case .object(var input)? = members["input"] else { return }
      input[key] = value
      members["input"] = .object(input)
    }
  }

  static let defects = [
    Defect("another schema", "/schema") { $0["schema"] = "infercam.model/2" },
    Defect("no input", "/input") { $0["input"] = nil },
    Defect("no digest", "/sha256") { $0["sha256"] = nil },
    Defect("a digest that is none", "/sha256") { $0["sha256"] = "abc" },
    Defect("a file elsewhere", "/file") { $0["file"] = "../other.onnx" },
    Defect("no width", "/input/width", input("width", nil)),
    Defect("no size at all", "/input/width", input("width", 0)),
    Defect("a width in words", "/input/width", input("width", "8")),
    Defect("an unknown layout", "/input/layout", input("layout", "HWC")),
    Defect("an unknown field", "/input/scale", input("scale", 2)),
    Defect("a mean of one channel", "/input/mean", input("mean", .array([0]))),
    Defect("a deviation of zero", "/input/std", input("std", .array([1, 0, 1]))),
    Defect("an unknown resize", "/input/resize/mode", input("resize", ["mode": "letterbox"])),
    Defect(
      "a short side without a size", "/input/resize/size", input("resize", ["mode": "short_side"])),
    Defect(
      "a short side without a crop", "/input/crop",
      input("resize", ["mode": "short_side", "size": 8])),
    Defect("no temperature", "/calibration/temperature") {
      $0["calibration"] = ["temperature": 0]
    },
    Defect("an unknown activation", "/output/activation") { $0["output"] = ["activation": "tanh"] },
  ]

  @Test(arguments: defects)
  func `a defect of the description is named with its place`(defect: Defect) throws {
    try add("m", ["1"], version: Self.version(defect.change))
    let fault = try #require(#expect(throws: Fault.self) { try repository.resolve("m") })
    #expect(fault.code == .modelInvalid)
    #expect(fault.message.contains("version.json"))
    guard case .array(let violations)? = fault.details["violations"] else {
      Issue.record("no violations")
      return
    }
    let pointers = violations.compactMap { violation -> String? in
      if case .object(let members) = violation, case .string(let pointer)? = members["pointer"] {
        return pointer
      }
      return nil
    }
    #expect(pointers.contains(defect.pointer), "\(pointers)")
  }

  @Test(
    .enabled(if: SharedFolder.isPresent, "needs ../shared"))
  func `every real model resolves and has its digest`() throws {
    let models = ModelRepository(searchPath: [RawPath((SharedFolder.path ?? "") + "/models")])
    let entries = try models.list()
    #expect(entries.count >= 19)
    for entry in entries {
      let model = try models.resolve(entry.name)
      #expect(try model.load().byteCount > 0)
    }
  }

  @Test func `the bundled model resolves, loads and has as many labels as outputs`() throws {
    let models = ModelRepository(searchPath: [checkoutFolder.appending("models")])
    let bundled = try models.resolve(ModelRepository.bundledModel)
    let byPath = try ModelRepository.model(
      at: bundled.file, labels: bundled.file.parent.appending("labels.json"), preset: .imagenet)
    #expect(byPath.labels.count == bundled.labels.count)
    #expect(byPath.spec.input.width == bundled.spec.input.width)
    #expect(byPath.sha256 == bundled.sha256)
  }

  @Test func `a file beside its description is that version`() throws {
    let models = ModelRepository(searchPath: [checkoutFolder.appending("models")])
    let bundled = try models.resolve(ModelRepository.bundledModel)
    let byPath = try ModelRepository.model(at: bundled.file, labels: nil, preset: nil)
    #expect(byPath.spec == bundled.spec)
    #expect(byPath.name == bundled.name && byPath.version == bundled.version)
  }
}

struct LabelsTests {
  @Test func `labels in a text file are read line by line`() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write("crack\r\nhole\r\n", to: "labels.txt")
    let models = ModelRepository(searchPath: [checkoutFolder.appending("models")])
    let file = try models.resolve(ModelRepository.bundledModel).file
    let fault = #expect(throws: Fault.self) {
      try ModelRepository.model(at: file, labels: text, preset: nil)
    }
    #expect(fault?.code == .modelInvalid)
    #expect(fault?.message.contains("2 labels") == true)
  }

  @Test(arguments: ["", "a\n\nb\n", "[\"a\", 1]", "{\"classes\":[{\"id\":\"x\"}]}"])
  func `labels that say nothing are refused`(text: String) throws {
    let folder = try TemporaryFolder()
    let name = text.first == "[" || text.first == "{" ? "labels.json" : "labels.txt"
    let labels = try folder.write(text, to: name)
    let models = ModelRepository(searchPath: [checkoutFolder.appending("models")])
    let file = try models.resolve(ModelRepository.bundledModel).file
    #expect(throws: Fault.self) {
      try ModelRepository.model(at: file, labels: labels, preset: nil)
    }
  }
}
