public import Faults
public import Kernels
public import Tensors

/// A number of a grid in place of the real one that it was rounded from: copies input 0, which integers
/// made, and lets the gradient pass straight through to input 1.
///
/// No operator of ONNX: graphs hold it where the real values must stay, because they are explained.
public struct RoundedResult: Operator {
  public var grid: QuantizationGrid

  public init(grid: QuantizationGrid) {
    self.grid = grid
  }

  public var isStraightThrough: Bool { true }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 2...2)
    let rounded = try facts.required(0, "rounded", dtype: .float32)
    _ = try facts.required(1, "real", dtype: .float32, shape: rounded.shape)
    return [rounded.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try cast(inputs.present(0), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard pass.wanted[1], let dY = pass.outputGradients[0] else { return [nil, nil] }
    let real = pass.inputs.present(1)
    let gradient = Tensor(uninitialized: .float32, real.shape)
    grid.roundBackward(real, dY: try cast(dY, to: .float32), into: gradient)
    return [nil, try cast(gradient, to: dY.dtype)]
  }
}
