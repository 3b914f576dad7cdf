import Attribution
import Execution
import Faults
import Graphs
import Models
import Requests
import Tensors

extension Classifier {
  /// Adds the maps that one forward pass is enough for to the predictions of a batch; an image that
  /// cannot be explained fails, and leaves the others alone.
  func explain(
    _ results: inout [Result<Prediction, Fault>], of inputs: [PreparedInput],
    _ workspace: Workspace
  ) {
    if let allClasses {
      for image in results.indices {
        results[image] = results[image].flatMap { prediction in
          Result { () throws(Fault) in
            try explainedAll(prediction, allClasses, workspace, image: image)
          }
        }
      }
      return
    }
    let started = milliseconds()
    var asked: [AskedMaps] = []
    for image in results.indices {
      guard case .success(let prediction) = results[image] else { continue }
      do throws(Fault) {
        let classes = try explainedClasses(of: inputs[image], prediction)
        asked.append(
          AskedMaps(
            image: image, prediction: prediction, classes: classes, indices: distinct(classes)))
      } catch {
        results[image] = .failure(error)
      }
    }
    let layers = attributors.map { maps($0, asked, workspace) }
    let share = (milliseconds() - started) / Double(max(asked.count, 1))
    for (place, asked) in asked.enumerated() {
      results[asked.image] = Result { () throws(Fault) in
        let maps = try layers.map { layer throws(Fault) in try layer[place].get() }
        var prediction = asked.prediction
        prediction.explanations = explanations(asked.classes, asked.indices, maps)
        prediction.explainMilliseconds = share
        return prediction
      }
    }
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

  /// The maps of one layer: of each image, one for each of its classes.
  private func maps(
    _ attributor: Attributor, _ asked: [AskedMaps], _ workspace: Workspace
  ) -> [Result<[ClassActivationMap], Fault>] {
    switch attributor {
    case .scoreCAM:
      let fault = Fault(.internalError, "Score-CAM takes more than one forward pass")
      return asked.map { _ in .failure(fault) }
    case .eigenCAM(let eigenCAM):
      return asked.map { asked in
        let map = eigenCAM.map(workspace.result(eigenCAM.layer, image: asked.image))
        return .success(asked.indices.map { _ in map })
      }
    case .gradient(let explainer):
      var queries: [Explainer.Query] = []
      for asked in asked {
        let forward = results(explainer.requiredValues, workspace, image: asked.image)
        queries += asked.indices.map { classIndex in
          let gradient = scores.gradient(
            of: request.gradCAM.score, classIndex: classIndex, logits: asked.prediction.logits)
          return Explainer.Query(scoreGradient: gradient, forward: forward)
        }
      }
      var maps = explainer.maps(queries)[...]
      return asked.map { asked in
        let own = maps.prefix(asked.indices.count)
        maps = maps.dropFirst(asked.indices.count)
        return Result { () throws(Fault) in try own.map { map throws(Fault) in try map.get() } }
      }
    }
  }

  private func explainedAll(
    _ prediction: Prediction, _ explainer: AllClassExplainer, _ workspace: Workspace, image: Int
  ) throws(Fault) -> Prediction {
    let started = milliseconds()
    var prediction = prediction
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
    if listsAllClasses {
      prediction.explanations = (0..<maps.count).map {
        explanation(ExplainedClass(target: .all, index: $0), maps[$0], [])
      }
    }
    prediction.explainMilliseconds = milliseconds() - started
    return prediction
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

/// The maps that one image of a batch is asked for.
private struct AskedMaps {
  var image: Int
  var prediction: Prediction
  var classes: [ExplainedClass]
  /// The classes without repetitions.
  var indices: [Int]
}
