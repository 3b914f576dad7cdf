internal import CKernels

/// The parameters of a two-dimensional convolution that shape its kernel.
public struct ConvolutionGeometry: Hashable, Sendable {
  public var inputChannels: Int
  public var outputChannels: Int
  public var groups: Int
  public var kernelHeight: Int
  public var kernelWidth: Int
  public var strideHeight: Int
  public var strideWidth: Int
  public var dilationHeight: Int
  public var dilationWidth: Int
  /// Rows of padding above the image; padding below follows from the output's height.
  public var padTop: Int
  public var padLeft: Int

  public init(
    inputChannels: Int, outputChannels: Int, groups: Int = 1,
    kernel: (height: Int, width: Int), strides: (height: Int, width: Int) = (1, 1),
    dilations: (height: Int, width: Int) = (1, 1), padTop: Int = 0, padLeft: Int = 0
  ) {
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.groups = groups
    self.kernelHeight = kernel.height
    self.kernelWidth = kernel.width
    self.strideHeight = strides.height
    self.strideWidth = strides.width
    self.dilationHeight = dilations.height
    self.dilationWidth = dilations.width
    self.padTop = padTop
    self.padLeft = padLeft
  }

  /// Whether each channel is convolved with a filter of its own.
  public var isDepthwise: Bool {
    groups > 1 && groups == inputChannels && groups == outputChannels
  }

  /// The halo the input needs around `input` pixels to compute `output` pixels.
  public func requiredHalo(
    input: (height: Int, width: Int), output: (height: Int, width: Int)
  ) -> Halo {
    let lastRow = (output.height - 1) * strideHeight - padTop + (kernelHeight - 1) * dilationHeight
    let lastColumn = (output.width - 1) * strideWidth - padLeft + (kernelWidth - 1) * dilationWidth
    return Halo(
      top: padTop, left: padLeft, bottom: max(0, lastRow - input.height + 1),
      right: max(0, lastColumn - input.width + 1))
  }

  var c: ic_convolution {
    ic_convolution(
      input_channels: inputChannels, output_channels: outputChannels, groups: groups,
      kernel_h: kernelHeight, kernel_w: kernelWidth, stride_h: strideHeight,
      stride_w: strideWidth, dilation_h: dilationHeight, dilation_w: dilationWidth,
      pad_top: padTop, pad_left: padLeft)
  }
}

/// A convolution with packed weights and a fused epilogue: `activation(conv + bias + residual)`.
///
/// Dense, grouped and depthwise convolutions alike; immutable, so that threads share it.
public final class ConvolutionKernel: Sendable {
  /// How the input lies in memory.
  public enum Source: Sendable {
    case blocked
    /// Separate planes, for images of few channels; one group only.
    case planar
  }

  /// How the sums are computed.
  public enum Algorithm: Sendable, Hashable {
    /// One multiply-add per weight.
    case direct
    /// F(4x4, 3x3): a quarter of the multiplications, in tiles of 4x4 outputs.
    case winograd
    /// One dot product of bf16 for two weights, summed in float32; see `supportsBF16`.
    case bf16
  }

  public let geometry: ConvolutionGeometry
  public let source: Source
  public let algorithm: Algorithm
  public let activation: FusedActivation
  /// Whether the result is `activation(conv + bias) + residual` instead.
  public let activationBeforeResidual: Bool
  /// Whether each lane of a block reads its own group's lanes of the same block only.
  let usesLanes: Bool
  let kernels: BlockedKernels
  let weights: AlignedFloats
  let bias: AlignedFloats

  /// Whether a kernel exists: positive extents, groups that divide both channel counts, at most
  /// 1024 taps, non-negative padding.
  public static func isSupported(
    _ geometry: ConvolutionGeometry, source: Source = .blocked
  ) -> Bool {
    let g = geometry
    guard
      g.inputChannels > 0, g.outputChannels > 0, g.groups > 0, g.kernelHeight > 0,
      g.kernelWidth > 0, g.strideHeight > 0, g.strideWidth > 0, g.dilationHeight > 0,
      g.dilationWidth > 0, g.padTop >= 0, g.padLeft >= 0
    else { return false }
    guard g.inputChannels % g.groups == 0, g.outputChannels % g.groups == 0 else { return false }
    let (taps, overflow) = g.kernelHeight.multipliedReportingOverflow(by: g.kernelWidth)
    guard !overflow, taps <= Int(IC_MAX_TAPS) else { return false }
    return source == .blocked || g.groups == 1
  }

  /// The faster algorithm for a layer, from its shape alone: never from the batch or the machine.
  public static func fastest(
    _ geometry: ConvolutionGeometry, output: (height: Int, width: Int)
  ) -> Algorithm {
    var conv = geometry.c
    let fits =
      ic_winograd_fits(&conv) != 0 && geometry.inputChannels >= ActivationLayout.block
      && geometry.outputChannels >= ActivationLayout.block && output.height >= 4
      && output.width >= 4
    return fits ? .winograd : .direct
  }

  /// Whether there is a kernel of bf16 products for a layer, from its shape alone.
  public static func supportsBF16(_ geometry: ConvolutionGeometry) -> Bool {
    var conv = geometry.c
    return isSupported(geometry) && ic_bf16_conv_fits(&conv) != 0
  }

  /// Floats of memory on a 64-byte boundary that a run needs beside its operands.
  public static func scratchFloatCount(
    _ geometry: ConvolutionGeometry, algorithm: Algorithm
  ) -> Int {
    guard algorithm == .winograd else { return 0 }
    var conv = geometry.c
    return ic_winograd_scratch_floats(&conv)
  }

  /// Packs the weights.
  ///
  /// - Parameter weights: plain [M, C / groups, kH, kW], copied.
  /// - Parameter bias: [M], copied; zeros when nil.
  public init(
    _ geometry: ConvolutionGeometry, weights: UnsafeBufferPointer<Float>,
    bias: UnsafeBufferPointer<Float>? = nil, activation: FusedActivation = .none,
    activationBeforeResidual: Bool = false, source: Source = .blocked,
    algorithm: Algorithm = .direct, kernels: BlockedKernels = .best
  ) {
    precondition(Self.isSupported(geometry, source: source))
    let channelsPerGroup = geometry.inputChannels / geometry.groups
    let taps = geometry.kernelHeight * geometry.kernelWidth
    precondition(weights.count == geometry.outputChannels * channelsPerGroup * taps)
    precondition(bias == nil || bias?.count == geometry.outputChannels)
    self.geometry = geometry
    self.source = source
    self.algorithm = algorithm
    self.activation = activation
    self.activationBeforeResidual = activationBeforeResidual
    self.kernels = kernels
    var conv = geometry.c
    self.usesLanes =
      source == .blocked && algorithm != .bf16 && ic_depthwise_fits(&conv) != 0
    if algorithm == .winograd {
      precondition(source == .blocked && ic_winograd_fits(&conv) != 0)
      self.weights = AlignedFloats(count: ic_winograd_packed_floats(&conv))
      ic_winograd_pack(kernels.table, &conv, weights.baseAddress, self.weights.base)
    } else if algorithm == .bf16 {
      precondition(source == .blocked && Self.supportsBF16(geometry) && kernels.hasBF16)
      self.weights = AlignedFloats(count: ic_bf16_conv_packed_floats(&conv))
      ic_bf16_conv_pack(&conv, weights.baseAddress, self.weights.base)
    } else if usesLanes {
      self.weights = AlignedFloats(count: ic_depthwise_packed_floats(&conv))
      ic_depthwise_pack(&conv, weights.baseAddress, self.weights.base)
    } else {
      self.weights = AlignedFloats(count: ic_conv_packed_floats(&conv, source.c))
      ic_conv_pack(&conv, source.c, weights.baseAddress, self.weights.base)
    }
    self.bias = AlignedFloats(count: ic_conv_bias_floats(&conv))
    ic_conv_pack_bias(&conv, bias?.baseAddress, self.bias.base)
  }

  /// Bytes of packed weights.
  public var packedByteCount: Int { (weights.count + bias.count) * MemoryLayout<Float>.stride }
}

extension ConvolutionKernel.Source {
  var c: ic_source {
    switch self {
    case .blocked: IC_SOURCE_BLOCKED
    case .planar: IC_SOURCE_PLANAR
    }
  }
}

/// Calls `body` with a pointer to the value, or with nil.
func withOptionalPointer<T>(to value: T?, _ body: (UnsafePointer<T>?) -> Void) {
  guard let value else { return body(nil) }
  withUnsafePointer(to: value) { body($0) }
}
