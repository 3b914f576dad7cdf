import Faults
import Tensors

/// The order of the axes of an image batch.
public enum ImageLayout: String, Sendable, Hashable {
  /// [N, C, H, W]
  case channelsFirst = "NCHW"
  /// [N, H, W, C]
  case channelsLast = "NHWC"
}

extension Graph {
  /// The layout of an image input: [N, H, W, C] when all that reads it turns it into [N, C, H, W],
  /// and [N, C, H, W] when a convolution or a pooling reads it; else judged by which axis holds 1, 3
  /// or 4 channels, the second before the last.
  ///
  /// `nil` when the input is no image.
  public func layout(of input: ValueID) -> ImageLayout? {
    guard let shape = self[input].type?.shape, shape.rank == 4 else { return nil }
    let readers = nodes.filter { $0.inputs.contains(input) }
    if !readers.isEmpty, readers.allSatisfy({ turnsChannelsFirst($0, input) }) {
      return .channelsLast
    }
    if readsPlanes(input) { return .channelsFirst }
    let channels: Set = [1, 3, 4]
    return !channels.contains(shape[1]) && channels.contains(shape[3])
      ? .channelsLast : .channelsFirst
  }

  /// Returns the graph with a leading transposition of an image input to [N, C, H, W] removed: the
  /// input then is [N, C, H, W] itself, under the name the model gives it.
  ///
  /// Keeps every other value's bits. Nothing changes when a reader of the input is not such a
  /// transposition, or when `keep` or the outputs need the values.
  public func foldingInputTranspose(of input: ValueID, keep: Set<ValueID> = []) -> Graph {
    let readers = nodes.indices.filter { nodes[$0].inputs.contains(input) }
    var rewriter = Rewriter(self, keep: keep)
    guard let type = self[input].type, !readers.isEmpty, !rewriter.protected.contains(input),
      readers.allSatisfy({ index in
        turnsChannelsFirst(nodes[index], input)
          && !rewriter.protected.contains(nodes[index].outputs[0])
      })
    else { return self }
    for index in readers {
      rewriter.remove(index)
      rewriter.substitute(nodes[index].outputs[0], by: input)
    }
    let target = Shape([0, 3, 1, 2].map { type.shape[$0] })
    rewriter.setType(TensorType(type.dtype, target), of: input)
    var graph = rewriter.finish()
    for index in graph.inputs.indices where graph.inputs[index].value == input {
      graph.inputs[index].dimensions = target.dimensions.map(Dimension.fixed)
    }
    return graph
  }

  /// Whether a convolution or a pooling reads a value, or what is computed from it place by place.
  private func readsPlanes(_ input: ValueID) -> Bool {
    var isSame: Set = [input]
    for node in nodes {
      guard let first = node.inputs.first ?? nil, isSame.contains(first) else { continue }
      switch node.op {
      case is Conv, is ConvInteger, is QLinearConv, is ConvTranspose, is MaxPool, is AveragePool,
        is any GlobalPool:
        return true
      case _ where node.op.isPointwise: isSame.formUnion(node.outputs)
      default: break
      }
    }
    return false
  }

  /// Whether a node gives [N, C, H, W] for [N, H, W, C] with 1, 3 or 4 channels.
  private func turnsChannelsFirst(_ node: Node, _ input: ValueID) -> Bool {
    guard let shape = self[input].type?.shape, shape.rank == 4, [1, 3, 4].contains(shape[3]),
      node.outputs.count == 1, node.inputs.first == input,
      self[node.outputs[0]].type?.shape.dimensions == [0, 3, 1, 2].map({ shape[$0] })
    else { return false }
    if let transpose = node.op as? Transpose { return transpose.perm == [0, 3, 1, 2] }
    return node.op.isView && shape[3] == 1 && shape[1] * shape[2] > 1
  }
}
