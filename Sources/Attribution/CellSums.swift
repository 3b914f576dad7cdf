import Graphs
import Kernels
import Tensors

/// The way from a layer to a vector, where the gradient of a score summed over the cells of a channel
/// is the same at both ends.
///
/// A maximum hands its gradient on to one cell, a mean divides it among its cells, and moving
/// elements keeps it.
struct CellSums: Sendable {
  /// How the cells of each channel lie in the vector.
  private(set) var order: CellOrder
  /// Whether all cells of a channel of the layer have the same gradient.
  private(set) var isUniform = false
  /// Whether the elements of the layer were only moved so far.
  private var hasOnlyMoved = true
  /// Whether the value still has its axes apart.
  private var isPlanes = true

  /// The way from `layer` to `vector`; `nil` when there is anything else on it.
  init?(_ graph: Graph, layer: ValueID, layout: LayerLayout, vector: ValueID) {
    guard layout.axes == "NCHW" || layout.axes == "NHWC" else { return nil }
    order = CellOrder(count: layout.height * layout.width, isChannelsLast: layout.axes == "NHWC")
    let consumers = graph.consumers()
    var value = layer
    while value != vector {
      let readers = consumers[value.index]
      guard readers.count == 1, let index = readers.first else { return nil }
      let node = graph.nodes[index]
      guard node.outputs.count == 1, node.inputs[0] == value,
        let input = graph[value].type?.shape, let output = graph[node.outputs[0]].type?.shape,
        passes(node, graph, input, output)
      else { return nil }
      order.count = output.elementCount / layout.channels
      value = node.outputs[0]
    }
  }

  /// Goes through a node, if it keeps the sums.
  private mutating func passes(
    _ node: Node, _ graph: Graph, _ input: Shape, _ output: Shape
  ) -> Bool {
    if node.op.isView {
      isPlanes = isPlanes && input == output
      return true
    }
    guard isPlanes, input.rank == 4 else { return false }
    if let transpose = node.op as? Transpose {
      let wanted = order.isChannelsLast ? [0, 3, 1, 2] : [0, 2, 3, 1]
      guard (try? transpose.permutation(rank: 4)) == wanted else { return false }
      order.isChannelsLast.toggle()
      return true
    }
    guard let averagesAll = pools(node, graph, input) else { return false }
    isUniform = isUniform || (averagesAll && hasOnlyMoved)
    hasOnlyMoved = false
    isPlanes = output.rank == 4
    return true
  }

  /// Whether a pooling takes the mean over all cells; `nil` for what does not keep the sums.
  private func pools(_ node: Node, _ graph: Graph, _ input: Shape) -> Bool? {
    if let mean = node.op as? ReduceMean {
      let cells = order.isChannelsLast ? [1, 2] : [2, 3]
      return (try? mean.reducedAxes(graph.facts(of: node))) == cells ? true : nil
    }
    if order.isChannelsLast { return nil }
    switch node.op {
    case is GlobalAveragePool: return true
    case is GlobalMaxPool: return false
    case let pool as MaxPool:
      // A window of pads alone would hand its gradient to no cell.
      guard let window = try? pool.geometry(input: input) else { return nil }
      return window.axes.allSatisfy { $0.isCovered } ? false : nil
    case let pool as AveragePool:
      guard let window = try? pool.geometry(input: input) else { return nil }
      let isPadded = window.axes.contains { $0.padBegin > 0 || $0.padEnd > 0 }
      guard window.axes.allSatisfy({ $0.isCovered }), !(isPadded && pool.countIncludePad) else {
        return nil
      }
      return window.axes.allSatisfy(\.spansInput)
    default: return nil
    }
  }
}

extension WindowAxis {
  /// Whether every output sees at least one input.
  fileprivate var isCovered: Bool {
    (0..<output).allSatisfy { output in
      (0..<kernel).contains { (0..<input).contains(output * stride + $0 * dilation - padBegin) }
    }
  }
}
