import Execution
import Faults
import FileAccess
import InfercamTestSupport
import Inference
import Models
import Requests
import Testing

/// Real pretrained models of the reference material.
enum SharedModels {
  /// A classifier that explains the most probable class, unless `set` says otherwise.
  static func classifier(
    _ name: String, method: GradCAMOptions.Method = .gradcam,
    score: GradCAMOptions.Score = .logit, kernels: KernelChoice = .auto,
    _ set: (inout GradCAMOptions) -> Void = { _ in }
  ) throws -> Classifier {
    let folder = try #require(SharedFolder.path) + "/models"
    var request = InferenceRequest()
    request.gradCAM.enabled = true
    request.gradCAM.method = method
    request.gradCAM.score = score
    set(&request.gradCAM)
    var engine = EngineOptions()
    engine.kernels = kernels
    return try Classifier(
      try ModelRepository(searchPath: [RawPath(folder)]).resolve(name), request: request,
      engine: engine)
  }
}

extension Classifier {
  /// Predicts in batches of the workspace's size; a failed item ends the test.
  func predictions(
    of inputs: [PreparedInput], batch: Int
  ) throws(Fault) -> [Prediction] {
    var predictions: [Prediction] = []
    for result in predict(inputs, workspace: makeWorkspace(maximumBatch: batch)) {
      predictions.append(try result.get())
    }
    return predictions
  }
}
