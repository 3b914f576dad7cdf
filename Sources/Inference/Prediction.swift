public import Attribution
public import Requests

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
  /// The explanations that were asked for, in the order of the targets.
  public internal(set) var explanations: [Explanation] = []
  /// The maps of all classes, where those are asked for.
  public internal(set) var classMaps: ClassActivationMaps?
  /// This image's share of the batch's milliseconds in the network.
  public let inferenceMilliseconds: Double
  /// Milliseconds for the maps.
  public internal(set) var explainMilliseconds = 0.0
}

extension Prediction {
  /// The only explanation, or the first.
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
  /// The target that chose the class.
  public let target: GradCAMOptions.Target
  /// The name of the layer; of several, with commas between them.
  public let layer: String
  /// The layers whose maps were fused; empty for a single one.
  public let layers: [LayerFacts]
  /// How well the map names the pixels that the class's probability rests on; `nil` when that was
  /// not asked for, or the map says nothing.
  public internal(set) var faithfulness: Faithfulness?
}

/// What is known of the map of one layer before it was fused with others.
public struct LayerFacts: Sendable, Hashable {
  public let name: String
  public let height: Int
  public let width: Int
  public let minimum: Float
  public let maximum: Float
  public let degeneracy: ClassActivationMap.Degeneracy?

  init(name: String, map: ClassActivationMap, mode: ClassActivationMap.Normalization) {
    self.name = name
    height = map.height
    width = map.width
    minimum = map.minimum
    maximum = map.maximum
    degeneracy = map.degeneracy(under: mode)
  }
}

/// Areas under the curves of the explained class's probability while pixels of the model's input go
/// and come, the most important ones of the map first.
///
/// Source: Petsiuk et al., RISE, https://arxiv.org/abs/1806.07421
public struct Faithfulness: Sendable, Hashable {
  /// Pixels take the mean colour of preprocessing: less is better.
  public let deletion: Double
  /// Pixels come back into a blurred image: more is better.
  public let insertion: Double
  /// Steps of each curve.
  public let steps: Int
}
