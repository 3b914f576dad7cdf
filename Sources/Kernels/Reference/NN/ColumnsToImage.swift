public import Tensors

/// Where the elements of sliding blocks lie in an image with one or more spatial axes.
public struct BlockGeometry: Sendable, Hashable {
  /// The extents of the image.
  public let image: [Int]
  public let block: [Int]
  public let dilations: [Int]
  public let strides: [Int]
  /// What is padded before each axis.
  public let padsBefore: [Int]
  /// The number of blocks along each axis.
  public let counts: [Int]

  /// - Parameter pads: before each axis, then behind each; lists are as long as the image has axes.
  /// - Returns: `nil` when there are more than 3 axes, an extent is not positive, or the block is larger than the padded image.
  public init?(image: [Int], block: [Int], dilations: [Int], pads: [Int], strides: [Int]) {
    let rank = image.count
    guard (1...3).contains(rank), block.count == rank, dilations.count == rank,
      strides.count == rank,
      pads.count == 2 * rank,
      (image + block + dilations + strides).allSatisfy({ 1...Self.limit ~= $0 }),
      pads.allSatisfy({ 0...Self.limit ~= $0 })
    else { return nil }
    var counts: [Int] = []
    for axis in 0..<rank {
      let room = image[axis] + pads[axis] + pads[axis + rank]
      let reach = dilations[axis] * (block[axis] - 1) + 1
      guard reach <= room else { return nil }
      counts.append((room - reach) / strides[axis] + 1)
    }
    self.image = image
    self.block = block
    self.dilations = dilations
    self.strides = strides
    self.padsBefore = Array(pads.prefix(rank))
    self.counts = counts
  }

  /// No extent is larger, so that products of three fit.
  private static let limit = 1 << 16

  /// For each element of a block (row) and each block (column), the place in the image; -1 outside.
  var places: [Int] {
    var places: [Int] = []
    places.reserveCapacity(block.reduce(1, *) * counts.reduce(1, *))
    for element in Self.positions(block) {
      for column in Self.positions(counts) {
        var place = 0
        for axis in image.indices {
          let at =
            column[axis] * strides[axis] + element[axis] * dilations[axis] - padsBefore[axis]
          place = place < 0 || at < 0 || at >= image[axis] ? -1 : place * image[axis] + at
        }
        places.append(place)
      }
    }
    return places
  }

  /// All positions of a grid in row-major order.
  private static func positions(_ extents: [Int]) -> [[Int]] {
    extents.reduce([[]]) { heads, extent in
      heads.flatMap { head in (0..<extent).map { head + [$0] } }
    }
  }
}

/// Sums sliding blocks into images.
///
/// Shapes: `columns` is [N, C · block, blocks], `images` is [N, C, image...].
/// Source: ONNX Col2Im-18.
public func columnsToImages(_ columns: Tensor, _ geometry: BlockGeometry, into images: Tensor) {
  computing([columns], into: [images]) { inputs, outputs in
    guard let columns = inputs[0] else { return }
    if columns.dtype == .float64 {
      scatter(Double.self, columns, geometry, outputs[0])
    } else {
      scatter(Float.self, columns, geometry, outputs[0])
    }
  }
}

/// Takes sliding blocks out of images: the gradient of `columnsToImages`.
public func imagesToColumns(_ images: Tensor, _ geometry: BlockGeometry, into columns: Tensor) {
  computing([images], into: [columns]) { inputs, outputs in
    guard let images = inputs[0] else { return }
    if images.dtype == .float64 {
      gather(Double.self, images, geometry, outputs[0])
    } else {
      gather(Float.self, images, geometry, outputs[0])
    }
  }
}

private func scatter<T: FloatingScalar>(
  _ type: T.Type, _ columns: Tensor, _ geometry: BlockGeometry, _ images: Tensor
) {
  let (columns, planes) = (columns.pointer(to: T.self), images.pointer(to: T.self))
  let places = geometry.places
  let extent = geometry.image.reduce(1, *)
  for plane in 0..<images.elementCount / extent {
    let (from, to) = (columns + plane * places.count, planes + plane * extent)
    to.update(repeating: 0, count: extent)
    for (index, place) in places.enumerated() where place >= 0 { to[place] += from[index] }
  }
}

private func gather<T: FloatingScalar>(
  _ type: T.Type, _ images: Tensor, _ geometry: BlockGeometry, _ columns: Tensor
) {
  let (planes, columns) = (images.pointer(to: T.self), columns.pointer(to: T.self))
  let places = geometry.places
  let extent = geometry.image.reduce(1, *)
  for plane in 0..<images.elementCount / extent {
    let (from, to) = (planes + plane * extent, columns + plane * places.count)
    for (index, place) in places.enumerated() { to[index] = place >= 0 ? from[place] : 0 }
  }
}
