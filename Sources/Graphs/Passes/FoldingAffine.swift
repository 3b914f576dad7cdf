import Faults
import Tensors

extension Graph {
  /// Returns the graph with per-channel factors and summands after a Conv, Gemm or MatMul folded
  /// into its weights: BatchNormalization, and Mul, Add, Sub and Div by constants.
  ///
  /// Equal up to rounding: a whole chain is combined in Float64 and rounded once to Float32. A chain
  /// ends before a value that must survive. Weights other than Float32 and Float64 stay as they are.
  /// A MatMul keeps one summand, which it has no place for.
  public func foldingAffine(keep: Set<ValueID> = []) -> Graph {
    var rewriter = Rewriter(self, keep: keep)
    for index in rewriter.indices {
      guard var layer = LinearLayer(index, rewriter) else { continue }
      var isScaled = false
      var steps: [Int] = []
      while let reader = rewriter.onlyReader(of: layer.output),
        let step = AffineStep(rewriter.node(reader), of: layer, rewriter)
      {
        layer.apply(step, output: rewriter.node(reader).outputs[0])
        isScaled = isScaled || !(rewriter.node(reader).op is Add)
        steps.append(reader)
      }
      guard layer.isWorthStoring(steps.count, isScaled: isScaled) else { continue }
      for step in steps { rewriter.remove(step) }
      layer.store(at: index, in: &rewriter)
    }
    return rewriter.finish()
  }
}

/// A Conv, Gemm or MatMul with constant weights, and the affine map of its channels that follows it.
private struct LinearLayer {
  let node: Node
  let op: any Operator
  let weight: Tensor
  private var scale: [Double]
  private var shift: [Double]
  /// The axis of the output that counts channels, and of the weight.
  let channelAxis: Int
  private let weightAxis: Int
  private(set) var output: ValueID
  let outputShape: Shape

  var channels: Int { scale.count }

  init?(_ index: Int, _ rewriter: Rewriter) {
    let node = rewriter.node(index)
    guard node.inputs.count >= 2, let weight = rewriter.constant(node.inputs[1]),
      weight.dtype == .float32 || weight.dtype == .float64,
      let shape = rewriter.type(node.outputs[0])?.shape
    else { return nil }
    let given = node.inputs.count > 2 ? node.inputs[2] : nil
    var biasFactor = 1.0
    var weightFactor = 1.0
    switch node.op {
    case is Conv:
      self.op = node.op
      (self.channelAxis, self.weightAxis) = (1, 0)
    case let gemm as Gemm:
      (biasFactor, weightFactor) = (Double(gemm.beta), Double(gemm.alpha))
      self.op = Gemm(transA: gemm.transA, transB: gemm.transB)
      (self.channelAxis, self.weightAxis) = (1, gemm.transB ? 0 : 1)
    case is MatMul where weight.shape.rank == 2 && shape.rank >= 2:
      self.op = node.op
      (self.channelAxis, self.weightAxis) = (shape.rank - 1, 1)
    default: return nil
    }
    let channels = weight.shape[weightAxis]
    guard channels > 0, shape.rank > channelAxis, shape[channelAxis] == channels else { return nil }
    if let given {
      guard let tensor = rewriter.constant(given),
        let values = tensor.perChannel(
          channels, axis: channelAxis, rank: shape.rank, isConvBias: node.op is Conv)
      else { return nil }
      self.shift = values.map { $0 * biasFactor }
    } else {
      self.shift = [Double](repeating: 0, count: channels)
    }
    self.scale = [Double](repeating: weightFactor, count: channels)
    self.node = node
    self.weight = weight
    self.output = node.outputs[0]
    self.outputShape = shape
  }

  mutating func apply(_ step: AffineStep, output: ValueID) {
    for channel in 0..<channels {
      scale[channel] *= step.scale[channel]
      shift[channel] = shift[channel] * step.scale[channel] + step.shift[channel]
    }
    self.output = output
  }

  /// Whether storing the chain removes a node: a MatMul with a summand alone is as good as it gets.
  func isWorthStoring(_ steps: Int, isScaled: Bool) -> Bool {
    op is MatMul ? isScaled || steps > 1 : steps > 0
  }

  func store(at index: Int, in rewriter: inout Rewriter) {
    let weight = rewriter.addConstant(
      weight.scaled(by: scale, along: weightAxis), for: node, "weight")
    if op is MatMul, shift.allSatisfy({ $0 == 0 }) {
      rewriter.replace(index, by: op, [node.inputs[0], weight])
      return rewriter.redirect(index, to: output)
    }
    let bias = rewriter.addConstant(
      Tensor(doubles: shift, as: self.weight.dtype, [channels]), for: node, "bias")
    if op is MatMul {
      let product = rewriter.insert(
        op, [node.inputs[0], weight], type: TensorType(self.weight.dtype, outputShape),
        before: index)
      rewriter.replace(index, by: Add(), [product, bias])
    } else {
      rewriter.replace(index, by: op, [node.inputs[0], weight, bias])
    }
    rewriter.redirect(index, to: output)
  }
}

/// One node that scales and shifts the channels of its input by constants.
private struct AffineStep {
  var scale: [Double]
  var shift: [Double]

  init?(_ node: Node, of layer: LinearLayer, _ rewriter: Rewriter) {
    guard node.outputs.count == 1, rewriter.type(node.outputs[0])?.shape == layer.outputShape
    else { return nil }
    let ones = [Double](repeating: 1, count: layer.channels)
    let zeros = [Double](repeating: 0, count: layer.channels)
    if let normalization = node.op as? BatchNormalization {
      guard let step = Self.normalization(normalization, node, layer, rewriter) else { return nil }
      self = step
      return
    }
    guard node.inputs.count == 2 else { return nil }
    let isFirst = node.inputs[0] == layer.output
    guard let constant = rewriter.constant(node.inputs[isFirst ? 1 : 0]),
      let values = constant.perChannel(
        layer.channels, axis: layer.channelAxis, rank: layer.outputShape.rank)
    else { return nil }
    switch node.op {
    case is Mul: (scale, shift) = (values, zeros)
    case is Add: (scale, shift) = (ones, values)
    case is Sub:
      scale = isFirst ? ones : ones.map { -$0 }
      shift = isFirst ? values.map { -$0 } : values
    case is Div where isFirst && values.allSatisfy { $0 != 0 }:
      (scale, shift) = (values.map { 1 / $0 }, zeros)
    default: return nil
    }
    guard scale.allSatisfy(\.isFinite), shift.allSatisfy(\.isFinite) else { return nil }
  }

  private init(scale: [Double], shift: [Double]) {
    self.scale = scale
    self.shift = shift
  }

  private static func normalization(
    _ op: BatchNormalization, _ node: Node, _ layer: LinearLayer, _ rewriter: Rewriter
  ) -> AffineStep? {
    let statistics = node.inputs.dropFirst().compactMap { id in
      rewriter.constant(id)?.perChannel(layer.channels, axis: 0, rank: 1)
    }
    guard statistics.count == 4, node.inputs[0] == layer.output, op.spatial,
      layer.channelAxis == 1
    else {
      return nil
    }
    var step = AffineStep(scale: [], shift: [])
    for channel in 0..<layer.channels {
      let deviation = (statistics[3][channel] + Double(op.epsilon)).squareRoot()
      let factor = statistics[0][channel] / deviation
      step.scale.append(factor)
      step.shift.append(statistics[1][channel] - statistics[2][channel] * factor)
    }
    guard step.scale.allSatisfy(\.isFinite), step.shift.allSatisfy(\.isFinite) else { return nil }
    return step
  }
}
