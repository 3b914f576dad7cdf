extension BlockedKernels {
  /// Takes every element to the nearest number of the grid, in place if wanted.
  public func round(
    _ input: BlockedView, to grid: QuantizationGrid, output: BlockedView, images: Int
  ) {
    precondition(input.layout.hasExtents(of: output.layout))
    let count = input.layout.width * ActivationLayout.block
    for image in 0..<images {
      for block in 0..<input.layout.blockCount {
        for row in 0..<input.layout.height {
          grid.round(
            input.row(row, block: block, image: image),
            into: output.row(row, block: block, image: image), count: count)
        }
      }
    }
  }
}

extension BlockedView {
  /// The first pixel of a row of a block.
  fileprivate func row(_ row: Int, block: Int, image: Int) -> UnsafeMutablePointer<Float> {
    let halo = layout.halo
    let pixels = halo.left + layout.width + halo.right
    let line = block * (halo.top + layout.height + halo.bottom) + halo.top + row
    return base + image * imageStride + (line * pixels + halo.left) * ActivationLayout.block
  }
}
