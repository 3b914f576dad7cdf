import Attribution
import Execution
import Faults
import Graphs
import Models
import Requests
import Tensors

extension Classifier {
  /// Adds the maps that one forward pass is enough for.
  func explain(
    _ prediction: inout Prediction, of input: PreparedInput, _ attributor: Attributor,
    _ workspace: Workspace, image: Int
  ) throws(Fault) {
    let started = milliseconds()
    let targets = try targetClasses(of: input, prediction)
    switch attributor {
    case .scoreCAM: return
    case .eigenCAM(let eigenCAM):
      let map = eigenCAM.map(workspace.result(eigenCAM.layer, image: image))
      prediction.explanations = targets.map { explanation(map, $0) }
    case .gradient(let explainer):
      var forward: [ValueID: Tensor] = [:]
      for value in explainer.requiredValues {
        forward[value] = workspace.result(value, image: image)
      }
      for target in targets {
        let gradient = scores.gradient(
          of: request.gradCAM.score, classIndex: target, logits: prediction.logits)
        let map = try explainer.map(scoreGradient: gradient, forward: forward)
        prediction.explanations.append(explanation(map, target))
      }
    }
    prediction.explainMilliseconds = milliseconds() - started
  }

  /// Adds the maps by Score-CAM.
  /// - Parameter activations: of the explained layer, in memory of their own.
  func explain(
    _ prediction: inout Prediction, of input: PreparedInput, _ scoreCAM: ScoreCAM,
    _ activations: Tensor, _ workspace: Workspace
  ) throws(Fault) {
    let started = milliseconds()
    let targets = try targetClasses(of: input, prediction)
    let maps = try scoreMaps(
      scoreCAM, of: input, activations: activations, classes: targets, workspace)
    prediction.explanations = zip(maps, targets).map(explanation)
    prediction.explainMilliseconds = milliseconds() - started
  }

  private func explanation(_ map: ClassActivationMap, _ target: Int) -> Explanation {
    Explanation(
      map: map, classIndex: target, classID: model.labels.classes[target].id,
      layer: layerName ?? "")
  }
}
