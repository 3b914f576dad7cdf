internal import CKernels

/// An instruction set the byte kernels are compiled for; results are the same bytes with each.
public enum ByteInstructionSet: Int, Sendable, CaseIterable {
  case generic = 0
  case avx2 = 1
  /// AVX-512 with VNNI.
  case vnni = 2
}

/// The kernels over 8-bit integers of one instruction set.
///
/// Methods take views into memory that the caller keeps alive and initialised for the duration of
/// the call; nothing is retained.
public struct ByteKernels: Sendable {
  public let instructionSet: ByteInstructionSet
  // Safety: a constant table of functions, alive as long as the process.
  nonisolated(unsafe) let table: OpaquePointer

  /// The kernels of `instructionSet`; nil where the processor lacks it.
  public init?(_ instructionSet: ByteInstructionSet) {
    guard let table = ic_byte_kernels_for(ic_byte_isa(UInt32(instructionSet.rawValue))) else {
      return nil
    }
    self.instructionSet = instructionSet
    self.table = table
  }
}

extension BlockedKernels {
  /// The best byte kernels of a processor that has this instruction set.
  public var bytes: ByteKernels {
    let best: [ByteInstructionSet] =
      switch instructionSet {
      case .generic: [.generic]
      case .avx2: [.avx2, .generic]
      case .avx512: [.vnni, .avx2, .generic]
      }
    for set in best {
      if let kernels = ByteKernels(set) { return kernels }
    }
    preconditionFailure("the generic kernels are always built")
  }
}

/// Bytes of one or several images in blocks of 16 channels, in memory the caller keeps.
///
/// A byte is the distance of an integer from the lowest one of its grid. Lanes past the last channel
/// hold bytes without meaning. Up to 128 bytes behind the last image may be read.
public struct ByteView {
  /// Bytes behind an image that kernels may read.
  public static let slack = 128

  public var base: UnsafeMutablePointer<UInt8>
  public var layout: ActivationLayout
  public var imageStride: Int

  public init(
    base: UnsafeMutablePointer<UInt8>, layout: ActivationLayout, imageStride: Int? = nil
  ) {
    self.base = base
    self.layout = layout
    self.imageStride = imageStride ?? layout.blockedImageFloats
  }

  var c: ic_byte_view {
    ic_byte_view(base: base, layout: layout.c, image_stride: imageStride)
  }
}

extension QuantizationGrid {
  /// How numbers become bytes of this grid; `range` limits the integers.
  func rounding(_ range: ClosedRange<Float>? = nil) -> ic_byte_rounding {
    ic_byte_rounding(
      low: range?.lowerBound ?? lowest, high: range?.upperBound ?? highest, zero: zero)
  }

  var zero: Int32 { Int32(zeroByte) }
}

extension ByteKernels {
  /// Writes the byte of zero around every plane.
  public func fillHalo(_ view: ByteView, grid: QuantizationGrid, images: Int) {
    var view = view.c
    ic_bytes_fill_halo(&view, grid.zeroByte, images)
  }

  /// Rounds plain [images, C, H, W] to the grid; the halo stays as it is.
  public func quantize(
    nchw: UnsafePointer<Float>, to grid: QuantizationGrid, output: ByteView, images: Int
  ) {
    var (rounding, result) = (grid.rounding(), output.c)
    ic_bytes_from_nchw(table, nchw, grid.scale, &rounding, &result, images)
  }

  /// Rounds blocked planes to the grid; the halo stays as it is.
  public func quantize(
    _ input: BlockedView, to grid: QuantizationGrid, output: ByteView, images: Int
  ) {
    precondition(input.layout.hasExtents(of: output.layout))
    var (rounding, source, result) = (grid.rounding(), input.c, output.c)
    ic_bytes_from_blocked(table, &source, grid.scale, &rounding, &result, images)
  }

  /// Writes the numbers as blocked planes; the halo stays as it is.
  public func dequantize(
    _ input: ByteView, of grid: QuantizationGrid, output: BlockedView, images: Int
  ) {
    precondition(input.layout.hasExtents(of: output.layout))
    var (source, result) = (input.c, output.c)
    ic_bytes_to_blocked(table, &source, grid.scale, grid.zero, &result, images)
  }

  /// Writes the numbers as plain [images, C, H, W].
  public func dequantize(
    _ input: ByteView, of grid: QuantizationGrid, nchw: UnsafeMutablePointer<Float>, images: Int
  ) {
    var source = input.c
    ic_bytes_to_nchw(&source, grid.scale, grid.zero, nchw, images)
  }

  /// Adds numbers of two grids onto a third; any of the views may be the same.
  public func add(
    _ a: ByteView, of gridA: QuantizationGrid, _ b: ByteView, of gridB: QuantizationGrid,
    onto grid: QuantizationGrid, range: ClosedRange<Float>, output: ByteView, images: Int
  ) {
    precondition(a.layout.hasExtents(of: output.layout) && b.layout.hasExtents(of: output.layout))
    let constants = GridSum(gridA, gridB, onto: grid)
    let zero = Float(grid.zeroPoint)
    // A byte plus the offset is the model's integer.
    func offset(_ grid: QuantizationGrid) -> Float { grid.lowest + Float(grid.zeroPoint) }
    var sum = ic_byte_sum(
      factor_a: constants.factors.a, factor_b: constants.factors.b,
      constant: constants.constant, offset_a: offset(gridA), offset_b: offset(gridB),
      rounding: ic_byte_rounding(
        low: range.lowerBound + zero, high: range.upperBound + zero,
        zero: Int32(-offset(grid))))
    var (left, right, result) = (a.c, b.c, output.c)
    ic_bytes_add(table, &sum, &left, &right, &result, images)
  }

  /// Writes the mean of each plane, as a plane of one pixel.
  public func globalAverage(
    _ input: ByteView, of source: QuantizationGrid, onto grid: QuantizationGrid,
    range: ClosedRange<Float>, output: ByteView, images: Int
  ) {
    precondition(input.layout.channels == output.layout.channels)
    precondition(output.layout.height == 1 && output.layout.width == 1)
    let pixels = input.layout.height * input.layout.width
    var (from, rounding, result) = (input.c, grid.rounding(range), output.c)
    ic_bytes_global_average(
      table, &from, source.zero, source.meanFactor(pixels: pixels, onto: grid), &rounding,
      &result, images)
  }

  /// Takes the maximum over each window, of which none may lie wholly outside the image.
  public func maxPool(
    _ geometry: PoolGeometry, input: ByteView, output: ByteView, images: Int
  ) {
    precondition(input.layout.channels == output.layout.channels)
    var (pool, source, result) = (geometry.c, input.c, output.c)
    ic_bytes_max_pool(table, &pool, &source, &result, images)
  }
}
