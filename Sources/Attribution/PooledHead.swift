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
    var weights: (tensor: Tensor, isTransposed: Bool)?
    while value != logits {
      let readers = consumers[value.index]
      guard readers.count == 1, let index = readers.first else { return nil }
      let node = graph.nodes[index]
      if !isPooled {
        guard Self.pools(node, graph, shape, layout) else { return nil }
        isPooled = true
      } else if let matrix = Self.matrix(node, of: value, graph) {
        guard weights == nil else { return nil }
        weights = matrix
      } else if !node.op.isView, !Self.addsConstant(node, graph) {
        return nil
      }
      value = node.outputs[0]
    }
    guard isPooled else { return nil }
    self.weights = weights?.tensor
    self.isTransposed = weights?.isTransposed ?? true
    self.channels = layout.channels
    self.classes = classes
    self.pixels = layout.height * layout.width
    let expected = weights == nil ? classes == channels : nil
    if expected == false { return nil }
    if let weights, weights.tensor.elementCount != channels * classes { return nil }
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
      return window.axes.allSatisfy {
        $0.output == 1 && $0.kernel == $0.input && $0.dilation == 1 && $0.padBegin == 0
          && $0.padEnd == 0
      }
    case let mean as ReduceMean:
      guard (layout.prefixTokens ?? 0) + layout.suffixTokens == 0 else { return false }
      return (try? mean.reducedAxes(graph.facts(of: node))) == layout.placeAxes
    default: return false
    }
  }

  /// The constant matrix that a node multiplies one row with, and whether it is [K, C].
  private static func matrix(
    _ node: Node, of value: ValueID, _ graph: Graph
  ) -> (tensor: Tensor, isTransposed: Bool)? {
    guard node.inputs.count >= 2, node.inputs[0] == value, let weight = node.inputs[1],
      let constant = graph[weight].constant, constant.dtype == .float32
    else { return nil }
    switch node.op {
    case let gemm as Gemm where !gemm.transA && gemm.alpha == 1:
      return (constant.aligned(), gemm.transB)
    case is MatMul where constant.shape.rank == 2:
      return (constant.aligned(), false)
    case let conv as Conv where conv.group == 1 && constant.shape.rank == 4:
      guard constant.shape[2] == 1, constant.shape[3] == 1,
        graph[node.outputs[0]].type?.shape.dimensions.suffix(2) == [1, 1]
      else { return nil }
      return (constant.aligned(), true)
    default: return nil
    }
  }

  private static func addsConstant(_ node: Node, _ graph: Graph) -> Bool {
    guard node.op is Add else { return false }
    return node.inputs.contains { $0.map { graph[$0].constant != nil } ?? false }
  }
}
