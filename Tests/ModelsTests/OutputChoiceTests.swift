import Faults
import FileAccess
import InfercamTestSupport
import Models
import Testing

/// A file whose graph has two outputs.
struct OutputChoiceTests {
  let folder: TemporaryFolder
  let file: RawPath

  init() throws {
    folder = try TemporaryFolder()
    var model = ModelBytes()
    model.input("x", [1, 3, 4, 4])
    model.output("few")
    model.output("many")
    model.node("GlobalAveragePool", ["x"], ["pooled"])
    model.node("Flatten", ["pooled"], ["few"])
    model.node("Flatten", ["x"], ["flat"])
    model.node("Softmax", ["flat"], ["many"])
    file = try folder.write(model.bytes(), to: RawPath("m.onnx"))
  }

  @Test(arguments: [(nil, "few", 3), ("few", "few", 3), ("many", "many", 48)])
  func `labels and scores are those of the output that is named, else of the first`(
    wanted: String?, name: String, count: Int
  ) throws {
    let model = try ModelRepository.model(at: file, labels: nil, preset: nil, output: wanted)
    #expect(model.spec.output.name == name)
    #expect(model.labels.count == count)
    #expect((model.spec.output.activation == .none) == (name == "many"))
  }

  @Test func `an output the graph does not have is refused with those it has`() throws {
    let fault = #expect(throws: Fault.self) {
      try ModelRepository.model(at: file, labels: nil, preset: nil, output: "pooled")
    }
    #expect(fault?.code == .modelInvalid)
    #expect(fault?.message.contains("few, many") == true)
  }
}
