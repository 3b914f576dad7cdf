import Faults
import FileAccess
import InfercamTestSupport
import Inference
import Models
import Testing

struct InputShapeTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func classifier(batch: ModelBytes.Extent) throws -> Classifier {
    var model = ModelBytes()
    model.input("x", [batch, 3, 8, 8])
    model.output("y")
    model.floats("w", dims: [2, 3, 1, 1], [1, 0, 0, 0, 1, 0])
    model.node("Conv", ["x", "w"], ["c"])
    model.node("GlobalAveragePool", ["c"], ["p"])
    model.node("Flatten", ["p"], ["y"])
    try folder.write(model.bytes(), to: RawPath("m.onnx"))
    let version = try ModelRepository.model(
      at: folder.path.appending("m.onnx"), labels: nil, preset: .some(.none))
    return try Classifier(version, request: InferenceRequest())
  }

  @Test(arguments: [ModelBytes.Extent.fixed(1), .symbolic("batch")])
  func `a batch of one or of any size is taken`(batch: ModelBytes.Extent) throws {
    #expect(try classifier(batch: batch).model.labels.count == 2)
  }

  @Test func `a batch fixed at more than one is refused, with the remedy`() throws {
    let fault = #expect(throws: Fault.self) { try classifier(batch: .fixed(4)) }
    #expect(fault?.code == .modelInvalid)
    #expect(fault?.message.contains("exactly 4 images") ?? false)
  }
}
