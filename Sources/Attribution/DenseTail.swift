import Faults
import Graphs
import Kernels
import Tensors

/// The end of a classifier that is a chain of constant matrices with elementwise functions between
/// them.
///
/// Its gradient is computed for several images at once, so that each matrix is read once for all of
/// them; no row's bits depend on the others.
struct DenseTail: Sendable {
  /// The vector that the first matrix multiplies.
  let start: ValueID
  /// Elements of `start`.
  let width: Int
  /// How many matrices there are.
  var matrixCount: Int { links.count { $0.matrix != nil } }
  /// The values of the forward pass that the slopes of the functions are taken from.
  let requiredValues: [ValueID]
  /// Node by node from the scores back to `start`.
  private let links: [Link]
  private let graph: Graph

  /// A matrix, or a function of each element.
  private struct Link {
    var node: Node
    var matrix: ConstantMatrix?
  }

  /// The tail of `graph` after `layer`, as long as it can be; `nil` where there is no matrix.
  init?(_ graph: Graph, layer: ValueID, logits: ValueID) {
    let (producers, consumers) = (graph.producers(), graph.consumers())
    var links: [Link] = []
    var value = logits
    while value != layer, let index = producers[value.index] {
      let node = graph.nodes[index]
      guard node.outputs.count == 1,
        let input = node.inputs.first(where: { Self.isVariable($0, graph) }),
        let input, consumers[input.index].count == 1
      else { break }
      if let matrix = ConstantMatrix(node, of: input, graph) {
        links.append(Link(node: node, matrix: matrix))
      } else if Self.isFunction(node, of: input, graph) {
        links.append(Link(node: node))
      } else if !node.op.isView, !node.addsConstant(to: input, graph) {
        break
      }
      value = input
    }
    while let last = links.last, last.matrix == nil { links.removeLast() }
    guard let first = links.last, let matrix = first.matrix else { return nil }
    self.start = matrix.input
    self.width = matrix.inner
    self.links = links
    self.graph = graph
    self.requiredValues = links.filter { $0.matrix == nil }.flatMap { Self.values(of: $0.node) }
  }

  /// What computes the gradients.
  /// - Parameter cells: the cells of each channel that `start` consists of, where the sums over
  ///   them are asked for.
  func backward(_ kernels: BlockedKernels, summing cells: CellOrder? = nil) -> Backward {
    let last = links.count - 1
    let steps = links.enumerated().map { place, link -> Backward.Step in
      guard let matrix = link.matrix else { return .slope(link.node) }
      if place == last, let cells { return .product(matrix.backward(summing: cells, kernels)) }
      return .product(matrix.backward(kernels))
    }
    return Backward(graph: graph, steps: steps)
  }

  /// The values that the slope of a node's function is taken from; of a rectifier its output is
  /// enough, which the kernel of the matrix before it writes.
  fileprivate static func values(of node: Node) -> [ValueID] {
    if node.op is Relu { return [node.outputs[0]] }
    return [node.inputs[0]].compactMap(\.self) + node.outputs
  }

  /// Whether each element of the result is a function with a slope of the element at its place.
  private static func isFunction(_ node: Node, of value: ValueID, _ graph: Graph) -> Bool {
    guard node.op is any ActivationOperator || node.op is Clip else { return false }
    return node.inputs[0] == value && !node.inputs.dropFirst().contains { isVariable($0, graph) }
  }

  private static func isVariable(_ value: ValueID?, _ graph: Graph) -> Bool {
    value.map { graph[$0].constant == nil } ?? false
  }
}

extension DenseTail {
  /// The matrices of a tail packed for the way back; immutable, shared by all workers.
  struct Backward: Sendable {
    enum Step: Sendable {
      case product(RowMatrixKernel)
      case slope(Node)
    }

    fileprivate let graph: Graph
    fileprivate let steps: [Step]

    /// The gradient of each query's function by the vector, or its sums over the cells of each
    /// channel, one row a query.
    func rows(_ queries: [Explainer.Query]) throws(Fault) -> [ArraySlice<Float>] {
      var rows = queries.flatMap(\.scoreGradient)
      for step in steps {
        switch step {
        case .product(let kernel): rows = kernel.product(rows, count: queries.count)
        case .slope(let node):
          let columns = rows.count / queries.count
          var sloped: [Float] = []
          sloped.reserveCapacity(rows.count)
          for (row, query) in queries.enumerated() {
            let gradient = Array(rows[(row * columns)..<((row + 1) * columns)])
            sloped += try slope(node, gradient, query.forward)
          }
          rows = sloped
        }
      }
      let columns = rows.count / queries.count
      return queries.indices.map { rows[($0 * columns)..<(($0 + 1) * columns)] }
    }

    private func slope(
      _ node: Node, _ gradient: [Float], _ forward: [ValueID: Tensor]
    ) throws(Fault) -> [Float] {
      var known: [Tensor?] = []
      for input in node.inputs {
        known.append(input.flatMap { graph[$0].constant?.aligned() ?? forward[$0] })
      }
      let output = forward[node.outputs[0]]
      // A rectifier has the slope at its output that it has at its input.
      if node.op is Relu { known[0] = output }
      guard let output, known[0] != nil else {
        throw Fault(
          .internalError, "the forward value of \(graph[node.outputs[0]].name) is missing")
      }
      let pass = BackwardPass(
        inputs: known, outputs: [output],
        outputGradients: [Tensor(gradient, shape: output.shape)],
        wanted: known.indices.map { $0 == 0 })
      guard case .some(.some(let result)) = try node.op.backward(pass).first else {
        return [Float](repeating: 0, count: gradient.count)
      }
      return result.elements(of: Float.self)
    }
  }
}

extension RowMatrixKernel {
  /// The product of `count` rows with the matrix.
  fileprivate func product(_ rows: [Float], count: Int) -> [Float] {
    var rows = rows
    return [Float](unsafeUninitializedCapacity: count * columns) { output, initialized in
      rows.withUnsafeMutableBufferPointer { input in
        guard let input = input.baseAddress, let output = output.baseAddress else { return }
        run(
          input: RowsView(base: input, rows: count, columns: inner),
          output: RowsView(base: output, rows: count, columns: columns))
        initialized = count * columns
      }
    }
  }
}
