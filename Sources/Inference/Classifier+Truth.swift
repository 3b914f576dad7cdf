public import Metrics
import Models

extension Classifier {
  /// How the class that an input is said to show stands in its prediction; `nil` when nobody says.
  public func truth(of input: PreparedInput, _ prediction: Prediction) -> ItemTruth? {
    guard let label = input.label else { return nil }
    let index: Int
    let match: String
    switch model.labels.match(label) {
    case .none: return .unknown
    case .ambiguous: return .ambiguous
    case .id(let place): (index, match) = (place, "id")
    case .label(let place): (index, match) = (place, "label")
    case .index(let place): (index, match) = (place, "index")
    }
    let probabilities = prediction.probabilities
    let own = probabilities[index]
    var rank = 1
    var best = 0
    for (place, probability) in probabilities.enumerated() {
      if probability > own || probability == own && place < index { rank += 1 }
      if probability > probabilities[best] { best = place }
    }
    return .scored(
      ItemTruth.Scores(
        match: match, index: index, id: model.labels.classes[index].id, rank: rank,
        probability: own, predictedIndex: best, predictedID: model.labels.classes[best].id,
        predictedProbability: probabilities[best]))
  }
}
