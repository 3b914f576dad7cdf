internal import CKernels

extension BlockedKernels {
  /// Reads plain [images, C, H, W]; padding lanes become zero, the halo stays as it is.
  ///
  /// A share of several images is not supported: their planes follow one another.
  public func reorder(
    nchw: UnsafePointer<Float>, to output: BlockedView, images: Int, share: Share = .whole
  ) {
    precondition(share == .whole || images == 1)
    let first = share.range(of: output.layout.channels, unit: ActivationLayout.block).lowerBound
    let nchw = nchw + first * output.layout.height * output.layout.width
    guard let output = output.blocks(of: share) else { return }
    var result = output.c
    ic_blocked_from_nchw(table, nchw, &result, images)
  }

  /// Reads plain [images, C, H, W] into planes; the halo becomes zero.
  public func reorder(
    nchw: UnsafePointer<Float>, to output: PlanarView, images: Int
  ) {
    var result = output.c
    ic_planar_from_nchw(nchw, &result, images)
  }

  /// Writes plain [images, C, H, W].
  public func reorder(
    _ input: BlockedView, toNCHW nchw: UnsafeMutablePointer<Float>, images: Int,
    share: Share = .whole
  ) {
    precondition(share == .whole || images == 1)
    let first = share.range(of: input.layout.channels, unit: ActivationLayout.block).lowerBound
    let nchw = nchw + first * input.layout.height * input.layout.width
    guard let input = input.blocks(of: share) else { return }
    var source = input.c
    ic_blocked_to_nchw(table, &source, nchw, images)
  }

  /// Writes token rows [images * H * W, C].
  public func reorder(_ input: BlockedView, to output: RowsView, images: Int) {
    let layout = input.layout
    precondition(output.rows == images * layout.height * layout.width)
    precondition(output.columns == layout.channels)
    var (source, result) = (input.c, output.c)
    ic_blocked_to_rows(&source, &result, images)
  }

  /// Reads token rows [images * H * W, C]; padding lanes become zero, the halo stays as it is.
  public func reorder(_ input: RowsView, to output: BlockedView, images: Int) {
    let layout = output.layout
    precondition(input.rows == images * layout.height * layout.width)
    precondition(input.columns == layout.channels)
    var (source, result) = (input.c, output.c)
    ic_blocked_from_rows(&source, &result, images)
  }
}
