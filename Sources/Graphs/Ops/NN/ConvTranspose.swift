public import Faults
public import Kernels
public import Tensors

/// Transposed convolution over one, two or three spatial axes.
///
/// Inputs: X [N, C, spatial...], W [C, M / group, kernel...], B [M] (optional).
/// Source: ONNX ConvTranspose-1, -11, -22.
public struct ConvTranspose: Operator {
  /// `nil` takes the kernel from the shape of W.
  public var kernelShape: [Int]?
  public var strides: [Int]?
  /// The begins of all spatial axes, then the ends: [top, left, bottom, right].
  public var pads: [Int]?
  public var dilations: [Int]?
  public var group: Int
  public var autoPad: AutoPad
  public var outputPadding: [Int]?
  /// The spatial extents of Y; the pads follow from them.
  public var outputShape: [Int]?

  public init(
    kernelShape: [Int]? = nil, strides: [Int]? = nil, pads: [Int]? = nil,
    dilations: [Int]? = nil, group: Int = 1, autoPad: AutoPad = .notSet,
    outputPadding: [Int]? = nil, outputShape: [Int]? = nil
  ) {
    self.kernelShape = kernelShape
    self.strides = strides
    self.pads = pads
    self.dilations = dilations
    self.group = group
    self.autoPad = autoPad
    self.outputPadding = outputPadding
    self.outputShape = outputShape
  }

  /// Resolves every extent for these shapes of X and W: the convolution that leads from Y to X.
  /// - Throws: `Fault` with code `model.invalid` when they and the attributes do not fit.
  public func geometry(input: Shape, weight: Shape) throws(Fault) -> ConvolutionExtents {
    let kernel = try checkedKernel(input: input, weight: weight, kernelShape: kernelShape)
    let channels = input[1]
    let (filters, overflow) = weight[1].multipliedReportingOverflow(by: group)
    guard group >= 1, channels >= 1, channels % group == 0, weight[0] == channels, !overflow,
      filters >= 1
    else {
      throw Fault(
        .modelInvalid,
        "X \(input) and W \(weight) do not fit \(group) groups: the channels of X must be W's "
          + "first extent and a multiple of group")
    }
    let window = try WindowGeometry(
      transposing: Array(input.dimensions.dropFirst(2)), kernel: kernel,
      attributes: WindowGeometry.Attributes(
        strides: strides, pads: pads, dilations: dilations, autoPad: autoPad),
      outputPadding: outputPadding, outputShape: outputShape)
    return ConvolutionExtents(
      batch: input[0], inputChannels: filters, outputChannels: channels, group: group,
      window: window)
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 2...3)
    let x = try facts.floating(0, "X")
    let weight = try facts.required(1, "W", dtype: x.dtype)
    let geometry = try geometry(input: x.shape, weight: weight.shape)
    try facts.optional(2, "B", dtype: x.dtype, shape: [geometry.inputChannels])
    return [TensorType(x.dtype, geometry.input)]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let (x, weight) = (inputs.present(0), inputs.present(1))
    convolutionTranspose(
      x, weight: weight, bias: inputs.optional(2),
      geometry: try geometry(input: x.shape, weight: weight.shape), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.gradient(opType) { dY, dX throws(Fault) in
      let weight = pass.inputs.present(1)
      convolution(
        dY, weight: weight, bias: nil,
        geometry: try geometry(input: dX.shape, weight: weight.shape), into: dX)
    }
  }
}
