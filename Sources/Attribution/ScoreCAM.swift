public import Faults
public import Graphs
public import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// Weighs the channels of a layer by the score of the image seen through each of them, without a
/// gradient.
///
/// Source: Wang et al., Score-CAM, https://arxiv.org/abs/1910.01279. It takes a forward pass of the
/// whole network for every channel, hundreds to thousands for one image.
public struct ScoreCAM: Sendable {
  /// The layer that is explained.
  public let layer: ValueID
  /// How the feature map lies in it.
  public let layout: LayerLayout

  /// - Throws: `Fault` with code `explain.not_supported` when the layer is no feature map, or the
  ///   scores do not depend on it.
  public init(_ graph: Graph, layer: ValueID, logits: ValueID) throws(Fault) {
    try graph.checkFloat(layer)
    layout = try graph.featureLayout(of: layer, logits: logits, needsGradient: false)
    _ = try ReverseWalk(graph, from: logits, to: [layer])
    self.layer = layer
  }

  /// The sum of the planes, each times its share in the softmax of the scores.
  /// - Parameters:
  ///   - activations: of the layer, as planes [1, C, H, W].
  ///   - scores: of the image times each channel's plane, scaled up and brought into 0…1. The
  ///     paper subtracts the score of an empty image from each, which the softmax takes out again.
  public func map(_ activations: Tensor, channelScores scores: [Double]) -> ClassActivationMap {
    precondition(scores.count == activations.shape[1])
    let highest = scores.max() ?? 0
    let exponentials = scores.map { exp($0 - highest) }
    let sum = exponentials.reduce(0, +)
    return activations.weightedSum(exponentials.map { Float($0 / sum) })
  }
}
