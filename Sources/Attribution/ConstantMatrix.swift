import Graphs
import Kernels
import Tensors

/// A constant matrix that a node multiplies one vector with.
struct ConstantMatrix: Sendable {
  /// The vector.
  let input: ValueID
  /// Elements of the vector.
  let inner: Int
  /// Elements of the product.
  let columns: Int
  /// [columns, inner], or [inner, columns]; on any byte.
  let weights: Tensor
  /// Whether the weights are [columns, inner].
  let isTransposed: Bool

  /// The matrix of a node; `nil` when it does anything else with `value`.
  init?(_ node: Node, of value: ValueID, _ graph: Graph) {
    guard node.inputs.count >= 2, node.inputs[0] == value, let weight = node.inputs[1],
      let constant = graph[weight].constant, constant.dtype == .float32,
      let input = graph[value].type?.shape, let output = graph[node.outputs[0]].type?.shape
    else { return nil }
    switch node.op {
    case let gemm as Gemm where !gemm.transA && gemm.alpha == 1:
      isTransposed = gemm.transB
    case is MatMul where constant.shape.rank == 2:
      isTransposed = false
    case let conv as Conv where conv.group == 1 && Self.spans(conv, input, constant.shape):
      isTransposed = true
    default: return nil
    }
    // What else a product adds may not depend on the image.
    for other in node.inputs.dropFirst(2) {
      if let other, graph[other].constant == nil { return nil }
    }
    self.input = value
    self.inner = input.elementCount
    self.columns = output.elementCount
    self.weights = constant
    guard inner > 0, columns > 0, constant.elementCount == inner * columns else { return nil }
  }

  /// The product on the way back, from the gradient by the result to that by the vector.
  func backward(_ kernels: BlockedKernels) -> RowMatrixKernel {
    weights.aligned().withElements(of: Float.self) { elements in
      RowMatrixKernel(
        inner: columns, columns: inner, weights: elements, transposed: !isTransposed,
        kernels: kernels)
    }
  }

  /// The same to the sums of the gradient over the cells of each channel.
  func backward(summing cells: CellOrder, _ kernels: BlockedKernels) -> RowMatrixKernel {
    guard cells.count > 1 else { return backward(kernels) }
    let channels = inner / cells.count
    let sums = isTransposed ? rowSums(cells, channels) : columnSums(cells, channels)
    return sums.withUnsafeBufferPointer { sums in
      RowMatrixKernel(
        inner: columns, columns: channels, weights: sums, transposed: !isTransposed,
        kernels: kernels)
    }
  }

  /// Weights [columns, inner] summed over the cells: [columns, channels].
  private func rowSums(_ cells: CellOrder, _ channels: Int) -> [Float] {
    let source = UnsafeRawPointer(weights.base)
    return [Float](unsafeUninitializedCapacity: columns * channels) { sums, initialized in
      for column in 0..<columns {
        for channel in 0..<channels {
          var place = column * inner + cells.first(of: channel)
          var sum = 0.0
          for _ in 0..<cells.count {
            sum += Double(source.loadUnaligned(fromByteOffset: 4 * place, as: Float.self))
            place += cells.stride(channels)
          }
          sums[column * channels + channel] = Float(sum)
        }
      }
      initialized = columns * channels
    }
  }

  /// Weights [inner, columns] summed over the cells: [channels, columns].
  private func columnSums(_ cells: CellOrder, _ channels: Int) -> [Float] {
    let source = UnsafeRawPointer(weights.base)
    var result: [Float] = []
    result.reserveCapacity(channels * columns)
    for channel in 0..<channels {
      var sums = [Double](repeating: 0, count: columns)
      for cell in 0..<cells.count {
        let row = (cells.first(of: channel) + cell * cells.stride(channels)) * columns
        for column in 0..<columns {
          sums[column] += Double(
            source.loadUnaligned(fromByteOffset: 4 * (row + column), as: Float.self))
        }
      }
      result += sums.map { Float($0) }
    }
    return result
  }

  /// Whether the kernel of a convolution covers its whole input once.
  private static func spans(_ conv: Conv, _ input: Shape, _ weight: Shape) -> Bool {
    guard let geometry = try? conv.geometry(input: input, weight: weight) else { return false }
    return geometry.window.axes.allSatisfy(\.spansInput)
  }
}

extension WindowAxis {
  /// Whether one window covers the whole input and nothing else.
  var spansInput: Bool {
    output == 1 && kernel == input && dilation == 1 && padBegin == 0 && padEnd == 0
  }
}

extension Node {
  /// Whether the node adds a constant to each element of `value`.
  func addsConstant(to value: ValueID, _ graph: Graph) -> Bool {
    guard op is Add, let output = graph[outputs[0]].type, let input = graph[value].type
    else { return false }
    return output.shape.elementCount == input.shape.elementCount
      && inputs.contains { $0.map { graph[$0].constant != nil } ?? false }
  }
}

/// How the cells of the channels lie in a vector.
struct CellOrder: Sendable, Hashable {
  /// The cells of each channel.
  var count: Int
  /// Whether all channels of a cell lie side by side, instead of all cells of a channel.
  var isChannelsLast: Bool

  /// The place of a channel's first cell.
  func first(of channel: Int) -> Int { isChannelsLast ? channel : channel * count }

  /// Elements from one cell of a channel to the next.
  func stride(_ channels: Int) -> Int { isChannelsLast ? channels : 1 }
}
