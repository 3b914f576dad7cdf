import Faults
import FileAccess
import InfercamTestSupport
import Inference
import Models
import Tensors
import Testing

struct InputShapeTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// - Parameter mixes: whether the scores of an image depend on the others of its batch.
  private func classifier(
    batch: ModelBytes.Extent, mixes: Bool = false
  ) throws -> Classifier {
    var model = ModelBytes()
    model.input("x", [batch, 3, 8, 8])
    model.output("y")
    model.floats("w", dims: [2, 3, 1, 1], [1, 0, 0, 0, 1, 0])
    model.node("Conv", ["x", "w"], ["c"])
    model.node("GlobalAveragePool", ["c"], ["p"])
    model.node("Flatten", ["p"], [mixes ? "flat" : "y"])
    if mixes {
      model.node("ReduceMean", ["flat"], ["mean"]) { node in
        node.message(5) {
          $0.string(1, "axes")
          $0.packed(8, [0])
          $0.int(20, 7)
        }
      }
      model.node("Sub", ["flat", "mean"], ["y"])
    }
    try folder.write(model.bytes(), to: RawPath("m.onnx"))
    let version = try ModelRepository.model(
      at: folder.path.appending("m.onnx"), labels: nil, preset: .some(.none))
    return try Classifier(version, request: InferenceRequest())
  }

  @Test(arguments: [ModelBytes.Extent.fixed(1), .fixed(4), .symbolic("batch")])
  func `a batch of one, of several or of any size is taken`(batch: ModelBytes.Extent) throws {
    #expect(try classifier(batch: batch).model.labels.count == 2)
  }

  @Test func `a batch whose images depend on each other is refused, with the remedy`() throws {
    let fault = #expect(throws: Fault.self) { try classifier(batch: .fixed(4), mixes: true) }
    #expect(fault?.code == .modelInvalid)
    #expect(fault?.message.contains("exactly 4 images") ?? false)
  }

  /// - Parameter readsAsIs: whether the model reads its input [1, 8, 6, 3] otherwise too, so that
  ///   the transposition stays in the graph.
  @Test(arguments: [false, true])
  func `an array has the axes of the model, channels first or last`(readsAsIs: Bool) throws {
    var model = ModelBytes()
    model.input("x", [1, 8, 6, 3])
    model.output("y")
    if readsAsIs { model.node("Neg", ["x"], ["n"]) }
    model.node("Transpose", [readsAsIs ? "n" : "x"], ["planes"]) { node in
      node.message(5) {
        $0.string(1, "perm")
        $0.packed(8, [0, 3, 1, 2])
        $0.int(20, 7)
      }
    }
    model.floats("w", dims: [2, 3, 1, 1], [1, 0, 0, 0, 1, 0])
    model.node("Conv", ["planes", "w"], ["c"])
    model.node("GlobalAveragePool", ["c"], ["p"])
    model.node("Flatten", ["p"], ["y"])
    try folder.write(model.bytes(), to: RawPath("m.onnx"))
    let version = try ModelRepository.model(
      at: folder.path.appending("m.onnx"), labels: nil, preset: .some(.none))
    let classifier = try Classifier(version, request: InferenceRequest())
    // Channel 0 is 2 everywhere, channel 1 is 1: the scores differ by 1, or by -1 when negated.
    let pixels = Tensor((0..<48).flatMap { _ in [2, 1, 7] as [Float] }, shape: [8, 6, 3])
    let workspace = classifier.makeWorkspace(maximumBatch: 1)
    for shape in [[8, 6, 3], [1, 8, 6, 3]] as [Shape] {
      let input = try classifier.prepare(NPY.encode(pixels.reshaped(shape)))
      let prediction = try #require(classifier.predict([input], workspace: workspace).first).get()
      #expect(abs(prediction.probabilities[0] - (readsAsIs ? 0.268_941 : 0.731_059)) < 1e-5)
    }
    let fault = #expect(throws: Fault.self) {
      try classifier.prepare(NPY.encode(pixels.reshaped([3, 8, 6])))
    }
    #expect(fault?.code == .imageInvalidFormat)
  }
}
