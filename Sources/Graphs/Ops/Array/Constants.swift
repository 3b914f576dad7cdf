public import Faults
import Kernels
public import Tensors

/// Gives a tensor that the model holds. Source: https://onnx.ai/onnx/operators/onnx__Constant.html
public struct Constant: Operator {
  public var value: Tensor

  public init(value: Tensor) {
    self.value = value
  }

  public func outputTypes(_ inputs: [ValueFact?]) -> [TensorType] { [value.type] }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try cast(value.aligned(), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) -> [Tensor?] { pass.noGradients }
}

/// Repeats one value in the shape of input 0.
///
/// Source: https://onnx.ai/onnx/operators/onnx__ConstantOfShape.html
public struct ConstantOfShape: Operator {
  /// One element.
  public var value: Tensor

  public init(value: Tensor = Tensor(scalar: Float(0))) {
    self.value = value
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    guard value.elementCount == 1 else {
      throw operands.fault("the value holds \(value.elementCount) elements, not 1")
    }
    guard let extents = try operands.integers(0, "shape") else {
      throw operands.fault("the shape is missing: export the model again")
    }
    return [try operands.type(value.dtype, extents)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    guard outputs[0].elementCount > 0 else { return }
    try fill(outputs[0], with: value.aligned())
  }

  public func backward(_ pass: BackwardPass) -> [Tensor?] { pass.noGradients }
}

/// Gives the extents of its input from axis `start` to before `end`.
///
/// The elements of the input are not read; the type is not called `Shape`, as the shapes are.
///
/// Source: https://onnx.ai/onnx/operators/onnx__Shape.html
public struct ShapeOperator: Operator {
  public var start: Int
  public var end: Int?

  public init(start: Int = 0, end: Int? = nil) {
    self.start = start
    self.end = end
  }

  public var opType: String { "Shape" }

  /// The extents that are given for an input of this shape.
  public func extents(of shape: Shape) -> [Int] {
    let rank = shape.rank
    func clamped(_ axis: Int) -> Int { min(max(axis < 0 ? axis + rank : axis, 0), rank) }
    let (first, last) = (clamped(start), clamped(end ?? rank))
    return first < last ? Array(shape.dimensions[first..<last]) : []
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    [TensorType(.int64, [extents(of: try OperandFacts(self, inputs)[0].shape).count])]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let extents = extents(of: try inputs.operand(0).shape).map(Int64.init)
    try cast(Tensor(extents, shape: [extents.count]), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) -> [Tensor?] { pass.noGradients }
}

/// Gives the number of elements of its input, which are not read.
///
/// Source: https://onnx.ai/onnx/operators/onnx__Size.html
public struct Size: Operator {
  public init() {}

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    _ = try OperandFacts(self, inputs)[0]
    return [TensorType(.int64, [])]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try cast(Tensor(scalar: Int64(try inputs.operand(0).elementCount)), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) -> [Tensor?] { pass.noGradients }
}
