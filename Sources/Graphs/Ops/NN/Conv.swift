public import Faults
public import Kernels
public import Tensors

/// Convolution over one, two or three spatial axes.
///
/// Inputs: X [N, C, spatial...], W [M, C / group, kernel...], B [M] (optional).
/// Source: ONNX Conv-1, Conv-11, Conv-22.
public struct Conv: Operator {
  /// `nil` takes the kernel from the shape of W.
  public var kernelShape: [Int]?
  public var strides: [Int]?
  /// The begins of all spatial axes, then the ends: [top, left, bottom, right].
  public var pads: [Int]?
  public var dilations: [Int]?
  public var group: Int
  public var autoPad: AutoPad

  public init(
    kernelShape: [Int]? = nil, strides: [Int]? = nil, pads: [Int]? = nil,
    dilations: [Int]? = nil, group: Int = 1, autoPad: AutoPad = .notSet
  ) {
    self.kernelShape = kernelShape
    self.strides = strides
    self.pads = pads
    self.dilations = dilations
    self.group = group
    self.autoPad = autoPad
  }

  /// Resolves the pads and every extent for these shapes of X and W.
  /// - Throws: `Fault` with code `model.invalid` when they and the attributes do not fit.
  public func geometry(input: Shape, weight: Shape) throws(Fault) -> ConvolutionExtents {
    let kernel = try checkedKernel(input: input, weight: weight, kernelShape: kernelShape)
    let (channels, filters) = (input[1], weight[0])
    guard group >= 1, channels >= 1, filters >= 1, channels % group == 0, filters % group == 0,
      channels / group == weight[1]
    else {
      throw Fault(
        .modelInvalid,
        "X \(input) and W \(weight) do not fit \(group) groups: the channels of X must be "
          + "W's second extent times group, and the filters a multiple of group")
    }
    let window = try WindowGeometry(
      input: Array(input.dimensions.dropFirst(2)), kernel: kernel,
      attributes: WindowGeometry.Attributes(
        strides: strides, pads: pads, dilations: dilations, autoPad: autoPad))
    return ConvolutionExtents(
      batch: input[0], inputChannels: channels, outputChannels: filters, group: group,
      window: window)
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 2...3)
    let x = try facts.floating(0, "X")
    let weight = try facts.required(1, "W", dtype: x.dtype)
    let geometry = try geometry(input: x.shape, weight: weight.shape)
    try facts.optional(2, "B", dtype: x.dtype, shape: [geometry.outputChannels])
    return [TensorType(x.dtype, geometry.output)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let (x, weight) = (inputs.present(0), inputs.present(1))
    convolution(
      x, weight: weight, bias: inputs.optional(2),
      geometry: try geometry(input: x.shape, weight: weight.shape), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.gradient(opType) { dY, dX throws(Fault) in
      let weight = pass.inputs.present(1)
      convolutionBackward(
        dY: dY, weight: weight,
        geometry: try geometry(input: dX.shape, weight: weight.shape), into: dX)
    }
  }
}

/// The kernel extents of a weight, which must agree with `kernelShape` when that is given.
func checkedKernel(
  input: Shape, weight: Shape, kernelShape: [Int]?
) throws(Fault) -> [Int] {
  guard input.rank >= 3, weight.rank == input.rank else {
    throw Fault(
      .modelInvalid,
      "X \(input) and W \(weight) must have the same rank, with at least one spatial axis")
  }
  let kernel = Array(weight.dimensions.dropFirst(2))
  if let kernelShape, kernelShape != kernel {
    throw Fault(.modelInvalid, "kernel_shape \(kernelShape) is not that of W \(weight)")
  }
  return kernel
}
