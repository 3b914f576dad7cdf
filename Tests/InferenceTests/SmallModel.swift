import FileAccess
import InfercamTestSupport
import Inference
import Models
import Requests
import Tensors
import Testing

/// A seeded network of two convolutions, an average and a matrix: 3 x 16 x 16 to 5 classes.
///
/// Its layers are `first,relu` of 16 x 16 cells and `second` of 8 x 8.
struct SmallModel {
  let folder: TemporaryFolder
  let version: ModelVersion

  /// - Parameter hasHiddenLayer: whether another layer lies between the average and the scores.
  init(hasHiddenLayer: Bool = false) throws {
    folder = try TemporaryFolder()
    var numbers = SeededTensors(seed: 21)
    var model = ModelBytes()
    model.input("x", ["batch", 3, 16, 16])
    model.output("y")
    func weights(_ name: String, _ dims: [Int], gain: Double) {
      let tensor = numbers.uniform(Shape(dims), in: -gain...gain, of: Float.self)
      model.floats(name, dims: dims, tensor.elements(of: Float.self))
    }
    weights("w1", [6, 3, 3, 3], gain: 1)
    weights("w2", [8, 6, 3, 3], gain: 1)
    weights("w3", [8, 8], gain: 1)
    weights("w4", [8, 5], gain: 4)
    func convolution(_ input: String, _ weight: String, _ output: String, stride: Int) {
      model.node("Conv", [input, weight], [output]) { node in
        for (name, values) in [("strides", [stride, stride]), ("pads", [1, 1, 1, 1])] {
          node.message(5) { attribute in
            attribute.string(1, name)
            attribute.int(20, 7)
            attribute.packed(8, values)
          }
        }
      }
    }
    convolution("x", "w1", "c1", stride: 1)
    model.node("Relu", ["c1"], ["first,relu"])
    convolution("first,relu", "w2", "c2", stride: 2)
    model.node("Relu", ["c2"], ["second"])
    model.node("GlobalAveragePool", ["second"], ["pool"])
    model.node("Flatten", ["pool"], ["features"])
    if hasHiddenLayer {
      model.node("MatMul", ["features", "w3"], ["h"])
      model.node("Tanh", ["h"], ["hidden"])
    }
    model.node("MatMul", [hasHiddenLayer ? "hidden" : "features", "w4"], ["y"])
    try folder.write(model.bytes(), to: RawPath("m.onnx"))
    version = try ModelRepository.model(
      at: folder.path.appending("m.onnx"), labels: nil, preset: .some(.none))
  }

  func classifier(_ set: (inout GradCAMOptions) -> Void = { _ in }) throws -> Classifier {
    var request = InferenceRequest()
    request.gradCAM.enabled = true
    set(&request.gradCAM)
    return try Classifier(version, request: request)
  }

  /// Model inputs of noise.
  static func images(_ count: Int, seed: UInt64 = 4) -> [Tensor] {
    var numbers = SeededTensors(seed: seed)
    return (0..<count).map { _ in numbers.uniform([3, 16, 16], in: -1...1, of: Float.self) }
  }
}

extension Classifier {
  /// Predicts model inputs in batches; a failed item ends the test.
  func predictions(
    of images: [Tensor], batch: Int = 4
  ) throws -> [(input: PreparedInput, prediction: Prediction)] {
    let inputs = try images.map { try prepare(NPY.encode($0)) }
    let results = predict(inputs, workspace: makeWorkspace(maximumBatch: batch))
    return try zip(inputs, results).map { ($0, try $1.get()) }
  }

  func prediction(of image: Tensor) throws -> (input: PreparedInput, prediction: Prediction) {
    try #require(try predictions(of: [image]).first)
  }
}
