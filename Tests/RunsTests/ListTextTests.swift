import Faults
import FileAccess
import InfercamTestSupport
import JSON
import Testing
import Transfers

@testable import Runs

struct ListTextTests {
  let folder: TemporaryFolder
  let directory: RunDirectory

  init() throws {
    folder = try TemporaryFolder()
    directory = RunDirectory(folder.path.appending("run"))
    try createDirectories(directory.path)
  }

  func selection(manifest: String) -> InputSelection {
    var selection = InputSelection()
    selection.manifest = folder.path.appending(RawPath(manifest))
    return selection
  }

  /// Freezes what a selection names, as a run does at its beginning.
  @discardableResult
  func freeze(_ selection: InputSelection) throws -> InputList {
    let list = try collectInputs(selection).list
    let specification = RunSpecification(
      jobID: "run_1", createdAt: "T", fingerprint: Fingerprint(json: [:]), inputs: list, origin: [:]
    )
    try directory.create(specification, list, .names)
    return list
  }

  static let manifests = [
    ("a.jsonl", #"{"image":{"path":"b.png"},"id":"é","label":"cat","metadata":{"k":[1]}}"# + "\n"),
    ("a.ndjson", "\u{FEFF}" + #"{"image":{"path":"b.png"},"grad_cam":{"target":"top1"}}"#),
    ("a.csv", "path,label\r\nb.png,cat\r\n\"c,d.png\",\r\n"),
    ("a.tsv", "path\tid\nb.png\t7\n"),
  ]

  @Test(arguments: manifests)
  func `the list that was frozen is the one that the same text gives`(
    name: String, text: String
  ) throws {
    try folder.write(text, to: name)
    let selection = selection(manifest: name)
    let frozen = try freeze(selection)
    let found = try #require(directory.frozenList(selection))
    let reused = try collectInputs(selection, reusing: directory).list
    for list in [found, reused] {
      #expect(list.sha256 == frozen.sha256)
      #expect(list.count == frozen.count)
      #expect(list.chunks.flatMap(\.self) == frozen.chunks.flatMap(\.self))
      #expect(list.hasMapOptions == frozen.hasMapOptions)
      #expect(list.text == frozen.text)
    }
  }

  @Test func `lists of paths are text too`() throws {
    try folder.write("a.png\nb.png\n", to: "lines")
    try folder.write(Array("c.png\0".utf8), to: RawPath("zeros"))
    var selection = InputSelection()
    selection.filesFrom = folder.path.appending("lines")
    selection.files0From = folder.path.appending("zeros")
    try freeze(selection)
    #expect(directory.frozenList(selection)?.count == 3)
    try folder.write(Array("d.png\0".utf8), to: RawPath("zeros"))
    #expect(directory.frozenList(selection) == nil)
  }

  @Test func `other text, or the same read otherwise, is read anew`() throws {
    let text = #"{"image":{"path":"b.png"}}"#
    try folder.write(text, to: "a.jsonl")
    try folder.write(text, to: "b/a.jsonl")
    let selection = selection(manifest: "a.jsonl")
    try freeze(selection)
    #expect(directory.frozenList(selection) != nil)
    #expect(directory.frozenList(self.selection(manifest: "b/a.jsonl")) == nil)
    for change: (inout InputSelection) throws -> Void in [
      { $0.isLenient = true }, { $0.allowsDuplicates = true }, { $0.maxBytes = 7 },
      { $0.paths = [RawPath("c.png")] }, { $0.folder = try BaseFolder(folder.path) },
    ] {
      var other = selection
      try change(&other)
      #expect(directory.frozenList(other) == nil)
    }
    try folder.write(text + "\n" + #"{"image":{"path":"c.png"}}"#, to: "a.jsonl")
    #expect(directory.frozenList(selection) == nil)
    #expect(try collectInputs(selection, reusing: directory).list.count == 2)
  }

  @Test(arguments: [
    ("a.jsonl", #"{"image":{"path":"b.npy"}}"#),
    ("a.jsonl", #"{"image":{"url":"https://example.org/a.png"}}"#),
    ("a.jsonl", #"{"image":{"bytes":"AAAA"},"id":"a"}"#),
    ("a.json", #"{"inputs":[{"image":{"path":"b.png"}}],"metadata":{"a":1}}"#),
  ])
  func `what more than the text decides about is read anew`(name: String, text: String) throws {
    try folder.write(text, to: name)
    var selection = selection(manifest: name)
    selection.transfers = .init()
    #expect(try freeze(selection).text == nil)
    #expect(directory.frozenList(selection) == nil)
  }

  @Test func `a list that was damaged is left to whoever opens the run`() throws {
    try folder.write(#"{"image":{"path":"b.png"}}"#, to: "a.jsonl")
    let selection = selection(manifest: "a.jsonl")
    try freeze(selection)
    try folder.write("{}\n", to: "run/inputs.jsonl")
    #expect(directory.frozenList(selection) == nil)
  }
}
