public import Faults
import Kernels
public import Tensors

/// An operator that finds the place of an extreme along one axis.
public protocol ExtremeIndexOperator: Operator {
  var axis: Int { get }
  var keepdims: Bool { get }
  /// Whether the last of equal elements counts, not the first.
  var selectLastIndex: Bool { get }
  var findsLargest: Bool { get }
}

extension ExtremeIndexOperator {
  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    let axis = try operands.axis(axis, rank: x.shape.rank)
    guard x.shape[axis] > 0 else { throw operands.fault("axis \(axis) of \(x.shape) is empty") }
    var extents = x.shape.dimensions
    if keepdims { extents[axis] = 1 } else { extents.remove(at: axis) }
    return [try operands.type(.int64, extents)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = try inputs.operand(0)
    try indexOfExtreme(
      x, axis: try x.shape.normalized(axis: axis), largest: findsLargest,
      selectLast: selectLastIndex, into: outputs[0])
  }
}

/// Finds the greatest element. Source: https://onnx.ai/onnx/operators/onnx__ArgMax.html
public struct ArgMax: ExtremeIndexOperator {
  public var axis: Int
  public var keepdims: Bool
  public var selectLastIndex: Bool

  public init(axis: Int = 0, keepdims: Bool = true, selectLastIndex: Bool = false) {
    self.axis = axis
    self.keepdims = keepdims
    self.selectLastIndex = selectLastIndex
  }

  public var findsLargest: Bool { true }
}

/// Finds the least element. Source: https://onnx.ai/onnx/operators/onnx__ArgMin.html
public struct ArgMin: ExtremeIndexOperator {
  public var axis: Int
  public var keepdims: Bool
  public var selectLastIndex: Bool

  public init(axis: Int = 0, keepdims: Bool = true, selectLastIndex: Bool = false) {
    self.axis = axis
    self.keepdims = keepdims
    self.selectLastIndex = selectLastIndex
  }

  public var findsLargest: Bool { false }
}

/// Takes the `k` greatest or least elements along one axis, best first, and their places.
///
/// The number is an attribute up to opset 9, then input 1. The elements come sorted also where
/// `sorted` is false. Source: https://onnx.ai/onnx/operators/onnx__TopK.html
public struct TopK: Operator {
  public var axis: Int
  public var largest: Bool
  public var sorted: Bool
  public var k: Int?

  public init(axis: Int = -1, largest: Bool = true, sorted: Bool = true, k: Int? = nil) {
    self.axis = axis
    self.largest = largest
    self.sorted = sorted
    self.k = k
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    let axis = try operands.axis(axis, rank: x.shape.rank)
    guard let k = try operands.integer(1, "k") ?? k, k >= 0, k <= x.shape[axis] else {
      throw operands.fault("k is missing or outside axis \(axis) of \(x.shape)")
    }
    var extents = x.shape.dimensions
    extents[axis] = k
    return [try operands.type(x.dtype, extents), try operands.type(.int64, extents)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = try inputs.operand(0)
    let axis = try x.shape.normalized(axis: axis)
    guard outputs[0].elementCount > 0 else { return }
    let places = outputs.count > 1 ? outputs[1] : Tensor(uninitialized: .int64, outputs[0].shape)
    try sortedExtremes(x, axis: axis, largest: largest, values: outputs[0], indices: places)
  }
}

/// Sums up along the axis of input 1. Source: https://onnx.ai/onnx/operators/onnx__CumSum.html
public struct CumSum: Operator {
  public var exclusive: Bool
  public var reverse: Bool

  public init(exclusive: Bool = false, reverse: Bool = false) {
    self.exclusive = exclusive
    self.reverse = reverse
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    guard x.dtype != .bool else { throw operands.fault("booleans have no arithmetic") }
    _ = try operands[1]
    return [x.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = try inputs.operand(0)
    try cumulativeSum(
      x, axis: try axis(inputs, rank: x.shape.rank), exclusive: exclusive, reverse: reverse,
      into: outputs[0])
  }

  private func axis(_ inputs: [Tensor?], rank: Int) throws(Fault) -> Int {
    let operands = OperandFacts(self, inputs)
    return try operands.axis(try operands.integer(1, "axis") ?? 0, rank: rank)
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let result = Tensor(uninitialized: gradient.dtype, gradient.shape)
    try cumulativeSum(
      gradient, axis: try axis(pass.inputs, rank: gradient.shape.rank), exclusive: exclusive,
      reverse: !reverse, into: result)
    return pass.first(result)
  }
}
