public import Faults
import Kernels
public import Tensors

/// Broadcasts to the shape of input 1, or beyond where the input itself is larger.
///
/// Source: https://onnx.ai/onnx/operators/onnx__Expand.html
public struct Expand: Operator {
  public init() {}

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    guard let extents = try operands.integers(1, "shape") else {
      throw operands.fault("the shape is missing: export the model again")
    }
    let shape: Shape
    do {
      shape = try broadcastShape([x.shape, Shape(extents)])
    } catch {
      throw operands.fault(error.message)
    }
    return [try operands.type(x.dtype, shape.dimensions)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try broadcast(try inputs.operand(0), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    return pass.first(try unbroadcast(gradient, to: try pass.input(0).shape))
  }
}

/// Repeats the whole tensor side by side. Source: https://onnx.ai/onnx/operators/onnx__Tile.html
public struct Tile: Operator {
  public init() {}

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    guard let repeats = try operands.integers(1, "repeats"), repeats.count == x.shape.rank else {
      throw operands.fault("the repeats do not fit the rank \(x.shape.rank)")
    }
    var extents: [Int] = []
    for (extent, count) in zip(x.shape.dimensions, repeats) {
      let (product, overflow) = extent.multipliedReportingOverflow(by: count)
      guard !overflow else {
        throw operands.fault("repeating \(x.shape) \(repeats) times overflows")
      }
      extents.append(product)
    }
    return [try operands.type(x.dtype, extents)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try tile(
      try inputs.operand(0), repeats: try inputs.operand(1).integers(), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let x = try pass.input(0)
    let repeats = try pass.input(1).integers()
    let extents = zip(repeats, x.shape.dimensions).flatMap { [$0, $1] }
    let sum = try reduced(
      .sum, gradient.reshaped(Shape(extents)), axes: repeats.indices.map { 2 * $0 })
    return pass.first(sum.reshaped(x.shape))
  }
}
