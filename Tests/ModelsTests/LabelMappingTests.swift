import Faults
import FileAccess
import InfercamTestSupport
import JSON
import Models
import Testing

struct LabelMappingTests {
  static let old = Labels(
    version: "v1",
    classes: ["cat", "dog", "crack", "rust"].map { Labels.Class(id: $0, label: $0) })
  static let new = Labels(
    version: "v2",
    classes: ["dog", "animal", "fine", "wide", "cat"].map { Labels.Class(id: $0, label: $0) })
  static let mapping = LabelMapping(
    from: "v1", to: "v2",
    counterparts: ["cat": ["animal"], "crack": ["fine", "wide"], "rust": []])

  @Test func `classes are renamed, split, dropped or keep their id`() throws {
    #expect(Self.mapping.indices(from: Self.old, to: Self.new) == [[1], [0], [2, 3], []])
    #expect(Self.mapping.relates("crack", to: "wide"))
    #expect(!Self.mapping.relates("cat", to: "cat"))
    #expect(Self.mapping.relates("dog", to: "dog"))
    try Self.mapping.check(from: Self.old, to: Self.new)
  }

  @Test func `a mapping is inverted class by class`() {
    let inverse = Self.mapping.inverted(over: Self.old)
    #expect(inverse.from == "v2" && inverse.to == "v1")
    #expect(inverse.indices(from: Self.new, to: Self.old) == [[1], [0], [2], [2], []])
  }

  @Test func `a mapping goes through its file`() throws {
    let bytes = Self.mapping.json.encoded(pretty: true)
    #expect(try LabelMapping(json: bytes) == Self.mapping)
  }

  @Test(arguments: [
    #"{"from":"a","to":"b"}"#, #"{"schema":"infercam.label_mapping/2","from":"a","to":"b"}"#,
    #"{"schema":"infercam.label_mapping/1","from":"a"}"#,
    #"{"schema":"infercam.label_mapping/1","from":"a","to":"b","classes":{"x":1}}"#,
    #"{"schema":"infercam.label_mapping/1","from":"a","to":"b","classes":{"x":["y","y"]}}"#,
    #"{"schema":"infercam.label_mapping/1","from":"a","to":"b","classes":["x"]}"#,
    #"{"schema":"infercam.label_mapping/1","from":"a","to":"b","class":{}}"#,
  ])
  func `a file that says something else is refused`(text: String) {
    let fault = #expect(throws: Fault.self) { try LabelMapping(json: Array(text.utf8)) }
    #expect(fault?.code == .modelInvalid)
  }

  @Test func `a mapping must know the classes`() {
    let stranger = LabelMapping(from: "v1", to: "v2", counterparts: ["bird": ["dog"]])
    let fault = #expect(throws: Fault.self) { try stranger.check(from: Self.old, to: Self.new) }
    #expect(fault?.message.contains("bird") == true)
    #expect(throws: Fault.self) { try Self.mapping.check(from: Self.new, to: Self.old) }
  }

  @Test func `the repository finds the file for two versions in either direction`() throws {
    let fixture = try RepositoryTests()
    func add(_ version: String, _ labels: Labels) throws {
      let description = RepositoryTests.version { $0["labels_version"] = .string(labels.version) }
      try fixture.add("m", [version], version: description)
      try fixture.folder.write(labels.json.encoded(), to: RawPath("m/\(version)/labels.json"))
    }
    try add("1", Self.old)
    try add("2", Self.new)
    let old = try fixture.repository.resolve("m@1")
    let new = try fixture.repository.resolve("m@2")
    #expect(try fixture.repository.labelMapping(from: old, to: new) == nil)
    try fixture.folder.write(
      Self.mapping.json.encoded(), to: RawPath("m/label-mappings/v1-v2.json"))
    #expect(try fixture.repository.labelMapping(from: old, to: new) == Self.mapping)
    #expect(
      try fixture.repository.labelMapping(from: new, to: old)
        == Self.mapping.inverted(over: Self.old))
    let same = try fixture.repository.labelMapping(from: old, to: old)
    #expect(same?.counterparts.isEmpty == true)
  }
}
