public import Faults
import Kernels
public import Tensors

/// Convolution of 8-bit integers into int32.
///
/// Inputs: x [N, C, spatial...], w [M, C / group, kernel...], zero point of x, zero points of w (one
/// or [M]); both zero points are optional. Source: ONNX ConvInteger-10.
public struct ConvInteger: Operator {
  /// The window attributes.
  public var conv: Conv

  public init(_ conv: Conv) {
    self.conv = conv
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 2...4)
    let x = try facts.integers(0, "x")
    let weight = try facts.integers(1, "w")
    let geometry = try conv.geometry(input: x.shape, weight: weight.shape)
    try facts.zeroPoint(2, "x_zero_point", of: x, counts: [1])
    try facts.zeroPoint(3, "w_zero_point", of: weight, counts: [1, geometry.outputChannels])
    return [TensorType(.int32, geometry.output)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let (x, weight) = (inputs.present(0), inputs.present(1))
    try convolveIntegers(
      x, zeroPoint: inputs.optional(2)?.withoutAxes, weight: weight,
      weightZeroPoint: inputs.optional(3)?.column(rank: weight.shape.rank),
      geometry: try conv.geometry(input: x.shape, weight: weight.shape), into: outputs[0])
  }
}

/// The product of stacks of 8-bit integer matrices, into int32.
///
/// Inputs: A, B, zero points of A (one or one for each row), zero points of B (one or one for each
/// column); both zero points are optional. Source: ONNX MatMulInteger-10.
public struct MatMulInteger: Operator {
  public init() {}

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 2...4)
    let (a, b) = (try facts.integers(0, "A"), try facts.integers(1, "B"))
    let geometry = try MatMulGeometry(a: a.shape, b: b.shape)
    try facts.zeroPoint(2, "a_zero_point", of: a, counts: [1, a.shape.rows])
    try facts.zeroPoint(3, "b_zero_point", of: b, counts: [1, b.shape.columns])
    return [TensorType(.int32, geometry.output)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let (a, b) = (inputs.present(0), inputs.present(1))
    try multiplyIntegers(
      a, zeroPoint: inputs.optional(2)?.column(rank: 2), b, zeroPointB: inputs.optional(3)?.row,
      geometry: try MatMulGeometry(a: a.shape, b: b.shape), into: outputs[0])
  }
}

/// Quantises to uint8 with the scale and the zero point that the data need.
///
/// Outputs: y, its scale [], its zero point []. Source: ONNX DynamicQuantizeLinear-11.
public struct DynamicQuantizeLinear: Operator {
  public init() {}

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let x = try InputFacts(inputs, counts: 1...1).required(0, "x", dtype: .float32)
    return [TensorType(.uint8, x.shape), TensorType(.float32, []), TensorType(.uint8, [])]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    // A graph may leave out the outputs it does not read.
    let scale = outputs.count > 1 ? outputs[1] : Tensor(uninitialized: .float32, [])
    let zeroPoint = outputs.count > 2 ? outputs[2] : Tensor(uninitialized: .uint8, [])
    try quantizeDynamically(
      inputs.present(0), into: outputs[0], scale: scale, zeroPoint: zeroPoint)
  }
}

extension Operator {
  /// Whether the results are integers in the place of real numbers, without a gradient rule.
  var isIntegerArithmetic: Bool {
    self is ConvInteger || self is MatMulInteger || self is DynamicQuantizeLinear
  }
}

extension InputFacts {
  /// The input at `index`, which must be int8 or uint8.
  func integers(_ index: Int, _ name: String) throws(Fault) -> ValueFact {
    let fact = try required(index, name)
    guard fact.dtype == .int8 || fact.dtype == .uint8 else {
      throw Fault(.modelInvalid, "input \(name) is \(fact.dtype) where int8 or uint8 is needed")
    }
    return fact
  }

  /// Checks a zero point, which has the type of its tensor and one of these counts.
  func zeroPoint(
    _ index: Int, _ name: String, of fact: ValueFact, counts: [Int]
  ) throws(Fault) {
    guard let zeroPoint = try optional(index, name, dtype: fact.dtype) else { return }
    try check(zeroPoint.shape, name, counts: counts)
  }

  /// Checks a scale, which is floating-point and has one of these counts.
  func scale(_ index: Int, _ name: String, counts: [Int]) throws(Fault) {
    try check(try floating(index, name).shape, name, counts: counts)
  }

  private func check(_ shape: Shape, _ name: String, counts: [Int]) throws(Fault) {
    guard shape.rank <= 1, counts.contains(shape.elementCount) else {
      throw Fault(
        .modelInvalid,
        "input \(name) is \(shape): one element is supported, or one for each row, column or "
          + "filter")
    }
  }
}

extension Shape {
  /// The rows of a matrix, or of each matrix of a stack; 1 of a vector.
  var rows: Int { rank >= 2 ? self[rank - 2] : 1 }

  /// The columns of a matrix, or of each matrix of a stack; 1 of a vector on the right.
  var columns: Int { rank >= 2 ? self[rank - 1] : 1 }
}

extension Tensor {
  /// The one element without axes.
  var withoutAxes: Tensor { reshaped([]) }

  /// One element, or one for each place of the last axis.
  var row: Tensor { elementCount == 1 ? withoutAxes : self }

  /// One element, or one for each place of the first of `rank` axes.
  func column(rank: Int) -> Tensor {
    elementCount == 1
      ? withoutAxes : reshaped(Shape([elementCount] + [Int](repeating: 1, count: rank - 1)))
  }
}
