import Graphs
import Kernels
import Tensors

/// The end of a classifier whose scores are an affine function of the spatial means of a layer:
/// global average pooling, then at most one matrix.
///
/// The gradient of score k by channel c is W[k, c] / (H · W) everywhere, so Grad-CAM needs no
/// backward pass.
struct PooledHead: Sendable {
  /// [K, C] or [C, K]; `nil` when the means are the scores themselves.
  private let weights: Tensor?
  private let isTransposed: Bool
  private let channels: Int
  private let classes: Int
  private let pixels: Int

  /// The head after `layer`, when the graph ends in one.
  init?(_ graph: Graph, layer: ValueID, layout: LayerLayout, logits: ValueID) {
    guard let shape = graph[layer].type?.shape, let classes = graph[logits].type?.shape.elementCount
    else { return nil }
    let consumers = graph.consumers()
    var value = layer
    var isPooled = false
    var matrix: ConstantMatrix?
    while value != logits {
      let readers = consumers[value.index]
      guard readers.count == 1, let index = readers.first else { return nil }
      let node = graph.nodes[index]
      if !isPooled {
        guard Self.pools(node, graph, shape, layout) else { return nil }
        isPooled = true
      } else if let found = ConstantMatrix(node, of: value, graph) {
        guard matrix == nil else { return nil }
        matrix = found
      } else if !node.op.isView, !node.addsConstant(to: value, graph) {
        return nil
      }
      value = node.outputs[0]
    }
    guard isPooled else { return nil }
    self.weights = matrix?.weights.aligned()
    self.isTransposed = matrix?.isTransposed ?? true
    self.channels = layout.channels
    self.classes = classes
    self.pixels = layout.height * layout.width
    if (matrix?.inner ?? classes) != channels || (matrix?.columns ?? channels) != classes {
      return nil
    }
  }

  /// The gradient by every place of each channel's plane.
  /// - Parameter scoreGradient: the gradient by each score.
  func channelGradient(_ scoreGradient: [Float]) -> [Float] {
    let scale = 1 / Float(pixels)
    guard let weights else { return scoreGradient.map { $0 * scale } }
    let scores = scoreGradient.indices.filter { scoreGradient[$0] != 0 }
    let classStride = isTransposed ? channels : 1
    let channelStride = isTransposed ? 1 : classes
    var sums = [Double](repeating: 0, count: channels)
    weights.withElements(of: Float.self) { elements in
      for score in scores {
        let factor = Double(scoreGradient[score])
        for channel in 0..<channels {
          sums[channel] +=
            factor * Double(elements[score * classStride + channel * channelStride])
        }
      }
    }
    return sums.map { Float($0) * scale }
  }

  /// Whether a node takes the mean over all cells of the layer, and over nothing else.
  private static func pools(
    _ node: Node, _ graph: Graph, _ shape: Shape, _ layout: LayerLayout
  ) -> Bool {
    switch node.op {
    case is GlobalAveragePool: return layout.axes == "NCHW"
    case let pool as AveragePool where layout.axes == "NCHW":
      guard let window = try? pool.geometry(input: shape), window.axes.count == 2 else {
        return false
      }
      return window.axes.allSatisfy(\.spansInput)
    case let mean as ReduceMean:
      guard (layout.prefixTokens ?? 0) + layout.suffixTokens == 0 else { return false }
      return (try? mean.reducedAxes(graph.facts(of: node))) == layout.placeAxes
    default: return false
    }
  }
}
