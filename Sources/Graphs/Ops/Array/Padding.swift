public import Faults
import Kernels
public import Tensors

/// Pads, or with negative amounts crops, the sides of a tensor.
///
/// The amounts are an attribute up to opset 10, then input 1; input 2 is the constant, input 3 the
/// axes. Source: https://onnx.ai/onnx/operators/onnx__Pad.html
public struct Pad: Operator {
  public enum Mode: String, Sendable {
    case constant
    case reflect
    case edge
    case wrap
  }

  public var mode: Mode
  /// The amounts before every axis, then those after every axis.
  public var pads: [Int]?
  public var value: Float

  public init(mode: Mode = .constant, pads: [Int]? = nil, value: Float = 0) {
    self.mode = mode
    self.pads = pads
    self.value = value
  }

  /// The elements added in front of and behind every axis of the input.
  public func amounts(
    _ inputs: [ValueFact?]
  ) throws(Fault) -> (before: [Int], after: [Int]) {
    let operands = OperandFacts(self, inputs)
    let rank = try operands[0].shape.rank
    guard let pads = try operands.integers(1, "pads") ?? pads else {
      throw operands.fault("the pads are missing: export the model again")
    }
    let axes = try operands.integers(3, "axes").map { (given) throws(Fault) in
      try operands.axes(given, rank: rank)
    }
    let padded = axes ?? Array(0..<rank)
    guard pads.count == 2 * padded.count else {
      throw operands.fault("\(pads.count) pads for \(padded.count) axes")
    }
    var before = [Int](repeating: 0, count: rank)
    var after = before
    for (place, axis) in padded.enumerated() {
      before[axis] = pads[place]
      after[axis] = pads[padded.count + place]
    }
    return (before, after)
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    if let constant = operands.optional(2) {
      guard constant.dtype == x.dtype, constant.shape.elementCount == 1 else {
        throw operands.fault("the constant is \(constant.type), not one \(x.dtype)")
      }
    }
    let amounts = try amounts(inputs)
    var extents: [Int] = []
    for axis in 0..<x.shape.rank {
      let (first, overflow) = x.shape[axis].addingReportingOverflow(amounts.before[axis])
      let (extent, overflowToo) = first.addingReportingOverflow(amounts.after[axis])
      guard !overflow, !overflowToo, extent >= 0 else {
        throw operands.fault("the pads leave axis \(axis) of \(x.shape) no possible extent")
      }
      guard extent == 0 || x.shape[axis] > 0 || mode == .constant else {
        throw operands.fault("an empty axis \(axis) cannot be padded by mode \(mode)")
      }
      extents.append(extent)
    }
    return [try operands.type(x.dtype, extents)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let (x, result) = (try inputs.operand(0), outputs[0])
    let amounts = try amounts(OperandFacts(self, inputs).facts)
    guard result.elementCount > 0 else { return }
    if mode == .constant {
      var constant = try cast(Tensor(scalar: value), to: x.dtype)
      if inputs.count > 2, let given = inputs[2] { constant = given }
      try fill(result, with: constant)
      let box = constantBox(x.shape, result.shape, amounts.before)
      let ones = [Int](repeating: 1, count: x.shape.rank)
      let part = Tensor(uninitialized: x.dtype, Shape(box.extents))
      try slice(x, starts: box.source, steps: ones, into: part)
      try insertSlice(part, starts: box.target, steps: ones, into: result)
    } else {
      var current = x
      for axis in 0..<x.shape.rank
      where result.shape[axis] != x.shape[axis]
        || amounts.before[axis] != 0
      {
        current = try taken(current, axis: axis, indices: sources(axis, x, result, amounts.before))
      }
      try cast(current, into: result)
    }
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard var gradient = pass.gradient else { return pass.noGradients }
    let (x, y) = (try pass.input(0), pass.outputs[0])
    let amounts = try amounts(OperandFacts(self, pass.inputs).facts)
    if mode == .constant {
      let box = constantBox(x.shape, y.shape, amounts.before)
      let ones = [Int](repeating: 1, count: x.shape.rank)
      let part = Tensor(uninitialized: gradient.dtype, Shape(box.extents))
      try slice(gradient, starts: box.target, steps: ones, into: part)
      let result = Tensor(zeros: gradient.dtype, x.shape)
      try insertSlice(part, starts: box.source, steps: ones, into: result)
      return pass.first(result)
    }
    for axis in 0..<x.shape.rank {
      gradient = try takeBackward(
        gradient, axis: axis, indices: sources(axis, x, y, amounts.before), count: x.shape[axis])
    }
    return pass.first(gradient)
  }

  /// The box of the input that is kept, and where it lies in both tensors.
  private func constantBox(
    _ x: Shape, _ y: Shape, _ before: [Int]
  ) -> (source: [Int], target: [Int], extents: [Int]) {
    let source = before.map { max(-$0, 0) }
    let target = before.map { max($0, 0) }
    let extents = before.indices.map { max(min(x[$0] - source[$0], y[$0] - target[$0]), 0) }
    return (source, target, extents)
  }

  /// For each place along `axis` of the result, the place in the input it is taken from.
  private func sources(_ axis: Int, _ x: Tensor, _ y: Tensor, _ before: [Int]) -> [Int] {
    let extent = x.shape[axis]
    return (0..<y.shape[axis]).map { place in
      let position = place - before[axis]
      switch mode {
      case .constant, .edge: return min(max(position, 0), extent - 1)
      case .wrap: return positiveRemainder(position, extent)
      case .reflect:
        let period = max(2 * (extent - 1), 1)
        let folded = positiveRemainder(position, period)
        return min(folded, period - folded, extent - 1)
      }
    }
  }

  private func positiveRemainder(_ a: Int, _ b: Int) -> Int {
    let remainder = a % b
    return remainder < 0 ? remainder + b : remainder
  }
}
