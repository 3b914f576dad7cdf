internal import CKernels

/// A convolution of 8-bit integers with packed weights, rounded to the grid of its result.
///
/// Dense, grouped and depthwise convolutions and, as such of one pixel, products with a matrix.
/// Immutable, so that threads share it.
public final class ByteConvolutionKernel: Sendable {
  public let geometry: ConvolutionGeometry
  private let kernels: ByteKernels
  private let packing: ic_byte_packing
  private let weights: AlignedFloats
  private let bias: AlignedFloats
  private let factors: AlignedFloats
  private let rounding: ic_byte_rounding

  /// Packs the weights.
  ///
  /// - Parameter weights: plain [M, C / groups, kH, kW], without zero points, copied.
  /// - Parameter bias: [M] in units of the products, or empty.
  /// - Parameter factors: what sums are multiplied by to be steps of `grid`: one, or [M].
  /// - Parameter zeroByte: The byte of the input that stands for zero.
  public init(
    _ geometry: ConvolutionGeometry, weights: UnsafeBufferPointer<Int16>, bias: [Int32],
    factors: [Float], zeroByte: UInt8, grid: QuantizationGrid, range: ClosedRange<Float>,
    kernels: ByteKernels
  ) {
    precondition(ConvolutionKernel.isSupported(geometry))
    let channelsPerGroup = geometry.inputChannels / geometry.groups
    let taps = geometry.kernelHeight * geometry.kernelWidth
    precondition(weights.count == geometry.outputChannels * channelsPerGroup * taps)
    precondition(bias.isEmpty || bias.count == geometry.outputChannels)
    precondition(factors.count == 1 || factors.count == geometry.outputChannels)
    var conv = geometry.c
    self.geometry = geometry
    self.kernels = kernels
    self.packing = ic_bytes_packing(kernels.table, weights.baseAddress, weights.count)
    self.weights = AlignedFloats(count: (ic_bytes_conv_packed(&conv, packing) + 3) / 4)
    ic_bytes_conv_pack(&conv, packing, weights.baseAddress, self.weights.base)
    let padded = ic_conv_bias_floats(&conv)
    let sums = AlignedFloats(count: padded)
    bias.withUnsafeBufferPointer { bias in
      sums.base.withMemoryRebound(to: Int32.self, capacity: padded) { packed in
        ic_bytes_conv_pack_bias(
          &conv, weights.baseAddress, bias.isEmpty ? nil : bias.baseAddress, Int32(zeroByte),
          packed)
      }
    }
    self.bias = sums
    self.factors = AlignedFloats(count: padded)
    for channel in 0..<geometry.outputChannels {
      self.factors.base[channel] = factors.count == 1 ? factors[0] : factors[channel]
    }
    self.rounding = grid.rounding(range)
  }

  /// Convolves `images` images; the halo of `output` is left alone.
  ///
  /// - Parameter input: a halo of at least `geometry.requiredHalo`, of the byte that stands for zero.
  public func run(input: ByteView, output: ByteView, images: Int) {
    precondition(images >= 0 && input.layout.channels == geometry.inputChannels)
    precondition(output.layout.channels == geometry.outputChannels)
    precondition(
      input.layout.halo.contains(
        geometry.requiredHalo(
          input: (input.layout.height, input.layout.width),
          output: (output.layout.height, output.layout.width))))
    var conv = geometry.c
    var (rounding, source, result) = (rounding, input.c, output.c)
    bias.base.withMemoryRebound(to: Int32.self, capacity: bias.count) { bias in
      ic_bytes_conv_run(
        kernels.table, &conv, packing, weights.base, bias, factors.base, &rounding, &source,
        &result, images)
    }
  }
}
