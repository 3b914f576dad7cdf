public import Faults
import Kernels
public import Tensors

/// Joins tensors along one axis. Source: https://onnx.ai/onnx/operators/onnx__Concat.html
public struct Concat: Operator {
  public var axis: Int

  public init(axis: Int) {
    self.axis = axis
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let dtype = try operands.commonDType()
    let first = try operands[0].shape
    let axis = try operands.axis(axis, rank: first.rank)
    var extents = first.dimensions
    for case .some(let part) in inputs.dropFirst() {
      var other = part.shape.dimensions
      guard other.count == extents.count else { throw misfit(operands, first, part.shape) }
      let (sum, overflow) = extents[axis].addingReportingOverflow(other[axis])
      other[axis] = extents[axis]
      guard other == extents, !overflow else { throw misfit(operands, first, part.shape) }
      extents[axis] = sum
    }
    return [try operands.type(dtype, extents)]
  }

  private func misfit(_ operands: OperandFacts, _ a: Shape, _ b: Shape) -> Fault {
    operands.fault("\(a) and \(b) differ beside axis \(axis)")
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let axis = try outputs[0].shape.normalized(axis: axis)
    try concatenate(inputs.compactMap { $0 }, axis: axis, into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    var gradients = pass.noGradients
    guard let gradient = pass.gradient else { return gradients }
    let axis = try gradient.shape.normalized(axis: axis)
    var start = 0
    for (index, input) in pass.inputs.enumerated() {
      guard let input else { continue }
      if pass.wants(index) {
        gradients[index] = try part(of: gradient, axis: axis, start: start, shape: input.shape)
      }
      start += input.shape[axis]
    }
    return gradients
  }
}

/// Cuts a tensor along one axis: into the sizes of `split` (an attribute up to opset 12, then
/// input 1), or evenly.
///
/// Source: https://onnx.ai/onnx/operators/onnx__Split.html
public struct Split: Operator {
  public var axis: Int
  public var split: [Int]?
  /// How many parts the node has where no sizes are given.
  public var numOutputs: Int

  public init(axis: Int = 0, split: [Int]? = nil, numOutputs: Int) {
    self.axis = axis
    self.split = split
    self.numOutputs = numOutputs
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    let axis = try operands.axis(axis, rank: x.shape.rank)
    let sizes = try operands.integers(1, "split") ?? split ?? evenSizes(x.shape[axis])
    var rest = x.shape[axis]
    for size in sizes {
      guard size >= 0, size <= rest else {
        rest = -1
        break
      }
      rest -= size
    }
    guard rest == 0, !sizes.isEmpty else {
      throw operands.fault("the sizes \(sizes) do not add up to \(x.shape[axis])")
    }
    return sizes.map { size in
      var extents = x.shape.dimensions
      extents[axis] = size
      return TensorType(x.dtype, Shape(extents))
    }
  }

  /// All parts of the same size but the last, which may be smaller.
  private func evenSizes(_ extent: Int) -> [Int] {
    guard numOutputs > 0, numOutputs <= 1 << 16 else { return [] }
    let size = extent / numOutputs + (extent % numOutputs == 0 ? 0 : 1)
    return (0..<numOutputs).map { min(size, max(extent - $0 * size, 0)) }
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = try inputs.operand(0)
    let axis = try x.shape.normalized(axis: axis)
    var start = 0
    for output in outputs {
      try slice(
        x, starts: origin(x.shape.rank, axis: axis, start: start),
        steps: [Int](repeating: 1, count: x.shape.rank), into: output)
      start += output.shape[axis]
    }
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    let x = try pass.input(0)
    let axis = try x.shape.normalized(axis: axis)
    guard let dtype = pass.outputGradients.lazy.compactMap({ $0?.dtype }).first else {
      return pass.noGradients
    }
    let result = Tensor(zeros: dtype, x.shape)
    var start = 0
    for (output, gradient) in zip(pass.outputs, pass.outputGradients) {
      if let gradient {
        try insertSlice(
          gradient, starts: origin(x.shape.rank, axis: axis, start: start),
          steps: [Int](repeating: 1, count: x.shape.rank), into: result)
      }
      start += output.shape[axis]
    }
    return pass.first(result)
  }
}

private func origin(_ rank: Int, axis: Int, start: Int) -> [Int] {
  var starts = [Int](repeating: 0, count: rank)
  starts[axis] = start
  return starts
}

private func part(
  of x: Tensor, axis: Int, start: Int, shape: Shape
) throws(Fault) -> Tensor {
  let result = Tensor(uninitialized: x.dtype, shape)
  try slice(
    x, starts: origin(shape.rank, axis: axis, start: start),
    steps: [Int](repeating: 1, count: shape.rank), into: result)
  return result
}
