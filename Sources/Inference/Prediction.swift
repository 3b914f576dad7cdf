public import Attribution

/// What the network says about one image.
public struct Prediction: Sendable {
  /// The scores before the final activation, one per class.
  public let logits: [Float]
  /// One per class.
  public let probabilities: [Float]
  /// The classes that are reported, best first.
  public let ranking: [RankedClass]
  /// How many classes could be reported at most.
  public let effectiveTopK: Int
  /// The explanations that were asked for; several only where each reported class is explained.
  public internal(set) var explanations: [Explanation] = []
  /// This image's share of the batch's milliseconds in the network.
  public let inferenceMilliseconds: Double
  /// Milliseconds for the maps.
  public internal(set) var explainMilliseconds = 0.0
}

extension Prediction {
  /// The only explanation, or that of the most probable class.
  public var explanation: Explanation? { explanations.first }
}

/// One reported class.
public struct RankedClass: Sendable, Hashable {
  public let index: Int
  public let id: String
  public let label: String
  public let probability: Float
}

/// A class activation map with the class it is for.
public struct Explanation: Sendable {
  public let map: ClassActivationMap
  /// The class that is explained.
  public let classIndex: Int
  /// The id of that class.
  public let classID: String
  /// The name of the layer.
  public let layer: String
}
