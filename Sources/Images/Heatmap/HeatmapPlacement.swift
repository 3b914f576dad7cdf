/// Where a grid of cells lies in a picture that shows it.
public struct HeatmapPlacement: Sendable, Hashable {
  /// The picture's size.
  public let target: PixelSize
  /// The part of the picture that the model saw.
  public let seen: PixelRect
  /// Edges of the whole grid in the picture, in pixels; they may lie outside it.
  let left: Double
  let top: Double
  let gridWidth: Double
  let gridHeight: Double

  private init(
    target: PixelSize, seen: PixelRect, left: Double, top: Double, gridWidth: Double,
    gridHeight: Double
  ) {
    self.target = target
    self.seen = seen
    self.left = left
    self.top = top
    self.gridWidth = gridWidth
    self.gridHeight = gridHeight
  }

  /// The grid fills the picture.
  public init(filling target: PixelSize) {
    self.init(
      target: target, seen: PixelRect(x: 0, y: 0, width: target.width, height: target.height),
      left: 0, top: 0, gridWidth: Double(target.width), gridHeight: Double(target.height))
  }

  /// The grid over the model's input.
  public init(overInput geometry: InputGeometry) {
    self.init(
      target: geometry.input,
      seen: PixelRect(
        x: geometry.paddingLeft, y: geometry.paddingTop, width: geometry.crop.width,
        height: geometry.crop.height),
      left: 0, top: 0, gridWidth: Double(geometry.input.width),
      gridHeight: Double(geometry.input.height))
  }

  /// The grid over the upright image, shown at `target` (the image's own size by default).
  public init(overUpright geometry: InputGeometry, target: PixelSize? = nil) {
    let target = target ?? geometry.upright
    let scaleX = Double(target.width) / Double(geometry.resized.width)
    let scaleY = Double(target.height) / Double(geometry.resized.height)
    let crop = geometry.crop
    let columns = Self.pixels(crop.columns, scale: scaleX, limit: target.width)
    let rows = Self.pixels(crop.rows, scale: scaleY, limit: target.height)
    self.init(
      target: target,
      seen: PixelRect(
        x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count),
      left: Double(crop.x - geometry.paddingLeft) * scaleX,
      top: Double(crop.y - geometry.paddingTop) * scaleY,
      gridWidth: Double(geometry.input.width) * scaleX,
      gridHeight: Double(geometry.input.height) * scaleY)
  }

  private static func pixels(_ range: Range<Int>, scale: Double, limit: Int) -> Range<Int> {
    let low = min(Int((Double(range.lowerBound) * scale).rounded()), limit - 1)
    let high = min(Int((Double(range.upperBound) * scale).rounded()), limit)
    return low..<max(high, low + 1)
  }
}
