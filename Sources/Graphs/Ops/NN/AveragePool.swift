public import Faults
public import Kernels
public import Tensors

/// The mean of each window.
///
/// Input: X [N, C, spatial...].
/// Source: ONNX AveragePool-7, -10, -11, -19, -22.
public struct AveragePool: Operator {
  public var kernelShape: [Int]
  public var strides: [Int]?
  /// The begins of all spatial axes, then the ends: [top, left, bottom, right].
  public var pads: [Int]?
  public var dilations: [Int]?
  public var autoPad: AutoPad
  public var ceilMode: Bool
  /// Whether the pads count as zeros in the mean.
  public var countIncludePad: Bool

  public init(
    kernelShape: [Int], strides: [Int]? = nil, pads: [Int]? = nil, dilations: [Int]? = nil,
    autoPad: AutoPad = .notSet, ceilMode: Bool = false, countIncludePad: Bool = false
  ) {
    self.kernelShape = kernelShape
    self.strides = strides
    self.pads = pads
    self.dilations = dilations
    self.autoPad = autoPad
    self.ceilMode = ceilMode
    self.countIncludePad = countIncludePad
  }

  /// Resolves the pads and the output for this shape of X.
  /// - Throws: `Fault` with code `model.invalid` when it and the attributes do not fit.
  public func geometry(input: Shape) throws(Fault) -> WindowGeometry {
    try WindowGeometry(
      poolingOver: input, kernelShape: kernelShape,
      attributes: WindowGeometry.Attributes(
        strides: strides, pads: pads, dilations: dilations, autoPad: autoPad, ceilMode: ceilMode))
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let x = try InputFacts(inputs, counts: 1...1).floating(0, "X")
    return [TensorType(x.dtype, try geometry(input: x.shape).pooledShape(of: x.shape))]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = inputs.present(0)
    averagePool(
      x, geometry: try geometry(input: x.shape), countIncludePad: countIncludePad,
      into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.gradient(opType) { dY, dX throws(Fault) in
      averagePoolBackward(
        dY: dY, geometry: try geometry(input: dX.shape), countIncludePad: countIncludePad,
        into: dX)
    }
  }
}
