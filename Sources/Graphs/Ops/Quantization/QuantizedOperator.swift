public import Faults
public import Kernels
public import Tensors

/// Constant weights of a product as integers.
public struct IntegerWeights: Sendable {
  /// int16, without zero points, in the shape of the product's weights.
  public let integers: Tensor
  /// One, or one for each output channel.
  public let scales: [Float]
  /// One for each output channel in units of the product of both scales, or none.
  public let bias: [Int32]

  public init(integers: Tensor, scales: [Float], bias: [Int32] = []) {
    precondition(integers.dtype == .int16)
    self.integers = integers
    self.scales = scales
    self.bias = bias
  }
}

/// A float operator on numbers of quantisation grids, computed with their integers and rounded to the
/// grid of the result, as quantised runtimes do.
///
/// No operator of ONNX: graphs that are prepared to run hold it in place of an operator between
/// DequantizeLinear and QuantizeLinear. Inputs and outputs are those of the operator, float32. The
/// gradient is that of the operator, straight through the rounding where nothing was clamped.
public struct QuantizedOperator: Operator {
  /// Conv, Gemm or MatMul with `weights`; Add of two equal shapes; GlobalAveragePool.
  public let base: any Operator
  public let weights: IntegerWeights?
  /// Relu, or Clip without inputs, before the rounding.
  public let activation: (any Operator)?
  /// The grids of the inputs that are not constant.
  public let inputs: [QuantizationGrid]
  public let output: QuantizationGrid
  /// The integers the activation leaves.
  public let range: ClosedRange<Float>

  public init(
    _ base: any Operator, weights: IntegerWeights? = nil, activation: (any Operator)? = nil,
    inputs: [QuantizationGrid], output: QuantizationGrid
  ) {
    self.base = base
    self.weights = weights
    self.activation = activation
    self.inputs = inputs
    self.output = output
    let bounds = activation.flatMap(\.bounds) ?? (-.infinity, .infinity)
    let lowest = output.integer(nearest: bounds.low)
    self.range = lowest...Swift.max(lowest, output.integer(nearest: bounds.high))
  }

  public var opType: String { "Quantized\(base.opType)" }

  public var isStraightThrough: Bool { true }

  /// What a sum of products is multiplied by: one factor, or one for each output channel.
  public var factors: [Float] {
    (weights?.scales ?? []).map { inputs[0].scale * $0 / output.scale }
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    try base.outputTypes(inputs)
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let (x, y) = (inputs.present(0), outputs[0])
    switch base {
    case let conv as Conv:
      let weight = try integers().integers
      let geometry = try conv.geometry(input: x.shape, weight: weight.shape)
      let sums = Tensor(uninitialized: .int32, y.shape)
      try convolveIntegers(
        try bytes(x), zeroPoint: zeroByte, weight: weight, weightZeroPoint: nil,
        geometry: geometry, into: sums)
      try requantize(sums, axis: 1, into: y)
    case let gemm as Gemm:
      let weight = try integers().integers
      try multiply(
        try bytes(x), gemm.transB ? try transposed(weight, [1, 0]) : weight, into: y)
    case is MatMul:
      try multiply(try bytes(x), try integers().integers, into: y)
    case is Add:
      addOnGrids(
        x, self.inputs[0], inputs.present(1), self.inputs[1], onto: output, range: range, into: y)
    case is GlobalAveragePool:
      averageOnGrid(x, self.inputs[0], onto: output, range: range, into: y)
    default:
      throw Fault(.internalError, "\(opType) has no integer arithmetic")
    }
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let dY = pass.outputGradients.first ?? nil else {
      return pass.inputs.map { _ in nil }
    }
    let sums = Tensor(uninitialized: .float32, pass.outputs[0].shape)
    try base.evaluate(pass.inputs, into: [sums])
    var kept = sums
    if let activation {
      kept = Tensor(uninitialized: .float32, sums.shape)
      try activation.evaluate([sums], into: [kept])
    }
    let dKept = try cast(dY, to: .float32)
    var gradient = Tensor(uninitialized: .float32, sums.shape)
    output.roundBackward(kept, dY: dKept, into: gradient)
    if let activation {
      let step = BackwardPass(
        inputs: [sums], outputs: [kept], outputGradients: [gradient], wanted: [true])
      gradient = try activation.backward(step)[0] ?? Tensor(zeros: .float32, sums.shape)
    }
    return try base.backward(
      BackwardPass(
        inputs: pass.inputs, outputs: [sums], outputGradients: [try cast(gradient, to: dY.dtype)],
        wanted: pass.wanted))
  }

  private func integers() throws(Fault) -> IntegerWeights {
    guard let weights else { throw Fault(.internalError, "\(opType) has no integer weights") }
    return weights
  }

  /// The zero point of `bytes`.
  private var zeroByte: Tensor { Tensor(scalar: inputs[0].zeroByte) }

  /// The integers of the first input as their distance from the lowest one.
  private func bytes(_ x: Tensor) throws(Fault) -> Tensor {
    let bytes = Tensor(uninitialized: .uint8, x.shape)
    try quantizeLinear(
      x, scale: Tensor(scalar: inputs[0].scale), zeroPoint: zeroByte,
      layout: QuantizationLayout(x.shape, axis: 0, sharing: .tensor), into: bytes)
    return bytes
  }

  private func multiply(_ x: Tensor, _ weight: Tensor, into y: Tensor) throws(Fault) {
    let sums = Tensor(uninitialized: .int32, y.shape)
    try multiplyIntegers(
      x, zeroPoint: zeroByte, weight, zeroPointB: nil,
      geometry: try MatMulGeometry(a: x.shape, b: weight.shape), into: sums)
    try requantize(sums, axis: y.shape.rank - 1, into: y)
  }

  private func requantize(_ sums: Tensor, axis: Int, into y: Tensor) throws(Fault) {
    roundOntoGrid(
      sums, bias: try integers().bias, factors: factors, axis: axis, grid: output, range: range,
      into: y)
  }

  private func transposed(_ x: Tensor, _ perm: [Int]) throws(Fault) -> Tensor {
    let y = Tensor(uninitialized: x.dtype, Shape(perm.map { x.shape[$0] }))
    try Transpose(perm: perm).evaluate([x], into: [y])
    return y
  }
}

extension Operator {
  /// What Relu, or Clip without inputs, limits its input to.
  fileprivate var bounds: (low: Float, high: Float)? {
    switch self {
    case is Relu: (0, .infinity)
    case let clip as Clip: (clip.min ?? -.infinity, clip.max ?? .infinity)
    default: nil
    }
  }
}
