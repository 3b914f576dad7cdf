public import Faults
public import Kernels
public import Tensors

/// Local response normalisation across channels.
///
/// Input: X [N, C, spatial...].
/// Source: ONNX LRN-1, -13.
public struct LRN: Operator {
  public var parameters: LRNParameters

  public init(size: Int, alpha: Float = 1e-4, beta: Float = 0.75, bias: Float = 1) {
    self.parameters = LRNParameters(size: size, alpha: alpha, beta: beta, bias: bias)
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let x = try InputFacts(inputs, counts: 1...1).floating(0, "X")
    guard x.shape.rank >= 2 else {
      throw Fault(.modelInvalid, "X \(x.shape) has no channels: it must be [N, C, spatial...]")
    }
    guard (1...Int(Int32.max)).contains(parameters.size) else {
      throw Fault(.modelInvalid, "size is \(parameters.size), outside 1...\(Int32.max)")
    }
    return [x.type]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    localResponseNormalization(inputs.present(0), parameters, into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.gradient(opType) { dY, dX throws(Fault) in
      localResponseNormalizationBackward(pass.inputs.present(0), dY: dY, parameters, into: dX)
    }
  }
}
