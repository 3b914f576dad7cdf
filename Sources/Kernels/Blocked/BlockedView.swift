internal import CKernels

/// Pixels around each plane of an activation.
public struct Halo: Hashable, Sendable {
  public var top: Int
  public var left: Int
  public var bottom: Int
  public var right: Int

  public static let none = Halo()

  public init(top: Int = 0, left: Int = 0, bottom: Int = 0, right: Int = 0) {
    precondition(top >= 0 && left >= 0 && bottom >= 0 && right >= 0)
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }

  /// The smallest halo that contains both.
  public func union(_ other: Halo) -> Halo {
    Halo(
      top: max(top, other.top), left: max(left, other.left),
      bottom: max(bottom, other.bottom), right: max(right, other.right))
  }

  /// Whether `other` fits inside.
  public func contains(_ other: Halo) -> Bool {
    union(other) == self
  }
}

/// Extents of one image's activation and the halo around its planes.
public struct ActivationLayout: Hashable, Sendable {
  public var channels: Int
  public var height: Int
  public var width: Int
  public var halo: Halo

  public init(channels: Int, height: Int, width: Int, halo: Halo = .none) {
    precondition(channels > 0 && height > 0 && width > 0)
    self.channels = channels
    self.height = height
    self.width = width
    self.halo = halo
  }

  /// Channels of one block.
  public static let block = Int(IC_BLOCK)

  /// Blocks of 16 channels.
  public var blockCount: Int { (channels + Self.block - 1) / Self.block }
  /// Floats of one image as blocks: [blocks][top + H + bottom][left + W + right][16].
  public var blockedImageFloats: Int { blockCount * Self.block * planePixels }
  /// Floats of one image as planes: [C][top + H + bottom][left + W + right].
  public var planarImageFloats: Int { channels * planePixels }

  /// The layout of some rows of the same memory.
  func rows(_ range: Range<Int>) -> ActivationLayout {
    precondition(range.lowerBound >= 0 && range.upperBound <= height && !range.isEmpty)
    var part = self
    part.height = range.count
    part.halo.top += range.lowerBound
    part.halo.bottom += height - range.upperBound
    return part
  }

  private var planePixels: Int {
    (halo.top + height + halo.bottom) * (halo.left + width + halo.right)
  }

  var c: ic_layout {
    ic_layout(
      channels: channels, height: height, width: width, top: halo.top, left: halo.left,
      bottom: halo.bottom, right: halo.right)
  }

  func hasExtents(of other: ActivationLayout) -> Bool {
    channels == other.channels && height == other.height && width == other.width
  }
}

/// Activations of one or several images in blocks of 16 channels, in memory the caller keeps.
///
/// `base` lies on a 64-byte boundary and `imageStride`, in floats, is a multiple of 16. Lanes past
/// the last channel hold finite values without meaning. The halo is zeroed by `zeroHalo`, by whom
/// and when is up to the caller.
public struct BlockedView {
  public var base: UnsafeMutablePointer<Float>
  public var layout: ActivationLayout
  public var imageStride: Int

  public init(
    base: UnsafeMutablePointer<Float>, layout: ActivationLayout, imageStride: Int? = nil
  ) {
    self.base = base
    self.layout = layout
    self.imageStride = imageStride ?? layout.blockedImageFloats
    precondition(UInt(bitPattern: base) % 64 == 0 && self.imageStride % 16 == 0)
  }

  /// The view of image `index` and those after it.
  public func image(_ index: Int) -> BlockedView {
    BlockedView(base: base + index * imageStride, layout: layout, imageStride: imageStride)
  }

  /// The view of `count` channels from `first` on, which begins a block.
  ///
  /// A kernel that writes to such a view writes its part of a concatenation in place. Lanes past
  /// the part's last channel belong to it, so only the last part may end inside a block.
  public func channels(from first: Int, count: Int) -> BlockedView {
    precondition(first % ActivationLayout.block == 0 && first >= 0 && count > 0)
    precondition(first + count <= layout.channels)
    var part = layout
    part.channels = count
    let offset = first / ActivationLayout.block * (layout.blockedImageFloats / layout.blockCount)
    return BlockedView(base: base + offset, layout: part, imageStride: imageStride)
  }

  /// The view of some rows; the rows around them are its halo.
  public func rows(_ range: Range<Int>) -> BlockedView {
    BlockedView(base: base, layout: layout.rows(range), imageStride: imageStride)
  }

  var c: ic_view { ic_view(base: base, layout: layout.c, image_stride: imageStride) }
}

extension BlockedView {
  /// The view of `count` lines of each plane, counted from the top of the halo.
  public func lines(_ first: Int, count: Int) -> BlockedView {
    let lines = layout.halo.top + layout.height + layout.halo.bottom
    precondition(first >= 0 && count > 0 && first + count <= lines)
    var part = self
    part.layout.height = count
    part.layout.halo.top = first
    part.layout.halo.bottom = lines - first - count
    return part
  }

  /// Moves the lines of each plane of one image from line `lines` on, counted from the top of the
  /// halo, to its top; `keeping` is their number.
  public func moveUp(lines: Int, keeping: Int) {
    let total = layout.halo.top + layout.height + layout.halo.bottom
    precondition(lines >= 0 && keeping >= 0 && lines + keeping <= total)
    guard keeping > 0 else { return }
    for block in 0..<layout.blockCount {
      let plane = base + block * total * lineFloats
      plane.update(from: plane + lines * lineFloats, count: keeping * lineFloats)
    }
  }

  /// Zeroes lines of each plane of one image, counted from the top of the halo.
  public func clear(lines: Range<Int>) {
    let total = layout.halo.top + layout.height + layout.halo.bottom
    precondition(lines.lowerBound >= 0 && lines.upperBound <= total)
    for block in 0..<layout.blockCount {
      (base + (block * total + lines.lowerBound) * lineFloats)
        .update(repeating: 0, count: lines.count * lineFloats)
    }
  }

  private var lineFloats: Int {
    (layout.halo.left + layout.width + layout.halo.right) * ActivationLayout.block
  }
}

/// Images as separate planes per channel, for the first convolution of a network.
public struct PlanarView {
  public var base: UnsafeMutablePointer<Float>
  public var layout: ActivationLayout
  public var imageStride: Int

  public init(
    base: UnsafeMutablePointer<Float>, layout: ActivationLayout, imageStride: Int? = nil
  ) {
    self.base = base
    self.layout = layout
    self.imageStride = imageStride ?? layout.planarImageFloats
  }

  /// The view of some rows; the rows around them are its halo.
  public func rows(_ range: Range<Int>) -> PlanarView {
    PlanarView(base: base, layout: layout.rows(range), imageStride: imageStride)
  }

  var c: ic_view { ic_view(base: base, layout: layout.c, image_stride: imageStride) }
}

/// A row-major matrix of `rows` x `columns` floats, in memory the caller keeps.
public struct RowsView {
  public var base: UnsafeMutablePointer<Float>
  public var rows: Int
  public var columns: Int
  public var rowStride: Int

  public init(
    base: UnsafeMutablePointer<Float>, rows: Int, columns: Int, rowStride: Int? = nil
  ) {
    self.base = base
    self.rows = rows
    self.columns = columns
    self.rowStride = rowStride ?? columns
    precondition(rows >= 0 && columns > 0 && self.rowStride >= columns)
  }

  var c: ic_rows {
    ic_rows(base: base, rows: rows, columns: columns, row_stride: rowStride)
  }

  func hasExtents(of other: RowsView) -> Bool {
    rows == other.rows && columns == other.columns
  }
}
