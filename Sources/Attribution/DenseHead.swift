import Faults
import Graphs
import Kernels
import Tensors

/// The gradient of scores that a chain of constant matrices makes, for several images at once.
///
/// Where the method needs no more than the sum of the gradient over each channel's cells, and
/// nothing but poolings lie between the layer and the first matrix, that matrix is summed over the
/// cells when the model is loaded. Otherwise the walk from its vector back to the layer is that of
/// each image.
struct DenseHead: Sendable {
  /// The values of the forward pass that the head needs besides the layer and what lies beside it.
  var requiredValues: [ValueID] { tail.requiredValues }
  /// The vector that the first matrix multiplies.
  var vector: ValueID { tail.start }
  private let tail: DenseTail
  private let backward: DenseTail.Backward
  /// The cells that the first matrix is summed over; `nil` when it is whole.
  private let order: CellOrder?
  private let front: Front

  private enum Front: Sendable {
    /// The rows are the sums over this many cells of each channel.
    case sums(cells: Int)
    case walk(ReferenceExecutor, ReverseWalk, Shape)
  }

  /// The head after `layer`; `nil` where the graph has none, or has a single matrix behind more than
  /// poolings.
  /// - Parameter others: heads of the same graph, whose packed matrices are taken where they are the
  ///   same.
  init?(
    _ graph: Graph, layer: ValueID, layout: LayerLayout, logits: ValueID,
    method: Explainer.Method, kernels: BlockedKernels, sharing others: [DenseHead]
  ) throws(Fault) {
    guard let tail = DenseTail(graph, layer: layer, logits: logits),
      let shape = graph[tail.start].type?.shape
    else { return nil }
    let sums = CellSums(graph, layer: layer, layout: layout, vector: tail.start)
    self.tail = tail
    if let sums, method == .gradCAM || sums.isUniform {
      order = sums.order
      front = .sums(cells: layout.height * layout.width)
    } else if tail.matrixCount > 1 {
      let constants = try ReverseWalk(graph, from: tail.start, to: [layer]).constants
      let aligned = graph.aligning(constants)
      order = nil
      front = .walk(
        ReferenceExecutor(aligned), try ReverseWalk(aligned, from: tail.start, to: [layer]), shape)
    } else {
      return nil
    }
    let other = others.first { [order] in $0.vector == tail.start && $0.order == order }
    backward = other?.backward ?? tail.backward(kernels, summing: order)
  }

  /// Whether no image is walked through.
  var sumsCells: Bool {
    if case .sums = front { true } else { false }
  }

  /// The mean over its cells of the gradient of each query's function by each channel.
  func means(_ queries: [Explainer.Query]) throws(Fault) -> [[Float]] {
    guard case .sums(let cells) = front else {
      throw Fault(.internalError, "the cells of a head are not summed")
    }
    let scale = 1 / Float(cells)
    return try backward.rows(queries).map { row in row.map { $0 * scale } }
  }

  /// The gradient of each query's function by the planes of the layer.
  func gradients(
    _ queries: [Explainer.Query], layer: ValueID, layout: LayerLayout
  ) throws(Fault) -> [LayerGradient] {
    switch front {
    case .sums: return try means(queries).map { .uniform($0) }
    case .walk(let executor, let walk, let shape):
      let rows = try backward.rows(queries)
      var gradients: [LayerGradient] = []
      for (query, row) in zip(queries, rows) {
        var values = try executor.values(of: walk.forwardValues, given: query.forward)
        values.merge(query.forward) { _, given in given }
        let found = try walk.gradients(
          seedGradient: Tensor(Array(row), shape: shape), forward: values)
        guard let gradient = found[layer] else {
          throw Fault(.internalError, "the gradient by the layer is missing")
        }
        gradients.append(.planes(layout.planes(of: gradient)))
      }
      return gradients
    }
  }
}
