public import Faults
import Kernels
public import Tensors

/// Takes slices along `axis`; negative indices count from the end.
///
/// Source: https://onnx.ai/onnx/operators/onnx__Gather.html
public struct Gather: Operator {
  public var axis: Int

  public init(axis: Int = 0) {
    self.axis = axis
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let (x, indices) = (try operands[0], try operands[1])
    try requireIndices(indices, operands)
    let axis = try operands.axis(axis, rank: x.shape.rank)
    let extents = x.shape.dimensions
    return [
      try operands.type(
        x.dtype,
        Array(extents[..<axis]) + indices.shape.dimensions + Array(extents[(axis + 1)...]))
    ]
  }

  private func indices(_ indices: Tensor, extent: Int) throws(Fault) -> [Int] {
    try indices.integers().map { $0 < 0 ? $0 + extent : $0 }
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = try inputs.operand(0)
    let axis = try x.shape.normalized(axis: axis)
    let indices = try indices(try inputs.operand(1), extent: x.shape[axis])
    var extents = x.shape.dimensions
    extents[axis] = indices.count
    try take(x, axis: axis, indices: indices, into: outputs[0].reshaped(Shape(extents)))
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let x = try pass.input(0)
    let axis = try x.shape.normalized(axis: axis)
    let indices = try indices(try pass.input(1), extent: x.shape[axis])
    var extents = x.shape.dimensions
    extents[axis] = indices.count
    return pass.first(
      try takeBackward(
        gradient.reshaped(Shape(extents)), axis: axis, indices: indices, count: x.shape[axis]))
  }
}

/// Takes one element for each index, at its own place but along `axis`.
///
/// Source: https://onnx.ai/onnx/operators/onnx__GatherElements.html
public struct GatherElements: Operator {
  public var axis: Int

  public init(axis: Int = 0) {
    self.axis = axis
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let (x, indices) = (try operands[0], try operands[1])
    try requireIndices(indices, operands)
    _ = try operands.axis(axis, rank: x.shape.rank)
    guard indices.shape.rank == x.shape.rank else {
      throw operands.fault("indices \(indices.shape) and elements \(x.shape) differ in rank")
    }
    return [TensorType(x.dtype, indices.shape)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = try inputs.operand(0)
    try gatherElements(
      x, indices: try inputs.operand(1), axis: try x.shape.normalized(axis: axis),
      into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let x = try pass.input(0)
    let result = Tensor(uninitialized: gradient.dtype, x.shape)
    try scatterElements(
      Tensor(zeros: gradient.dtype, x.shape), indices: try pass.input(1), updates: gradient,
      axis: try x.shape.normalized(axis: axis), reduction: .add, into: result)
    return pass.first(result)
  }
}

/// Takes the slice that each index tuple names, with `batchDims` common leading axes.
///
/// Source: https://onnx.ai/onnx/operators/onnx__GatherND.html
public struct GatherND: Operator {
  public var batchDims: Int

  public init(batchDims: Int = 0) {
    self.batchDims = batchDims
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let (x, indices) = (try operands[0], try operands[1])
    try requireIndices(indices, operands)
    let (extents, tuples) = (x.shape.dimensions, indices.shape.dimensions)
    guard batchDims >= 0, batchDims < tuples.count, batchDims < extents.count,
      let length = tuples.last, length >= 1, length <= extents.count - batchDims,
      extents[..<batchDims] == tuples[..<batchDims]
    else { throw operands.fault("index tuples of shape \(indices.shape) do not fit \(x.shape)") }
    return [
      try operands.type(
        x.dtype, Array(tuples.dropLast()) + Array(extents[(batchDims + length)...]))
    ]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try gatherND(
      try inputs.operand(0), indices: try inputs.operand(1), batchDims: batchDims,
      into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    return pass.first(
      try gatherNDBackward(
        gradient, indices: try pass.input(1), batchDims: batchDims,
        shape: try pass.input(0).shape))
  }
}

/// Writes updates to their own places but along `axis`.
///
/// Source: https://onnx.ai/onnx/operators/onnx__ScatterElements.html
public struct ScatterElements: Operator {
  /// How an update meets the element that is there.
  public enum Reduction: String, Sendable {
    case replace = "none"
    case add
    case multiply = "mul"
    case minimum = "min"
    case maximum = "max"

    var kernel: ScatterReduction {
      switch self {
      case .replace: .replace
      case .add: .add
      case .multiply: .multiply
      case .minimum: .minimum
      case .maximum: .maximum
      }
    }
  }

  public var axis: Int
  public var reduction: ScatterElements.Reduction

  public init(axis: Int = 0, reduction: ScatterElements.Reduction = .replace) {
    self.axis = axis
    self.reduction = reduction
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let (x, indices, updates) = (try operands[0], try operands[1], try operands[2])
    try requireIndices(indices, operands)
    _ = try operands.axis(axis, rank: x.shape.rank)
    guard indices.shape == updates.shape, indices.shape.rank == x.shape.rank,
      updates.dtype == x.dtype
    else {
      throw operands.fault("updates \(updates.type) at \(indices.shape) do not fit \(x.type)")
    }
    return [x.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = try inputs.operand(0)
    try scatterElements(
      x, indices: try inputs.operand(1), updates: try inputs.operand(2),
      axis: try x.shape.normalized(axis: axis), reduction: reduction.kernel, into: outputs[0])
  }
}

/// Writes updates to the places that index tuples name.
///
/// Source: https://onnx.ai/onnx/operators/onnx__ScatterND.html
public struct ScatterND: Operator {
  public var reduction: ScatterElements.Reduction

  public init(reduction: ScatterElements.Reduction = .replace) {
    self.reduction = reduction
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let (x, indices, updates) = (try operands[0], try operands[1], try operands[2])
    try requireIndices(indices, operands)
    guard let length = indices.shape.dimensions.last, length >= 1, length <= x.shape.rank,
      updates.shape.dimensions == Array(indices.shape.dimensions.dropLast())
        + Array(x.shape.dimensions[length...]),
      updates.dtype == x.dtype
    else {
      throw operands.fault("updates \(updates.type) at \(indices.shape) do not fit \(x.type)")
    }
    return [x.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try scatterND(
      try inputs.operand(0), indices: try inputs.operand(1), updates: try inputs.operand(2),
      reduction: reduction.kernel, into: outputs[0])
  }
}

private func requireIndices(_ indices: ValueFact, _ operands: OperandFacts) throws(Fault) {
  guard indices.dtype == .int64 || indices.dtype == .int32 else {
    throw operands.fault("the indices hold \(indices.dtype), not int32 or int64")
  }
}
