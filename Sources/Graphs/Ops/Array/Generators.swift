public import Faults
import Kernels
public import Tensors

/// Counts from input 0 to before input 1 in steps of input 2.
///
/// The type is not called `Range`, as Swift's is. Source:
/// https://onnx.ai/onnx/operators/onnx__Range.html
public struct RangeOperator: Operator {
  public init() {}

  public var opType: String { "Range" }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let dtype = try operands.commonDType()
    guard let start = try operands.numbers(0, "start"),
      let limit = try operands.numbers(1, "limit"),
      let delta = try operands.numbers(2, "delta"),
      start.count == 1, limit.count == 1, delta.count == 1
    else { throw operands.fault("start, limit and delta are not three numbers") }
    let count = ((limit[0] - start[0]) / delta[0]).rounded(.up)
    guard delta[0] != 0, count < 0x1p40 else {
      throw operands.fault("\(start[0]) to \(limit[0]) by \(delta[0]) has no possible length")
    }
    return [try operands.type(dtype, [Int(max(count, 0))])]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try fillRange(
      start: try inputs.operand(0), delta: try inputs.operand(2), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) -> [Tensor?] { pass.noGradients }
}

/// Makes a matrix in the shape of its input with ones on diagonal `k`.
///
/// Source: https://onnx.ai/onnx/operators/onnx__EyeLike.html
public struct EyeLike: Operator {
  public var dtype: DType?
  public var k: Int

  public init(dtype: DType? = nil, k: Int = 0) {
    self.dtype = dtype
    self.k = k
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    guard x.shape.rank == 2 else { throw operands.fault("\(x.shape) is not a matrix") }
    return [try operands.type(dtype ?? x.dtype, x.shape.dimensions)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try fillIdentity(k: k, into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) -> [Tensor?] { pass.noGradients }
}

/// Keeps the upper or lower triangle of matrices, from the diagonal of input 1 on.
///
/// Source: https://onnx.ai/onnx/operators/onnx__Trilu.html
public struct Trilu: Operator {
  public var upper: Bool

  public init(upper: Bool = true) {
    self.upper = upper
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    guard x.shape.rank >= 2 else { throw operands.fault("\(x.shape) is no matrix") }
    return [x.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let k = try OperandFacts(self, inputs).integer(1, "k") ?? 0
    try triangle(try inputs.operand(0), upper: upper, k: k, into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let k = try OperandFacts(self, pass.inputs).integer(1, "k") ?? 0
    let result = Tensor(uninitialized: gradient.dtype, gradient.shape)
    try triangle(gradient, upper: upper, k: k, into: result)
    return pass.first(result)
  }
}

/// Sets one place along a new axis for each index, with the off and on values of input 2.
///
/// Source: https://onnx.ai/onnx/operators/onnx__OneHot.html
public struct OneHot: Operator {
  public var axis: Int

  public init(axis: Int = -1) {
    self.axis = axis
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let (indices, values) = (try operands[0], try operands[2])
    guard let depth = try operands.numbers(1, "depth"), depth.count == 1, depth[0] >= 1,
      depth[0] <= 0x1p31
    else { throw operands.fault("the depth is not one positive number") }
    guard values.shape.dimensions == [2] else {
      throw operands.fault("the values have shape \(values.shape), not [2]")
    }
    var extents = indices.shape.dimensions
    let axis = try operands.axis(axis, rank: extents.count + 1)
    extents.insert(Int(depth[0]), at: axis)
    return [try operands.type(values.dtype, extents)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let (indices, values) = (try inputs.operand(0), try inputs.operand(2))
    let result = outputs[0]
    let axis = try result.shape.normalized(axis: axis)
    let depth = result.shape[axis]
    var extents = indices.shape.dimensions
    extents.insert(1, at: axis)
    let places = try cast(indices, to: .int64).elements(of: Int64.self).map { index in
      index < 0 ? index &+ Int64(depth) : index
    }
    let steps = Shape((0..<result.shape.rank).map { $0 == axis ? depth : 1 })
    let line = Tensor((0..<Int64(depth)).map { $0 }, shape: steps)
    let hot = Tensor(uninitialized: .bool, result.shape)
    try compare(.equal, Tensor(places, shape: Shape(extents)), line, into: hot)
    let both = try [0, 1].map { (place) throws(Fault) in
      try taken(values, axis: 0, indices: [place])
    }
    try select(hot, both[1], both[0], into: result)
  }
}

/// Lists the places of the elements that are not zero; its input must be known before running.
///
/// Source: https://onnx.ai/onnx/operators/onnx__NonZero.html
public struct NonZero: Operator {
  public init() {}

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    guard let x = try operands.constant(0, "its input") else {
      throw operands.fault("input 0 is missing: export the model again")
    }
    return [try indicesOfNonZero(x).type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try cast(try indicesOfNonZero(try inputs.operand(0)), into: outputs[0])
  }
}
