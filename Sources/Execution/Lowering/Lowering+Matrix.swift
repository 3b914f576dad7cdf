import Faults
import Graphs
import Kernels
import Tensors

/// A product of rows with a constant matrix.
struct LowerableMatrix {
  let input: ValueID
  let weight: ValueID
  var bias: ValueID?
  /// K: columns of the input.
  let inner: Int
  /// N: columns of the output.
  let columns: Int
  /// Whether the weights are [N, K].
  let isTransposed: Bool
}

extension Lowering {
  /// The matrix product of a node with constant weights: a fully connected layer, a projection of
  /// tokens, or a 1x1 convolution of a single pixel.
  func matrix(_ node: Node) -> LowerableMatrix? {
    guard node.inputs.count >= 2, let input = node.inputs[0], let weight = node.inputs[1],
      graph[input].constant == nil, graph.floats(weight) != nil,
      graph.knownType(input).dtype == .float32
    else { return nil }
    let bias = node.inputs.count > 2 ? node.inputs[2] : nil
    let (shape, weights) = (graph.knownType(input).shape, graph.knownType(weight).shape)
    guard shape.elementCount > 0, weights.elementCount > 0 else { return nil }
    let matrix: LowerableMatrix
    switch node.op {
    case let gemm as Gemm where !gemm.transA && gemm.alpha == 1 && (gemm.beta == 1 || bias == nil):
      let (inner, columns) = gemm.transB ? (weights[1], weights[0]) : (weights[0], weights[1])
      matrix = LowerableMatrix(
        input: input, weight: weight, bias: bias, inner: inner, columns: columns,
        isTransposed: gemm.transB)
    case is MatMul where weights.rank == 2 && shape.rank >= 2:
      matrix = LowerableMatrix(
        input: input, weight: weight, bias: nil, inner: weights[0], columns: weights[1],
        isTransposed: false)
    case let conv as Conv where isPointwise(conv, shape, weights):
      matrix = LowerableMatrix(
        input: input, weight: weight, bias: bias, inner: weights[1], columns: weights[0],
        isTransposed: true)
    default: return nil
    }
    if let bias = matrix.bias {
      guard let vector = graph.floats(bias), vector.elementCount == matrix.columns,
        vector.shape.dimensions.last == matrix.columns || node.op is Conv
      else { return nil }
    }
    return matrix
  }

  private func isPointwise(_ conv: Conv, _ shape: Shape, _ weights: Shape) -> Bool {
    guard shape.rank == 4, shape[0] == 1, shape[2] == 1, shape[3] == 1,
      let geometry = try? conv.geometry(input: shape, weight: weights)
    else { return false }
    return geometry.group == 1
      && geometry.window.axes.allSatisfy {
        $0.kernel == 1 && $0.output == 1 && $0.padBegin == 0
      }
  }

  /// Emits a matrix product with what is fused to it.
  mutating func lowerMatrix(_ fusion: Fusion) {
    let node = graph.nodes[fusion.root]
    guard var matrix = matrix(node) else {
      preconditionFailure("\(node.name) was taken for a matrix product")
    }
    matrix.bias = matrix.bias ?? fusion.bias
    let product = matrix
    let input = want(matrix.input, .plain)
    let residual = fusion.residual.map { want($0, .plain) }
    let output = Form(value: fusion.output, layout: .plain)
    let (graph, kernels, activation) = (graph, kernels, fusion.activation)
    // What is left of rounding in the scores is that of the layers before.
    let roundsToBF16 =
      roundsToBF16 && !graph.outputs.contains(output.value)
      && RowMatrixKernel.supportsBF16(inner: product.inner)
    emit(
      Operation(
        inputs: [input] + (residual.map { [$0] } ?? []), outputs: [output],
        sharing: residual == nil ? .none : .inPlace(input: 1)
      ) { (bindings) throws(Fault) in
        let kernel = RowMatrixKernel(
          product, graph: graph, activation: activation, roundsToBF16: roundsToBF16,
          kernels: kernels)
        let from = bindings.rows(input, columns: product.inner)
        let to = bindings.rows(output, columns: product.columns)
        let addend = residual.map { bindings.rows($0, columns: product.columns) }
        let work = Work.multiplications(from.rows * product.inner * product.columns)
        return Step(dividing: work) { (images, arena, share) throws(Fault) in
          if from.rows == 1 || [from, to, addend].allSatisfy({ $0?.isGapless(arena) ?? true }) {
            kernel.run(
              input: from.stacked(arena, images), output: to.stacked(arena, images),
              residual: addend?.stacked(arena, images), share: share)
            return
          }
          for image in images {
            kernel.run(
              input: from.view(arena, image), output: to.view(arena, image),
              residual: addend?.view(arena, image), share: share)
          }
        }
      })
  }
}

extension RowMatrixKernel {
  fileprivate convenience init(
    _ matrix: LowerableMatrix, graph: Graph, activation: FusedActivation, roundsToBF16: Bool,
    kernels: BlockedKernels
  ) {
    guard let weight = graph.floats(matrix.weight) else {
      preconditionFailure("the weights of a lowered product are constant")
    }
    let bias = graph.floats(matrix.bias)
    defer { withExtendedLifetime((weight, bias)) {} }
    self.init(
      inner: matrix.inner, columns: matrix.columns, weights: weight.floatBuffer,
      transposed: matrix.isTransposed, bias: bias?.floatBuffer, activation: activation,
      roundsToBF16: roundsToBF16, kernels: kernels)
  }
}
