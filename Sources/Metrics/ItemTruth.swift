public import JSON

/// How the true class of an item stands beside what was predicted: the `truth` of a result.
public enum ItemTruth: Sendable, Hashable {
  /// No class of the model has the label.
  case unknown
  /// Several classes could be meant.
  case ambiguous
  case scored(Scores)

  /// The true class and the predicted one.
  public struct Scores: Sendable, Hashable {
    /// What of the class the label named: `id`, `label` or `index`.
    public var match: String
    public var index: Int
    public var id: String
    /// The place of the true class among all classes, from 1.
    public var rank: Int
    public var probability: Float
    public var predictedIndex: Int
    public var predictedID: String
    public var predictedProbability: Float

    /// The probability of the predicted class.
    public var confidence: Double { Double(predictedProbability) }

    public init(
      match: String, index: Int, id: String, rank: Int, probability: Float, predictedIndex: Int,
      predictedID: String, predictedProbability: Float
    ) {
      self.match = match
      self.index = index
      self.id = id
      self.rank = rank
      self.probability = probability
      self.predictedIndex = predictedIndex
      self.predictedID = predictedID
      self.predictedProbability = predictedProbability
    }
  }

  public var json: JSONValue {
    switch self {
    case .unknown: ["match": "unknown"]
    case .ambiguous: ["match": "ambiguous"]
    case .scored(let scores):
      [
        "match": .string(scores.match), "index": JSONValue(scores.index), "id": .string(scores.id),
        "rank": JSONValue(scores.rank), "prob": .float(scores.probability),
        "predicted": [
          "index": JSONValue(scores.predictedIndex), "id": .string(scores.predictedID),
          "prob": .float(scores.predictedProbability),
        ],
      ]
    }
  }

  /// Reads the `truth` of a result; `nil` when it is none.
  public init?(json: JSONValue) {
    switch json["match"]?.string {
    case "unknown": self = .unknown
    case "ambiguous": self = .ambiguous
    case let match?:
      guard let index = json["index"]?.int, let id = json["id"]?.string,
        let rank = json["rank"]?.int, let probability = json["prob"]?.double,
        let predicted = json["predicted"], let predictedIndex = predicted["index"]?.int,
        let predictedID = predicted["id"]?.string, let confidence = predicted["prob"]?.double
      else { return nil }
      self = .scored(
        Scores(
          match: match, index: index, id: id, rank: rank, probability: Float(probability),
          predictedIndex: predictedIndex, predictedID: predictedID,
          predictedProbability: Float(confidence)))
    case nil: return nil
    }
  }
}
