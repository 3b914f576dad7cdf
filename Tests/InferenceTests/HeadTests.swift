import Faults
import FileAccess
import InfercamTestSupport
import Inference
import Models
import Tensors
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Classifiers that end, or begin, in another way than logits of an image of float32.
struct HeadTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// x [1, 3, 2, 2] -> average -> times `weights` [classes, 3] -> what `tail` adds to `z`.
  private func classifier(
    weights: [Float], labels: String? = nil, type: Int = 1, _ tail: (inout ModelBytes) -> Void
  ) throws -> Classifier {
    var model = ModelBytes()
    model.input("x", type: type, [1, 3, 2, 2])
    model.node("Cast", ["x"], ["numbers"]) { node in
      node.message(5) {
        $0.string(1, "to")
        $0.int(3, 1)
        $0.int(20, 2)
      }
    }
    model.node("GlobalAveragePool", ["numbers"], ["p"])
    model.floats("w", dims: [weights.count / 3, 3, 1, 1], weights)
    model.node("Conv", ["p", "w"], ["z"])
    tail(&model)
    try folder.write(model.bytes(), to: RawPath("m.onnx"))
    if let labels { try folder.write(labels, to: "labels.txt") }
    let version = try ModelRepository.model(
      at: folder.path.appending("m.onnx"),
      labels: labels == nil ? nil : folder.path.appending("labels.txt"), preset: .some(.none))
    return try Classifier(version, request: InferenceRequest())
  }

  private func probabilities(_ classifier: Classifier, of input: Tensor) throws -> [Float] {
    let prepared = try classifier.prepare(NPY.encode(input))
    let workspace = classifier.makeWorkspace(maximumBatch: 1)
    return try #require(classifier.predict([prepared], workspace: workspace).first)
      .get().probabilities
  }

  /// Averages of 1, 2 and 3.
  private let image = Tensor([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3] as [Float], shape: [1, 3, 2, 2])

  private func sigmoid(_ x: Double) -> Float { Float(1 / (1 + exp(-x))) }

  private func expectEqual(_ found: [Float], _ expected: [Float]) {
    #expect(found.count == expected.count)
    let difference = zip(found, expected).map { abs($0 - $1) }.max() ?? 1
    #expect(difference < 1e-6, "\(found), not \(expected)")
  }

  @Test(arguments: [false, true])
  func `a single score, with a sigmoid or without, tells two classes apart`(
    hasSigmoid: Bool
  ) throws {
    // 0.5 - 2 + 1.8
    let classifier = try classifier(weights: [0.5, -1, 0.6]) { model in
      if hasSigmoid { model.node("Sigmoid", ["z"], ["y"]) }
      model.output(hasSigmoid ? "y" : "z")
    }
    let found = try probabilities(classifier, of: image)
    expectEqual(found, [sigmoid(-0.3), sigmoid(0.3)])
  }

  @Test func `a single score with one label is the probability of it`() throws {
    let classifier = try classifier(weights: [0.5, -1, 0.6], labels: "smile\n") { model in
      model.node("Sigmoid", ["z"], ["y"])
      model.output("y")
    }
    expectEqual(try probabilities(classifier, of: image), [sigmoid(0.3)])
  }

  @Test func `classes with a sigmoid each are independent`() throws {
    let classifier = try classifier(weights: [1, 0, 0, 0, 1, 0]) { model in
      model.node("Sigmoid", ["z"], ["y"])
      model.output("y")
    }
    expectEqual(try probabilities(classifier, of: image), [sigmoid(1), sigmoid(2)])
  }

  @Test func `scores given as bytes are those that the bytes stand for`() throws {
    // 1, 2 and 3 in steps of 1/4, from 10 on.
    let classifier = try classifier(weights: [1, 0, 0, 0, 1, 0, 0, 0, 1]) { model in
      model.floats("scale", dims: [], [0.25])
      model.initializer("zero", type: 2, dims: []) { $0.raw(9, [10]) }
      model.node("QuantizeLinear", ["z", "scale", "zero"], ["q"])
      model.output("q", type: 2)
    }
    let sum = exp(1.0) + exp(2.0) + exp(3.0)
    expectEqual(
      try probabilities(classifier, of: image), [1, 2, 3].map { Float(exp($0) / sum) })
  }

  @Test func `a model of bytes gets the bytes of pixels, or an array of bytes`() throws {
    let classifier = try classifier(weights: [0.01, 0, 0, 0, 0.01, 0], type: 2) {
      $0.output("z")
    }
    let step: Double = 1 / 255
    #expect(classifier.model.spec.input.std == [step, step, step])
    let bytes: [UInt8] = [100, 200, 7]
    let pixels = Tensor((0..<12).map { bytes[$0 % 3] }, shape: [2, 2, 3])
    let planes = Tensor((0..<12).map { bytes[$0 / 4] }, shape: [1, 3, 2, 2])
    let expected = [sigmoid(-1), sigmoid(1)]
    expectEqual(try probabilities(classifier, of: pixels), expected)
    expectEqual(try probabilities(classifier, of: planes), expected)
  }

  @Test func `an array of float64 is rounded, one of integers is refused`() throws {
    let classifier = try classifier(weights: [1, 0, 0, 0, 1, 0]) { $0.output("z") }
    let doubles = Tensor(
      image.elements(of: Float.self).map(Double.init), shape: image.shape)
    expectEqual(try probabilities(classifier, of: doubles), [sigmoid(-1), sigmoid(1)])
    #expect(throws: Fault.self) {
      try probabilities(classifier, of: Tensor(zeros: .uint8, [1, 3, 2, 2]))
    }
  }

  @Test func `labels that are one too few are answered with the background class`() throws {
    let fault = #expect(throws: Fault.self) {
      try classifier(weights: [Float](repeating: 1, count: 9), labels: "a\nb\n") {
        $0.output("z")
      }
    }
    #expect(fault?.message.contains("background") == true)
  }
}
