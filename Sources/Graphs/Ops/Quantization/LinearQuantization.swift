public import Faults
import Kernels
public import Tensors

/// Rounds to integers with a scale and a zero point: round(x / scale) + zero point, clamped.
///
/// The gradient passes straight through where the value was not clamped, times 1 / scale: rounding
/// itself has none. Source: https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html
public struct QuantizeLinear: Operator {
  public var axis: Int
  public var blockSize: Int
  /// The element type where no zero point tells it.
  public var outputDType: DType?

  public init(axis: Int = 1, blockSize: Int = 0, outputDType: DType? = nil) {
    self.axis = axis
    self.blockSize = blockSize
    self.outputDType = outputDType
  }

  public var isStraightThrough: Bool { true }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    _ = try quantizationLayout(operands, axis: axis, blockSize: blockSize)
    let dtype = operands.optional(2)?.dtype ?? outputDType ?? .uint8
    guard x.dtype.isFloatingPoint || x.dtype == .int32, dtype.isQuantized else {
      throw operands.fault("\(x.dtype) cannot be quantised to \(dtype)")
    }
    return [TensorType(dtype, x.shape)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let operands = OperandFacts(self, inputs)
    try quantizeLinear(
      try inputs.operand(0), scale: try inputs.operand(1), zeroPoint: inputs.optional(2),
      layout: try quantizationLayout(operands, axis: axis, blockSize: blockSize),
      into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    // Clamped values come back from the integers changed by more than half a step.
    let operands = OperandFacts(self, pass.inputs)
    let layout = try quantizationLayout(operands, axis: axis, blockSize: blockSize)
    let x = try cast(try pass.input(0), to: .float32)
    let restored = Tensor(uninitialized: .float32, x.shape)
    try dequantizeLinear(
      pass.outputs[0], scale: try pass.input(1), zeroPoint: pass.inputs.optional(2),
      layout: layout, into: restored)
    let steps = try expanded(try pass.input(1), layout, x.shape)
    let difference = try elementwise(
      .absolute, try elementwise(.subtract, restored, x))
    let isKept = Tensor(uninitialized: .bool, x.shape)
    let limit = try elementwise(.multiply, steps, Tensor(scalar: Float(0.51)))
    try compare(.lessOrEqual, difference, limit, into: isKept)
    let mask = try cast(isKept, to: gradient.dtype)
    let slope = try elementwise(.divide, mask, try cast(steps, to: gradient.dtype))
    return pass.first(try elementwise(.multiply, gradient, slope))
  }
}

/// Turns integers back: (x - zero point) · scale.
///
/// Source: https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html
public struct DequantizeLinear: Operator {
  public var axis: Int
  public var blockSize: Int
  /// The element type of the result; that of the scale unless given.
  public var outputDType: DType?

  public init(axis: Int = 1, blockSize: Int = 0, outputDType: DType? = nil) {
    self.axis = axis
    self.blockSize = blockSize
    self.outputDType = outputDType
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    _ = try quantizationLayout(operands, axis: axis, blockSize: blockSize)
    let scale = try operands[1]
    let dtype = outputDType ?? scale.dtype
    guard x.dtype.isQuantized || x.dtype == .int32, dtype.isFloatingPoint else {
      throw operands.fault("\(x.dtype) cannot be turned into \(dtype)")
    }
    return [TensorType(dtype, x.shape)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let operands = OperandFacts(self, inputs)
    try dequantizeLinear(
      try inputs.operand(0), scale: try inputs.operand(1), zeroPoint: inputs.optional(2),
      layout: try quantizationLayout(operands, axis: axis, blockSize: blockSize),
      into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let operands = OperandFacts(self, pass.inputs)
    let layout = try quantizationLayout(operands, axis: axis, blockSize: blockSize)
    let steps = try expanded(try pass.input(1), layout, gradient.shape)
    return pass.first(
      try elementwise(.multiply, gradient, try cast(steps, to: gradient.dtype)))
  }
}

extension DType {
  /// Whether the elements are integers that quantised models use.
  fileprivate var isQuantized: Bool {
    [.int8, .uint8, .int16, .uint16].contains(self)
  }
}

/// How the scale of a node is shared among the elements; the zero point must have its shape.
private func quantizationLayout(
  _ operands: OperandFacts, axis: Int, blockSize: Int
) throws(Fault) -> QuantizationLayout {
  let shape = try operands[0].shape
  let scale = try operands[1].shape
  if let zero = operands.optional(2) {
    guard zero.shape == scale || zero.shape.elementCount == 1 && scale.elementCount == 1 else {
      throw operands.fault("the zero point is \(zero.shape), the scale \(scale)")
    }
  }
  if scale.elementCount == 1, blockSize == 0 {
    return QuantizationLayout(shape, axis: 0, sharing: .tensor)
  }
  let axis = try operands.axis(axis, rank: shape.rank)
  var expected = shape.dimensions
  if blockSize > 0 {
    expected[axis] = (shape[axis] - 1) / blockSize + 1
    guard scale == Shape(expected), shape[axis] > 0 else {
      throw operands.fault("the scale is \(scale), blocks of \(blockSize) need \(expected)")
    }
    return QuantizationLayout(shape, axis: axis, sharing: .blocks(blockSize))
  }
  guard blockSize == 0, scale == [shape[axis]] else {
    throw operands.fault("the scale is \(scale), axis \(axis) of \(shape) needs another")
  }
  return QuantizationLayout(shape, axis: axis, sharing: .axis)
}

/// The scale of every element, as Float32.
private func expanded(
  _ scale: Tensor, _ layout: QuantizationLayout, _ shape: Shape
) throws(Fault) -> Tensor {
  let ones = Tensor([Int8](repeating: 1, count: shape.elementCount), shape: shape)
  let result = Tensor(uninitialized: .float32, shape)
  try dequantizeLinear(ones, scale: scale, zeroPoint: nil, layout: layout, into: result)
  return result
}
