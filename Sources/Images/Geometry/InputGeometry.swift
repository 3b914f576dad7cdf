public import Faults

/// How an upright image is scaled to what a model sees.
public enum ResizeRule: Sendable, Hashable {
  /// To exactly the model's width and height.
  case stretch
  /// To exactly this size.
  case exact(PixelSize)
  /// Until the shorter side has this many pixels.
  case shortSide(Int)
  /// Until this size is covered, proportions kept.
  case cover(PixelSize)
  /// Until it fits into this size, proportions kept.
  case contain(PixelSize)

  /// The size that an image of a size is scaled to.
  func size(of upright: PixelSize, input: PixelSize) -> PixelSize {
    switch self {
    case .stretch: input
    case .exact(let size): size
    case .shortSide(let side): upright.scaled(shortSide: side)
    case .cover(let size): upright.scaled(to: size, covering: true)
    case .contain(let size): upright.scaled(to: size, covering: false)
    }
  }
}

/// What happens between the scaled image and the model's input.
public enum CropRule: Sendable, Hashable, CaseIterable {
  case none
  /// Around the centre; of two middle offsets the even one, as torchvision does.
  case center
  /// Around the centre; of two middle offsets the lower one, as Transformers does.
  case centerFloor
}

/// The way from an upright image to a model's input: scale, then crop or pad.
///
/// Sizes and offsets are those of torchvision: the long side is truncated, crop offsets are rounded
/// half to even, and a side that is too short is padded.
public struct InputGeometry: Sendable, Hashable {
  public let upright: PixelSize
  public let resized: PixelSize
  /// The part of the resized image that the model sees.
  public let crop: PixelRect
  /// Where the crop's upper left pixel lies in the input: not (0, 0) only with padding.
  public let paddingLeft: Int
  public let paddingTop: Int
  public let input: PixelSize

  /// - Throws: `Fault` with code `model.invalid` when the rules do not yield the input's size.
  public init(
    upright: PixelSize, input: PixelSize, resize: ResizeRule, crop rule: CropRule
  ) throws(Fault) {
    let resized = resize.size(of: upright, input: input)
    guard rule != .none || resized == input else {
      throw Fault(
        .modelInvalid,
        "preprocessing yields \(resized.width) x \(resized.height) pixels for an input of "
          + "\(input.width) x \(input.height): use crop center or resize stretch")
    }
    let (x, width, left) = Self.center(input.width, in: resized.width, rule)
    let (y, height, top) = Self.center(input.height, in: resized.height, rule)
    self.upright = upright
    self.resized = resized
    self.crop = PixelRect(x: x, y: y, width: width, height: height)
    self.paddingLeft = left
    self.paddingTop = top
    self.input = input
  }

  private static func center(
    _ wanted: Int, in size: Int, _ rule: CropRule
  ) -> (start: Int, length: Int, pad: Int) {
    if wanted > size { return (0, size, (wanted - size) / 2) }
    let offset = (Double(size - wanted) / 2).rounded(
      rule == .centerFloor ? .down : .toNearestOrEven)
    return (Int(offset), wanted, 0)
  }

  private var scaleX: Double { Double(upright.width) / Double(resized.width) }
  private var scaleY: Double { Double(upright.height) / Double(resized.height) }

  /// The affine map [a, b, c, d, e, f] from grid coordinates to pixels of the upright image.
  ///
  /// The order is that of SVG and PDF: x' = a·x + c·y + e, y' = b·x + d·y + f. Both sides are
  /// continuous: cell i of the grid spans i...i + 1, its centre lies at i + 0.5, and (0, 0) is the
  /// outer corner of the first cell and of the first pixel.
  public func gridToUpright(width: Int, height: Int) -> [Double] {
    let cellWidth = Double(input.width) / Double(width)
    let cellHeight = Double(input.height) / Double(height)
    return [
      cellWidth * scaleX, 0, 0, cellHeight * scaleY,
      Double(crop.x - paddingLeft) * scaleX, Double(crop.y - paddingTop) * scaleY,
    ]
  }

  /// The pixels of the upright image that show a rectangle of the model's input, parts of pixels
  /// included.
  /// - Parameter box: within the crop, not in the padding.
  public func uprightBox(of box: PixelRect) -> PixelRect {
    let columns = Self.span(
      box.columns, crop.x - paddingLeft, from: resized.width, to: upright.width)
    let rows = Self.span(box.rows, crop.y - paddingTop, from: resized.height, to: upright.height)
    return PixelRect(
      x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
  }

  private static func span(
    _ range: Range<Int>, _ offset: Int, from resized: Int, to upright: Int
  ) -> Range<Int> {
    let low = (range.lowerBound + offset) * upright / resized
    let high = ((range.upperBound + offset) * upright + resized - 1) / resized
    return low..<high
  }

  /// The pixels [x0, y0, x1, y1] of the upright image that the model sees, rounded to whole ones.
  public var seenBox: [Int] {
    [
      Int((Double(crop.x) * scaleX).rounded()), Int((Double(crop.y) * scaleY).rounded()),
      Int((Double(crop.x + crop.width) * scaleX).rounded()),
      Int((Double(crop.y + crop.height) * scaleY).rounded()),
    ]
  }
}

extension PixelBuffer {
  /// The model's view of an upright image: scaled, cropped and padded.
  /// - Parameter pad: the colour of the padding, a number per channel; `nil` for black.
  /// - Throws: `Fault` with code `resource.exhausted` without memory.
  public func modelView(
    _ geometry: InputGeometry, filter: ResampleFilter = .bilinear, pad: [UInt8]? = nil
  ) throws(Fault) -> PixelBuffer {
    precondition(size == geometry.upright)
    return try resized(to: geometry.resized, filter: filter, crop: geometry.crop)
      .padded(for: geometry, pad: pad)
  }

  func padded(for geometry: InputGeometry, pad: [UInt8]? = nil) throws(Fault) -> PixelBuffer {
    if size == geometry.input { return self }
    let result = try PixelBuffer(
      uninitializedWidth: geometry.input.width, height: geometry.input.height, channels: channels)
    let target = result.base.initializeMemory(
      as: UInt8.self, repeating: 0, count: result.byteCount)
    if let pad, pad.contains(where: { $0 != 0 }) {
      precondition(pad.count == channels)
      for place in 0..<result.byteCount { target[place] = pad[place % channels] }
    }
    for row in 0..<height {
      let start = (geometry.paddingTop + row) * result.rowBytes + geometry.paddingLeft * channels
      (result.base + start).copyMemory(from: base + row * rowBytes, byteCount: rowBytes)
    }
    withExtendedLifetime((self, result)) {}
    return result
  }
}
