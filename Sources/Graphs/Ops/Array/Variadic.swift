public import Faults
public import Kernels
public import Tensors

/// An operator that combines any number of operands of one element type under broadcasting.
public protocol VariadicOperator: Operator {
  var function: BinaryFunction { get }
}

extension VariadicOperator {
  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let dtype = try operands.commonDType()
    guard dtype != .bool else { throw operands.fault("booleans have no arithmetic") }
    return [try operands.type(dtype, try operands.commonShape().dimensions)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try combine(inputs, into: outputs[0])
  }

  func combine(_ inputs: [Tensor?], into result: Tensor) throws(Fault) {
    try broadcast(try inputs.operand(0), into: result)
    for case .some(let operand) in inputs.dropFirst() {
      try elementwise(function, result, operand, into: result)
    }
  }

  /// Sums every operand; Float16 is summed in Float32 and rounded once.
  func sum(_ inputs: [Tensor?], divisor: Int, into result: Tensor) throws(Fault) {
    let wide: DType = result.dtype == .float16 ? .float32 : result.dtype
    var operands: [Tensor?] = []
    for case .some(let operand) in inputs { operands.append(try cast(operand, to: wide)) }
    let total = wide == result.dtype ? result : Tensor(uninitialized: wide, result.shape)
    try combine(operands, into: total)
    if divisor > 1 {
      let count = try cast(Tensor(scalar: Int64(divisor)), to: wide)
      try elementwise(.divide, total, count, into: total)
    }
    if wide != result.dtype { try cast(total, into: result) }
  }

  /// Spreads the gradient evenly over the operands that equal the extreme.
  func extremeBackward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    var gradients = pass.noGradients
    guard let gradient = pass.gradient else { return gradients }
    let winners = try pass.inputs.map { (operand) throws(Fault) -> Tensor? in
      guard let operand else { return nil }
      let equal = Tensor(uninitialized: .bool, gradient.shape)
      try compare(.equal, operand, pass.outputs[0], into: equal)
      return try cast(equal, to: gradient.dtype)
    }
    let count = Tensor(zeros: gradient.dtype, gradient.shape)
    for case .some(let winner) in winners { try elementwise(.add, count, winner, into: count) }
    let share = try elementwise(.divide, gradient, count)
    for (index, winner) in winners.enumerated() where pass.wants(index) {
      guard let winner else { continue }
      gradients[index] = try unbroadcast(
        try elementwise(.multiply, share, winner), to: try pass.input(index).shape)
    }
    return gradients
  }

  func sumBackward(_ pass: BackwardPass, divisor: Int) throws(Fault) -> [Tensor?] {
    var gradients = pass.noGradients
    guard let gradient = pass.gradient else { return gradients }
    let count = try cast(Tensor(scalar: Int64(divisor)), to: gradient.dtype)
    let share = try elementwise(.divide, gradient, count)
    for index in gradients.indices where pass.wants(index) {
      gradients[index] = try unbroadcast(share, to: try pass.input(index).shape)
    }
    return gradients
  }
}

/// Takes the least operand. Source: https://onnx.ai/onnx/operators/onnx__Min.html
public struct Min: VariadicOperator {
  public init() {}
  public var function: BinaryFunction { .minimum }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try extremeBackward(pass)
  }
}

/// Takes the greatest operand. Source: https://onnx.ai/onnx/operators/onnx__Max.html
public struct Max: VariadicOperator {
  public init() {}
  public var function: BinaryFunction { .maximum }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try extremeBackward(pass)
  }
}

/// Adds the operands. Source: https://onnx.ai/onnx/operators/onnx__Sum.html
public struct Sum: VariadicOperator {
  public init() {}
  public var function: BinaryFunction { .add }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try sum(inputs, divisor: 1, into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try sumBackward(pass, divisor: 1)
  }
}

/// Averages the operands. Source: https://onnx.ai/onnx/operators/onnx__Mean.html
public struct Mean: VariadicOperator {
  public init() {}
  public var function: BinaryFunction { .add }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try sum(inputs, divisor: inputs.count, into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try sumBackward(pass, divisor: pass.inputs.count)
  }
}
