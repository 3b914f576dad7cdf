public import Kernels
import Tensors

extension Graph {
  /// Returns the graph with operators between numbers of 8-bit grids computed on the integers, and
  /// without roundings of what is rounded already.
  ///
  /// Takes a Conv, Gemm or MatMul with constant integer weights, an Add or a GlobalAveragePool, with
  /// a Relu or Clip after it, when only a rounding reads the result. The integers are then exactly
  /// those of the quantised operator, where float32 could round the other way. Values to keep between
  /// the operator and the rounding are computed beside it.
  public func computingOnIntegers(keep: Set<ValueID> = []) -> Graph {
    var rewriter = Rewriter(self, keep: keep)
    for index in rewriter.indices where !rewriter.isRemoved(index) {
      guard let rounding = rewriter.node(index).op as? QuantizeDequantize,
        let value = rewriter.node(index).inputs[0]
      else { continue }
      let output = rewriter.node(index).outputs[0]
      if rewriter.grid(of: value) == rounding.grid, !rewriter.protected.contains(output) {
        rewriter.substitute(output, by: value)
        rewriter.remove(index)
      } else if rounding.grid.isByte {
        rewriter.computeOnIntegers(index, rounding.grid)
      }
    }
    return rewriter.finish()
  }
}

extension Graph {
  /// The 8-bit grids of the values that are rounded to one.
  public func byteGrids() -> [ValueID: QuantizationGrid] {
    var grids: [ValueID: QuantizationGrid] = [:]
    for node in nodes {
      guard let grid = node.grid(of: { grids[$0] }), grid.isByte else { continue }
      grids[node.outputs[0]] = grid
    }
    return grids
  }
}

extension Node {
  /// The grid of the first output.
  fileprivate func grid(of value: (ValueID) -> QuantizationGrid?) -> QuantizationGrid? {
    switch op {
    case let rounding as QuantizeDequantize: return rounding.grid
    case let quantized as QuantizedOperator: return quantized.output
    case let result as RoundedResult: return result.grid
    default:
      guard op.isView || op is MaxPool || op is Transpose, let input = inputs.first ?? nil
      else { return nil }
      return value(input)
    }
  }
}

extension Rewriter {
  /// The grid of a value that is rounded to one.
  fileprivate func grid(of value: ValueID) -> QuantizationGrid? {
    producer(of: value).flatMap { node($0).grid(of: { self.grid(of: $0) }) }
  }

  /// Replaces a rounding, with the operator before it, by one on integers.
  fileprivate mutating func computeOnIntegers(_ rounding: Int, _ grid: QuantizationGrid) {
    guard let real = node(rounding).inputs[0], var index = producer(before: rounding) else {
      return
    }
    var chain = [index]
    var activation: (any Operator)?
    if let bounding = self.activation(index), let before = producer(before: index) {
      activation = bounding
      index = before
      chain.append(index)
    }
    guard let op = integerOperator(node(index), activation, onto: grid) else { return }
    let inputs = node(index).inputs
    guard fits(op, inputs, outputsOf: rounding), let type = type(real) else { return }
    if chain.contains(where: { protected.contains(node($0).outputs[0]) }) {
      let rounded = insert(op, inputs, type: type, before: rounding)
      replace(rounding, by: RoundedResult(grid: grid), [rounded, real])
      return
    }
    for index in chain { remove(index) }
    replace(rounding, by: op, inputs)
  }

  /// The node before another one, when no other node reads what it computes.
  private func producer(before index: Int) -> Int? {
    guard let value = node(index).inputs[0], isRead(value, byNoNodeBut: index) else { return nil }
    return producer(of: value)
  }

  /// Relu and Clip with constant bounds, as an operator with one input.
  private func activation(_ index: Int) -> (any Operator)? {
    let node = node(index)
    if node.op is Relu { return node.op }
    guard var clip = node.op as? Clip else { return nil }
    for position in 1..<max(node.inputs.count, 1) {
      guard let input = node.inputs[position] else { continue }
      guard let bound = constant(input)?.scalar else { return nil }
      if position == 1 { clip.min = Float(bound) } else { clip.max = Float(bound) }
    }
    return clip
  }

  private func integerOperator(
    _ node: Node, _ activation: (any Operator)?, onto grid: QuantizationGrid
  ) -> QuantizedOperator? {
    guard node.outputs.count == 1, let x = node.inputs.first ?? nil, let source = self.grid(of: x),
      source.isByte
    else { return nil }
    switch node.op {
    case is Add:
      guard node.inputs.count == 2, let other = node.inputs[1], let second = self.grid(of: other),
        second.isByte, type(x) == type(other)
      else { return nil }
      return QuantizedOperator(
        node.op, activation: activation, inputs: [source, second], output: grid)
    case is GlobalAveragePool:
      return QuantizedOperator(node.op, activation: activation, inputs: [source], output: grid)
    default:
      guard let weights = integerWeights(node, source) else { return nil }
      return QuantizedOperator(
        node.op, weights: weights, activation: activation, inputs: [source], output: grid)
    }
  }

  /// The integers behind the weights and the bias of a product.
  private func integerWeights(_ node: Node, _ source: QuantizationGrid) -> IntegerWeights? {
    guard let axis = outputAxis(node), let weight = node.inputs[1],
      let quantized = graph[weight].integers, quantized.integers.shape == type(weight)?.shape,
      let scales = quantized.scales(along: axis), let centered = quantized.centered()
    else { return nil }
    let channels = centered.shape[axis]
    guard scales.count == 1 || scales.count == channels else { return nil }
    guard node.inputs.count > 2, let bias = node.inputs[2] else {
      return IntegerWeights(integers: centered, scales: scales)
    }
    guard let sums = graph[bias].integers, sums.integers.dtype == .int32,
      sums.integers.elementCount == channels,
      sums.zeroPoint?.elements(of: Int32.self).allSatisfy({ $0 == 0 }) ?? true
    else { return nil }
    let units = sums.scale.elements(of: Float.self)
    for channel in 0..<channels {
      let unit = units.count == 1 ? units[0] : units[channel]
      let expected = source.scale * (scales.count == 1 ? scales[0] : scales[channel])
      guard abs(unit - expected) <= 1e-5 * expected else { return nil }
    }
    return IntegerWeights(
      integers: centered, scales: scales, bias: sums.integers.elements(of: Int32.self))
  }

  /// The axis of the output channels in the weights of a product.
  private func outputAxis(_ node: Node) -> Int? {
    guard node.inputs.count >= 2, let weight = node.inputs[1],
      let shape = node.inputs[0].flatMap({ type($0)?.shape }), let rank = type(weight)?.shape.rank
    else { return nil }
    switch node.op {
    case is Conv: return 0
    case let gemm as Gemm:
      let isPlain = !gemm.transA && gemm.alpha == 1 && (gemm.beta == 1 || node.inputs.count < 3)
      return isPlain ? (gemm.transB ? 0 : 1) : nil
    case is MatMul: return rank == 2 && shape.rank >= 2 ? 1 : nil
    default: return nil
    }
  }
}
