import Kernels

/// The windows over the widened rows, of a depthwise convolution or a pooling.
struct StripWindows: Sendable {
  /// Rows from the first to the last one of a window, and from one window to the next.
  let reach: Int
  let stride: Int
  /// Rows of padding above the image.
  let padTop: Int
  /// Columns of zeros that the kernel reads beside the image.
  let left: Int
  let right: Int
  let output: (height: Int, width: Int)
}

/// How a widened image is cut into strips of rows.
struct StripShape: Sendable {
  let windows: StripWindows
  /// The widened activations of one strip; the rows above its first are those of the padding or of
  /// the strip before.
  let wide: ActivationLayout
  /// What is made of it, unless that is written to its place at once.
  let narrow: ActivationLayout
  /// Rows of output of a strip.
  let rows: Int
  /// Rows of the whole widened image.
  let wideHeight: Int
  private let keepsNarrow: Bool

  /// Bytes of widened and filtered rows that a strip may have.
  private static let budget = 320 << 10

  /// - Parameters:
  ///   - wide: channels and extents of the whole widened image.
  ///   - keepsNarrow: whether the filtered rows are the output itself.
  init(
    wide: (channels: Int, height: Int, width: Int), windows: StripWindows, keepsNarrow: Bool
  ) {
    let block = 64 * ((wide.channels + 15) / 16)
    let wideRow = block * (windows.left + wide.width + windows.right)
    let narrowRow = keepsNarrow ? 0 : block * windows.output.width
    let fixed = max(windows.reach - windows.stride, 0) * wideRow
    let most = max(1, (Self.budget - fixed) / (windows.stride * wideRow + narrowRow))
    let strips = (windows.output.height + most - 1) / most
    self.windows = windows
    rows = (windows.output.height + strips - 1) / strips
    wideHeight = wide.height
    self.keepsNarrow = keepsNarrow
    self.wide = ActivationLayout(
      channels: wide.channels,
      height: max(1, (rows - 1) * windows.stride + windows.reach - windows.padTop),
      width: wide.width,
      halo: Halo(top: windows.padTop, left: windows.left, right: windows.right))
    narrow = ActivationLayout(
      channels: wide.channels, height: rows, width: windows.output.width)
  }

  var scratchFloats: Int {
    wide.blockedImageFloats + (keepsNarrow ? 0 : narrow.blockedImageFloats)
  }
}

/// An expanding convolution, a depthwise one or a maximum pooling, and perhaps a projecting
/// convolution of one image, strip by strip.
///
/// Each number is computed as by the kernels one after the other on whole images.
struct StripConvolution: Sendable {
  enum Filter: Sendable {
    case depthwise(ConvolutionKernel)
    case maximum(PoolGeometry)
  }

  enum Input {
    case blocked(BlockedView)
    case planar(PlanarView)
  }

  let expand: ConvolutionKernel
  let filter: Filter
  let project: ConvolutionKernel?
  let shape: StripShape
  let kernels: BlockedKernels

  func run(
    input: Input, output: BlockedView, residual: BlockedView?,
    scratch: UnsafeMutablePointer<Float>, share: Share
  ) {
    let windows = shape.windows
    let (stride, padTop) = (windows.stride, windows.padTop)
    let wide = BlockedView(base: scratch, layout: shape.wide)
    let narrow = BlockedView(
      base: scratch + shape.wide.blockedImageFloats, layout: shape.narrow)
    // Threads compute the rows at their borders each for itself.
    let part = share.range(of: windows.output.height)
    guard !part.isEmpty else { return }
    kernels.zeroHalo(wide, images: 1)
    // Rows of the widened image that have been computed.
    var computed = 0
    for start in Swift.stride(from: part.lowerBound, to: part.upperBound, by: shape.rows) {
      let rows = start..<min(start + shape.rows, part.upperBound)
      // Line 0 of the strip is this row of the widened image.
      let top = start * stride - padTop
      let needed = (rows.upperBound - 1) * stride - padTop + windows.reach
      if start > part.lowerBound, computed > top {
        wide.moveUp(lines: shape.rows * stride, keeping: computed - top)
      }
      let fresh = max(computed, top, 0)..<max(min(needed, shape.wideHeight), computed, top, 0)
      if !fresh.isEmpty {
        expand(
          input, from: fresh.lowerBound,
          to: wide.lines(fresh.lowerBound - top, count: fresh.count))
        computed = fresh.upperBound
      }
      let target = project == nil ? output.rows(rows) : narrow.rows(0..<rows.count)
      apply(to: wide, lines: max(0, -top)..<max(computed - top, 0), needed: needed - top, target)
      project?.run(
        input: target, output: output.rows(rows), residual: residual?.rows(rows), images: 1)
    }
  }

  /// Computes the windows of one strip from its lines; only `lines` are rows of the image.
  private func apply(
    to wide: BlockedView, lines: Range<Int>, needed: Int, _ output: BlockedView
  ) {
    switch filter {
    case .depthwise(let kernel):
      if needed > lines.upperBound { wide.clear(lines: lines.upperBound..<needed) }
      let source = wide.rows(0..<max(1, needed - shape.windows.padTop))
      kernel.run(input: source, output: output, images: 1)
    case .maximum(var pool):
      pool.pads.top = lines.lowerBound
      kernels.maxPool(
        pool, input: wide.lines(lines.lowerBound, count: lines.count), output: output, images: 1)
    }
  }

  private func expand(_ input: Input, from row: Int, to output: BlockedView) {
    let first = row * expand.geometry.strideHeight
    switch input {
    case .blocked(let view):
      expand.run(input: view.rows(first..<view.layout.height), output: output, images: 1)
    case .planar(let view):
      expand.run(input: view.rows(first..<view.layout.height), output: output, images: 1)
    }
  }
}
