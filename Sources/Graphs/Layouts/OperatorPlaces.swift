import Tensors

/// An operand of a matrix product.
struct Operand {
  var value: ValueID
  var isTransposed = false
}

extension Node {
  /// The operands of a matrix product.
  var factors: (a: Operand, b: Operand)? {
    func operand(_ place: Int, _ isTransposed: Bool = false) -> Operand? {
      guard inputs.indices.contains(place), let value = inputs[place] else { return nil }
      return Operand(value: value, isTransposed: isTransposed)
    }
    let pair: (Operand?, Operand?)
    switch op {
    case is MatMul, is MatMulInteger: pair = (operand(0), operand(1))
    case is QLinearMatMul: pair = (operand(0), operand(3))
    case let gemm as Gemm: pair = (operand(0, gemm.transA), operand(1, gemm.transB))
    default: return nil
    }
    guard let a = pair.0, let b = pair.1 else { return nil }
    return (a, b)
  }
}

/// The cells [height, width] that one cell of a convolution or a pooling is computed from.
struct Window {
  var reach: [Int]
  var strides: [Int]
  /// Whether each cell is computed from that at its place, on any number of axes.
  var isPointwise: Bool

  init?(_ node: Node, _ graph: Graph) {
    switch node.op {
    case let op as Conv: self.init(op, weight: node.inputs[1], graph)
    case let op as ConvInteger: self.init(op.conv, weight: node.inputs[1], graph)
    case let op as QLinearConv: self.init(op.conv, weight: node.inputs[3], graph)
    case let op as MaxPool: self.init(op.kernelShape, op.strides, op.dilations)
    case let op as AveragePool: self.init(op.kernelShape, op.strides, op.dilations)
    case let op as LpPool: self.init(op.kernelShape, op.strides, op.dilations)
    case let op as SpaceToDepth:
      self.init([op.blocksize, op.blocksize], [op.blocksize, op.blocksize], nil)
    default: return nil
    }
  }

  private init?(_ conv: Conv, weight: ValueID?, _ graph: Graph) {
    guard let weight, let shape = graph[weight].type?.shape else { return nil }
    self.init(Array(shape.dimensions.dropFirst(2)), conv.strides, conv.dilations)
  }

  private init?(_ kernel: [Int], _ strides: [Int]?, _ dilations: [Int]?) {
    let single = [Int](repeating: 1, count: kernel.count)
    let (strides, dilations) = (strides ?? single, dilations ?? single)
    guard !kernel.isEmpty, strides.count == kernel.count, dilations.count == kernel.count else {
      return nil
    }
    self.strides = strides
    isPointwise = kernel == single && strides == single
    // Shape inference has checked that each factor fits 32 bits.
    reach = zip(kernel, dilations).map { ($0 - 1) * $1 + 1 }
  }
}

extension Operator {
  /// Whether each cell is computed from the cells of the inputs at its place, and from what whole
  /// maps are pooled to.
  var isPointwise: Bool {
    switch self {
    case is any ActivationOperator, is any RealOperator, is any UnaryOperator,
      is any BinaryOperator, is any VariadicOperator, is any ComparisonOperator,
      is any LogicalOperator, is any BitwiseOperator, is Clip, is PRelu, is BatchNormalization,
      is Dropout, is LRN, is Cast, is CastLike, is Where, is Pow, is Not, is IsNaN, is IsInf,
      is BitwiseNot, is QuantizeLinear, is DequantizeLinear, is QuantizeDequantize,
      is RoundedResult,
      is DynamicQuantizeLinear, is MeanVarianceNormalization:
      true
    default: false
    }
  }
}
