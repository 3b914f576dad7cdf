public import Faults
public import Kernels
public import Tensors

/// QuantizeLinear and DequantizeLinear with one scale, in one step on float32.
///
/// No operator of ONNX: graphs that are prepared to run hold it in place of the pair. The gradient
/// passes straight through where nothing was clamped.
public struct QuantizeDequantize: Operator {
  public var grid: QuantizationGrid

  public init(grid: QuantizationGrid) {
    self.grid = grid
  }

  public var isStraightThrough: Bool { true }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    [try InputFacts(inputs, counts: 1...1).required(0, "x", dtype: .float32).type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) {
    grid.round(inputs.present(0), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.gradient(opType) { dY, dX throws(Fault) in
      grid.roundBackward(pass.inputs.present(0), dY: dY, into: dX)
    }
  }
}
