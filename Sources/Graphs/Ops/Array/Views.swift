public import Faults
import Kernels
public import Tensors

/// An operator that gives its input another shape.
public protocol ViewOperator: Operator {}

extension ViewOperator {
  public var isView: Bool { true }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = try inputs.operand(0)
    let result = outputs[0]
    guard x.elementCount == result.elementCount, x.dtype == result.dtype else {
      throw Fault(.modelInvalid, "\(x.type) cannot become \(result.type)")
    }
    try cast(x, into: result)
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    pass.first(pass.gradient?.reshaped(try pass.input(0).shape))
  }
}

/// Passes its input on. Source: https://onnx.ai/onnx/operators/onnx__Identity.html
public struct Identity: ViewOperator {
  public init() {}

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    [try OperandFacts(self, inputs)[0].type]
  }
}

/// Gives the elements the shape of input 1; -1 takes what is left, 0 copies the extent unless
/// `allowzero`. Source: https://onnx.ai/onnx/operators/onnx__Reshape.html
public struct Reshape: ViewOperator {
  public var allowzero: Bool

  public init(allowzero: Bool = false) {
    self.allowzero = allowzero
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    guard var extents = try operands.integers(1, "shape") else {
      throw operands.fault("the shape is missing: export the model again")
    }
    var unknown: Int?
    for axis in extents.indices {
      if extents[axis] == 0, !allowzero {
        guard axis < x.shape.rank else {
          throw operands.fault("extent 0 at axis \(axis) copies nothing from \(x.shape)")
        }
        extents[axis] = x.shape[axis]
      } else if extents[axis] == -1 {
        guard unknown == nil else { throw operands.fault("more than one extent is -1") }
        unknown = axis
        extents[axis] = 1
      }
    }
    let count = try x.shape.checkedElementCount()
    let known = try Shape(extents).checkedElementCount()
    if let unknown {
      guard known > 0, count % known == 0 else { throw misfit(operands, x, extents) }
      extents[unknown] = count / known
    } else if known != count {
      throw misfit(operands, x, extents)
    }
    return [TensorType(x.dtype, Shape(extents))]
  }

  private func misfit(_ operands: OperandFacts, _ x: ValueFact, _ extents: [Int]) -> Fault {
    operands.fault("\(x.shape) does not fit into \(Shape(extents)): check the batch size")
  }
}

/// Joins the axes before `axis` and those from it on into two.
///
/// Source: https://onnx.ai/onnx/operators/onnx__Flatten.html
public struct Flatten: ViewOperator {
  public var axis: Int

  public init(axis: Int = 1) {
    self.axis = axis
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    let split = axis == x.shape.rank ? axis : try operands.axis(axis, rank: max(x.shape.rank, 1))
    let extents = x.shape.dimensions
    return [
      try operands.type(
        x.dtype, [extents[..<split].reduce(1, *), extents[split...].reduce(1, *)])
    ]
  }
}

/// Removes axes of extent 1: those given, or all.
///
/// The axes are an attribute up to opset 12, then input 1.
/// Source: https://onnx.ai/onnx/operators/onnx__Squeeze.html
public struct Squeeze: ViewOperator {
  public var axes: [Int]?

  public init(axes: [Int]? = nil) {
    self.axes = axes
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    let rank = x.shape.rank
    var removed = (0..<rank).filter { x.shape[$0] == 1 }
    if let given = try operands.integers(1, "axes") ?? axes {
      removed = try operands.axes(given, rank: rank)
    }
    for axis in removed where x.shape[axis] != 1 {
      throw operands.fault("axis \(axis) of \(x.shape) is not 1")
    }
    let kept = (0..<rank).filter { !removed.contains($0) }
    return [TensorType(x.dtype, Shape(kept.map { x.shape[$0] }))]
  }
}

/// Inserts axes of extent 1 at places of the result.
///
/// The axes are an attribute up to opset 12, then input 1.
/// Source: https://onnx.ai/onnx/operators/onnx__Unsqueeze.html
public struct Unsqueeze: ViewOperator {
  public var axes: [Int]?

  public init(axes: [Int]? = nil) {
    self.axes = axes
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    guard let given = try operands.integers(1, "axes") ?? axes else {
      throw operands.fault("the axes are missing: export the model again")
    }
    let rank = x.shape.rank + given.count
    let inserted = try operands.axes(given, rank: rank)
    var rest = x.shape.dimensions[...]
    let extents = (0..<rank).map { inserted.contains($0) ? 1 : rest.removeFirst() }
    return [TensorType(x.dtype, Shape(extents))]
  }
}
