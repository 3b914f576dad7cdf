public import Faults
import Kernels
public import Tensors

/// Takes every `steps`-th element from `starts` to before `ends` along some axes.
///
/// The bounds are attributes up to opset 9, then inputs 1 to 4.
/// Source: https://onnx.ai/onnx/operators/onnx__Slice.html
public struct Slice: Operator {
  public var starts: [Int]?
  public var ends: [Int]?
  public var axes: [Int]?

  public init(starts: [Int]? = nil, ends: [Int]? = nil, axes: [Int]? = nil) {
    self.starts = starts
    self.ends = ends
    self.axes = axes
  }

  /// What is taken along every axis of the input.
  public struct Bounds: Sendable {
    public var starts: [Int]
    public var steps: [Int]
    public var extents: [Int]
  }

  /// The bounds for an input of this shape.
  public func bounds(_ inputs: [ValueFact?]) throws(Fault) -> Bounds {
    let operands = OperandFacts(self, inputs)
    let shape = try operands[0].shape
    guard let starts = try operands.integers(1, "starts") ?? starts,
      let ends = try operands.integers(2, "ends") ?? ends
    else { throw operands.fault("the starts or ends are missing: export the model again") }
    let axes = try operands.integers(3, "axes") ?? axes ?? Array(starts.indices)
    let steps = try operands.integers(4, "steps") ?? [Int](repeating: 1, count: starts.count)
    guard ends.count == starts.count, axes.count == starts.count, steps.count == starts.count
    else { throw operands.fault("starts, ends, axes and steps differ in length") }
    var bounds = Bounds(
      starts: [Int](repeating: 0, count: shape.rank),
      steps: [Int](repeating: 1, count: shape.rank), extents: shape.dimensions)
    for (place, axis) in try operands.axes(axes, rank: shape.rank).enumerated() {
      guard steps[place] != 0 else { throw operands.fault("a step of 0 along axis \(axis)") }
      let range = Self.range(
        from: starts[place], to: ends[place], by: steps[place], extent: shape[axis])
      bounds.starts[axis] = range.start
      bounds.steps[axis] = range.step
      bounds.extents[axis] = range.count
    }
    return bounds
  }

  private static func range(
    from start: Int, to end: Int, by step: Int, extent: Int
  ) -> (start: Int, step: Int, count: Int) {
    let (from, to) = (start < 0 ? start + extent : start, end < 0 ? end + extent : end)
    let (first, distance): (Int, Int)
    if step > 0 {
      first = min(max(from, 0), extent)
      distance = min(max(to, 0), extent) - first
    } else {
      first = min(max(from, 0), extent - 1)
      distance = first - min(max(to, -1), extent - 1)
    }
    guard distance > 0, extent > 0 else { return (0, 1, 0) }
    let count = Int(UInt(distance - 1) / step.magnitude) + 1
    return (first, count == 1 ? 1 : step, count)
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let x = try OperandFacts(self, inputs)[0]
    return [TensorType(x.dtype, Shape(try bounds(inputs).extents))]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let bounds = try bounds(OperandFacts(self, inputs).facts)
    try slice(
      try inputs.operand(0), starts: bounds.starts, steps: bounds.steps, into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let bounds = try bounds(OperandFacts(self, pass.inputs).facts)
    let result = Tensor(zeros: gradient.dtype, try pass.input(0).shape)
    try insertSlice(gradient, starts: bounds.starts, steps: bounds.steps, into: result)
    return pass.first(result)
  }
}
