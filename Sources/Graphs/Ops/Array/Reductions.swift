public import Faults
public import Kernels
public import Tensors

/// An operator that reduces along some axes, or all.
///
/// The axes are an attribute up to opset 17 (ReduceSum: 12), then input 1.
public protocol ReductionOperator: Operator {
  var function: ReductionFunction { get }
  var axes: [Int]? { get }
  var keepdims: Bool { get }
  /// Whether no axes means that nothing is reduced.
  var noopWithEmptyAxes: Bool { get }

  /// Returns the gradient by `x`; `y` and `gradient` have extent 1 along the reduced axes.
  func backward(x: Tensor, y: Tensor, gradient: Tensor) throws(Fault) -> Tensor
}

extension ReductionOperator {
  /// The axes that are reduced, counted from the front, in ascending order.
  public func reducedAxes(_ inputs: [ValueFact?]) throws(Fault) -> [Int] {
    let operands = OperandFacts(self, inputs)
    let rank = try operands[0].shape.rank
    let given = try operands.integers(1, "axes") ?? axes ?? []
    if given.isEmpty { return noopWithEmptyAxes ? [] : Array(0..<rank) }
    return try operands.axes(given, rank: rank).sorted()
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let x = try OperandFacts(self, inputs)[0]
    let axes = try reducedAxes(inputs)
    if x.dtype == .bool, function != .maximum, function != .minimum {
      throw OperandFacts(self, inputs).fault("booleans have no arithmetic")
    }
    var extents = x.shape.dimensions
    for axis in axes.reversed() {
      if keepdims { extents[axis] = 1 } else { extents.remove(at: axis) }
    }
    return [TensorType(x.dtype, Shape(extents))]
  }

  private func keptShape(_ inputs: [Tensor?]) throws(Fault) -> Shape {
    var extents = try inputs.operand(0).shape.dimensions
    for axis in try reducedAxes(OperandFacts(self, inputs).facts) { extents[axis] = 1 }
    return Shape(extents)
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try reduce(
      function, try inputs.operand(0), into: outputs[0].reshaped(try keptShape(inputs)))
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let x = try pass.input(0)
    guard x.elementCount > 0 else { return pass.first(Tensor(zeros: gradient.dtype, x.shape)) }
    let kept = try keptShape(pass.inputs)
    return pass.first(
      try backward(
        x: x, y: pass.outputs[0].reshaped(kept), gradient: gradient.reshaped(kept)))
  }

  /// The gradient repeated over the reduced axes.
  func spread(_ gradient: Tensor, to shape: Shape) throws(Fault) -> Tensor {
    let result = Tensor(uninitialized: gradient.dtype, shape)
    try broadcast(gradient, into: result)
    return result
  }

  /// The gradient spread evenly over the elements that equal the result.
  func spreadToEqual(x: Tensor, y: Tensor, gradient: Tensor) throws(Fault) -> Tensor {
    let flags = Tensor(uninitialized: .bool, x.shape)
    try compare(.equal, x, y, into: flags)
    let winners = try cast(flags, to: gradient.dtype)
    let axes = (0..<x.shape.rank).filter { x.shape[$0] != y.shape[$0] }
    let count = try reduced(.sum, winners, axes: axes)
    return try elementwise(.multiply, winners, try elementwise(.divide, gradient, count))
  }
}
