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
    _ prediction: inout Prediction, of input: PreparedInput, _ workspace: Workspace, image: Int
  ) throws(Fault) {
    let started = milliseconds()
    if let allClasses {
      try explainAll(&prediction, allClasses, workspace, image: image)
    } else {
      let classes = try explainedClasses(of: input, prediction)
      let indices = distinct(classes)
      let maps = try attributors.map { attributor throws(Fault) in
        try self.maps(attributor, indices, prediction.logits, workspace, image: image)
      }
      prediction.explanations = explanations(classes, indices, maps)
    }
    prediction.explainMilliseconds = milliseconds() - started
  }

  /// Adds the maps by Score-CAM.
  /// - Parameter activations: of each explained layer, in memory of their own.
  func explainByScores(
    _ prediction: inout Prediction, of input: PreparedInput, _ activations: [Tensor],
    _ workspace: Workspace
  ) throws(Fault) {
    let started = milliseconds()
    let classes = try explainedClasses(of: input, prediction)
    let indices = distinct(classes)
    var maps: [[ClassActivationMap]] = []
    for case (.scoreCAM(let scoreCAM), let activations) in zip(attributors, activations) {
      let planes = scoreCAM.layout.planes(of: activations)
      maps.append(
        try scoreMaps(scoreCAM, of: input, activations: planes, classes: indices, workspace))
    }
    prediction.explanations = explanations(classes, indices, maps)
    prediction.explainMilliseconds = milliseconds() - started
  }

  /// The maps of one layer, one for each class.
  private func maps(
    _ attributor: Attributor, _ classes: [Int], _ logits: [Float], _ workspace: Workspace,
    image: Int
  ) throws(Fault) -> [ClassActivationMap] {
    switch attributor {
    case .scoreCAM: throw Fault(.internalError, "Score-CAM takes more than one forward pass")
    case .eigenCAM(let eigenCAM):
      let map = eigenCAM.map(workspace.result(eigenCAM.layer, image: image))
      return classes.map { _ in map }
    case .gradient(let explainer):
      let forward = results(explainer.requiredValues, workspace, image: image)
      return try classes.map { classIndex throws(Fault) in
        let gradient = scores.gradient(
          of: request.gradCAM.score, classIndex: classIndex, logits: logits)
        return try explainer.map(scoreGradient: gradient, forward: forward)
      }
    }
  }

  private func explainAll(
    _ prediction: inout Prediction, _ explainer: AllClassExplainer, _ workspace: Workspace,
    image: Int
  ) throws(Fault) {
    let score = request.gradCAM.score
    let logits = prediction.logits
    var gradients: Tensor?
    if score != .logit {
      let softmax = scores.softmax(logits)
      let rows = logits.indices.flatMap {
        scores.gradient(of: score, classIndex: $0, logits: logits, softmax: softmax)
      }
      gradients = Tensor(rows, shape: [logits.count, logits.count])
    }
    let maps = try explainer.maps(
      scoreGradients: gradients,
      forward: results(explainer.requiredValues, workspace, image: image))
    prediction.classMaps = maps
    guard listsAllClasses else { return }
    prediction.explanations = (0..<maps.count).map {
      explanation(ExplainedClass(target: .all, index: $0), maps[$0], [])
    }
  }

  /// Whether a map of every class has an object of its own in the result.
  private var listsAllClasses: Bool {
    !request.gradCAM.formats.isEmpty || request.gradCAM.box != nil
  }

  private func results(
    _ values: [ValueID], _ workspace: Workspace, image: Int
  ) -> [ValueID: Tensor] {
    var results: [ValueID: Tensor] = [:]
    for value in values { results[value] = workspace.result(value, image: image) }
    return results
  }

  /// The classes without repetitions, in order: each is explained once.
  private func distinct(_ classes: [ExplainedClass]) -> [Int] {
    var seen: Set<Int> = []
    return classes.map(\.index).filter { seen.insert($0).inserted }
  }

  /// - Parameter maps: of each layer, for each of `indices`.
  private func explanations(
    _ classes: [ExplainedClass], _ indices: [Int], _ maps: [[ClassActivationMap]]
  ) -> [Explanation] {
    let options = request.gradCAM
    return classes.compactMap { explained in
      guard let place = indices.firstIndex(of: explained.index) else { return nil }
      let layerMaps = maps.map { $0[place] }
      guard layerMaps.count > 1 else { return explanation(explained, layerMaps[0], []) }
      let fused = ClassActivationMap(
        fusing: layerMaps, by: options.fuse, isSigned: options.normalize == .signed)
      let layers = zip(layerNames, layerMaps).map {
        LayerFacts(name: $0, map: $1, mode: normalizationMode)
      }
      return explanation(explained, fused, layers)
    }
  }

  private func explanation(
    _ explained: ExplainedClass, _ map: ClassActivationMap, _ layers: [LayerFacts]
  ) -> Explanation {
    Explanation(
      map: map, classIndex: explained.index, classID: model.labels.classes[explained.index].id,
      target: explained.target, layer: layerName ?? "", layers: layers)
  }
}
