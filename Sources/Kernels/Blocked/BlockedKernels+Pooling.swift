internal import CKernels

/// A pooling window; padding is virtual, so the input needs no halo.
public struct PoolGeometry: Hashable, Sendable {
  public var kernelHeight: Int
  public var kernelWidth: Int
  public var strideHeight: Int
  public var strideWidth: Int
  public var dilationHeight: Int
  public var dilationWidth: Int
  public var pads: Halo
  /// Whether an average counts padded positions (but none beyond the padding).
  public var countIncludePad: Bool

  public init(
    kernel: (height: Int, width: Int), strides: (height: Int, width: Int),
    dilations: (height: Int, width: Int) = (1, 1), pads: Halo = .none,
    countIncludePad: Bool = false
  ) {
    precondition(kernel.height > 0 && kernel.width > 0 && strides.height > 0 && strides.width > 0)
    precondition(dilations.height > 0 && dilations.width > 0)
    self.kernelHeight = kernel.height
    self.kernelWidth = kernel.width
    self.strideHeight = strides.height
    self.strideWidth = strides.width
    self.dilationHeight = dilations.height
    self.dilationWidth = dilations.width
    self.pads = pads
    self.countIncludePad = countIncludePad
  }

  var c: ic_pool {
    ic_pool(
      kernel_h: kernelHeight, kernel_w: kernelWidth, stride_h: strideHeight,
      stride_w: strideWidth, dilation_h: dilationHeight, dilation_w: dilationWidth,
      pad_top: pads.top, pad_left: pads.left, count_include_pad: countIncludePad ? 1 : 0,
      pad_bottom: pads.bottom, pad_right: pads.right)
  }
}

extension BlockedKernels {
  /// Takes the maximum over each window; a window wholly outside the image gives the lowest float.
  public func maxPool(
    _ geometry: PoolGeometry, input: BlockedView, output: BlockedView, images: Int,
    share: Share = .whole
  ) {
    precondition(input.layout.channels == output.layout.channels)
    guard let input = input.blocks(of: share), let output = output.blocks(of: share) else { return }
    var (pool, source, result) = (geometry.c, input.c, output.c)
    ic_max_pool(table, &pool, &source, &result, images)
  }

  /// Takes the mean over each window; a window wholly outside the image gives zero.
  public func averagePool(
    _ geometry: PoolGeometry, input: BlockedView, output: BlockedView, images: Int,
    share: Share = .whole
  ) {
    precondition(input.layout.channels == output.layout.channels)
    guard let input = input.blocks(of: share), let output = output.blocks(of: share) else { return }
    var (pool, source, result) = (geometry.c, input.c, output.c)
    ic_average_pool(table, &pool, &source, &result, images)
  }

  /// Writes the mean of each plane: row i of `output` is [channels] of image i.
  public func globalAveragePool(
    input: BlockedView, output: RowsView, images: Int, share: Share = .whole
  ) {
    precondition(output.rows == images && output.columns == input.layout.channels)
    let range = share.range(of: output.columns, unit: ActivationLayout.block)
    guard let input = input.blocks(of: share) else { return }
    let output = output.columns(range)
    var (source, result) = (input.c, output.c)
    ic_global_average_pool(table, &source, &result, images)
  }
}
