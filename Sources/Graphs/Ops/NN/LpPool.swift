public import Faults
public import Kernels
public import Tensors

/// The p-norm of each window.
///
/// Input: X [N, C, spatial...].
/// Source: ONNX LpPool-2, -11, -18, -22.
public struct LpPool: Operator {
  public var kernelShape: [Int]
  public var p: Int
  public var strides: [Int]?
  /// The begins of all spatial axes, then the ends: [top, left, bottom, right].
  public var pads: [Int]?
  public var dilations: [Int]?
  public var autoPad: AutoPad
  public var ceilMode: Bool

  public init(
    kernelShape: [Int], p: Int = 2, strides: [Int]? = nil, pads: [Int]? = nil,
    dilations: [Int]? = nil, autoPad: AutoPad = .notSet, ceilMode: Bool = false
  ) {
    self.kernelShape = kernelShape
    self.p = p
    self.strides = strides
    self.pads = pads
    self.dilations = dilations
    self.autoPad = autoPad
    self.ceilMode = ceilMode
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
    try checkNorm(p)
    return [TensorType(x.dtype, try geometry(input: x.shape).pooledShape(of: x.shape))]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = inputs.present(0)
    lpPool(x, geometry: try geometry(input: x.shape), p: p, into: outputs[0])
  }
}

func checkNorm(_ p: Int) throws(Fault) {
  guard p >= 1 else { throw Fault(.modelInvalid, "p is \(p), but a norm needs at least 1") }
}
