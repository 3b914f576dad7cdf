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
  /// The layout of an image input, judged by which axis holds 1, 3 or 4 channels.
  ///
  /// `nil` when the input is no image; [N, C, H, W] where both axes would do.
  public func layout(of input: ValueID) -> ImageLayout? {
    guard let shape = self[input].type?.shape, shape.rank == 4 else { return nil }
    let channels: Set = [1, 3, 4]
    if channels.contains(shape[1]) { return .channelsFirst }
    return channels.contains(shape[3]) ? .channelsLast : .channelsFirst
  }

  /// Returns the graph with a leading transposition of an image input to [N, C, H, W] removed: the
  /// input then is [N, C, H, W] itself, under the name the model gives it.
  ///
  /// Keeps every other value's bits. Nothing changes when a reader of the input is not such a
  /// transposition, or when `keep` or the outputs need the values.
  public func foldingInputTranspose(of input: ValueID, keep: Set<ValueID> = []) -> Graph {
    guard let type = self[input].type, type.shape.rank == 4, layout(of: input) == .channelsLast
    else { return self }
    let perm = [0, 3, 1, 2]
    let target = Shape(perm.map { type.shape[$0] })
    var rewriter = Rewriter(self, keep: keep)
    guard !rewriter.protected.contains(input) else { return self }
    let readers = rewriter.indices.filter { rewriter.node($0).inputs.contains(input) }
    for index in readers {
      let node = rewriter.node(index)
      let moves = (node.op as? Transpose)?.perm == perm || node.op.isView && type.shape[3] == 1
      guard moves, node.outputs.count == 1, rewriter.type(node.outputs[0])?.shape == target,
        !rewriter.protected.contains(node.outputs[0])
      else { return self }
    }
    for index in readers {
      let output = rewriter.node(index).outputs[0]
      rewriter.remove(index)
      rewriter.substitute(output, by: input)
    }
    rewriter.setType(TensorType(type.dtype, target), of: input)
    var graph = rewriter.finish()
    for index in graph.inputs.indices where graph.inputs[index].value == input {
      graph.inputs[index].dimensions = target.dimensions.map(Dimension.fixed)
    }
    return graph
  }
}
