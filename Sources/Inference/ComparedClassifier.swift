public import Faults
public import JSON
import Metrics
public import Models
import Requests

/// A second model that sees what the first one sees, to be compared with it.
public struct ComparedClassifier: Sendable {
  public let classifier: Classifier
  /// For each class of the first model, its counterparts among those of the second.
  private let counterparts: [[Int]]
  /// For each class of the second model, the classes of the first that it stands for.
  private let origins: [[Int]]
  private let first: Labels

  /// - Parameter mapping: from the labels of the first model to those of the second.
  public init(_ classifier: Classifier, beside first: Labels, mapping: LabelMapping) {
    self.classifier = classifier
    self.first = first
    let second = classifier.model.labels
    counterparts = mapping.indices(from: first, to: second)
    var origins = [[Int]](repeating: [], count: second.count)
    for (index, others) in counterparts.enumerated() {
      for other in others { origins[other].append(index) }
    }
    self.origins = origins
  }

  /// The `compare` object of a result: what the second model says, and how far it is from the first.
  public func object(
    _ prediction: Prediction, of input: PreparedInput, by classifier: Classifier,
    second: Result<(input: PreparedInput, prediction: Prediction), Fault>
  ) -> JSONValue {
    let model = self.classifier.model
    var members: [String: JSONValue] = [
      "model": .string(model.name), "model_version": .string(model.version),
      "model_sha256": .string(model.sha256), "labels_version": .string(model.labels.version),
      "calibration_version": .string(model.spec.calibration.version),
    ]
    switch second {
    case .failure(let fault): members["error"] = fault.errorObject(requestID: nil)
    case .success(let (otherInput, other)):
      let item = comparison(prediction, input, classifier, other, otherInput)
      members["classes"] = .array(other.ranking.map(\.json))
      members["top1"] = [
        "same": .bool(item.first.name == item.second.name), "a": item.first.json,
        "b": item.second.json, "b_name": .string(item.second.name),
      ]
      members["prob_drift"] = .double(item.probabilityDrift)
      if let map = item.heatmaps {
        members["heatmap"] = [
          "rmse": .double(map.rootMeanSquare), "iou": .double(map.intersectionOverUnion),
          "center_shift": map.centerShift.map(JSONValue.double) ?? .null,
        ]
      }
      members["truth"] = item.truths?.second.json
    }
    return .object(members)
  }

  private func comparison(
    _ prediction: Prediction, _ input: PreparedInput, _ classifier: Classifier,
    _ other: Prediction, _ otherInput: PreparedInput
  ) -> DriftTally.Item {
    let mine = ClassScores.ranking(prediction.probabilities, count: 1)[0]
    let theirs = ClassScores.ranking(other.probabilities, count: 1)[0]
    let isSame = counterparts[mine].contains(theirs)
    let (own, foreign) = (first.classes[mine], self.classifier.model.labels.classes[theirs])
    let name = isSame ? own.id : origins[theirs].first.map { first.classes[$0].id } ?? foreign.id
    var item = DriftTally.Item(
      id: "",
      first: DriftTally.TopClass(
        name: own.id, id: own.id, label: own.label,
        probability: reported(prediction.probabilities[mine])),
      second: DriftTally.TopClass(
        name: name, id: foreign.id, label: foreign.label,
        probability: reported(other.probabilities[theirs])),
      probabilityDrift: drift(prediction.probabilities, other.probabilities))
    if let map = prediction.explanation, let otherMap = other.explanation,
      counterparts[map.classIndex].contains(otherMap.classIndex)
    {
      item.heatmaps = MapAgreement(
        classifier.placedMap(map, of: input),
        self.classifier.placedMap(otherMap, of: otherInput))
    }
    if let truth = classifier.truth(of: input, prediction),
      let otherTruth = self.classifier.truth(of: otherInput, other)
    {
      item.truths = DriftTally.Item.Truths(first: truth, second: otherTruth)
    }
    return item
  }

  /// The largest difference of the probabilities of classes that correspond one to one.
  private func drift(_ mine: [Float], _ theirs: [Float]) -> Double {
    var largest: (mine: Float, theirs: Float, difference: Float) = (0, 0, 0)
    for (index, others) in counterparts.enumerated() {
      guard others.count == 1, origins[others[0]].count == 1 else { continue }
      let (first, second) = (mine[index], theirs[others[0]])
      let difference = (first - second).magnitude
      if difference > largest.difference { largest = (first, second, difference) }
    }
    return (reported(largest.mine) - reported(largest.theirs)).magnitude
  }
}

/// A probability as results write it, so that two runs and a run with two models give the same figures.
private func reported(_ probability: Float) -> Double {
  Double(probability.description) ?? Double(probability)
}
