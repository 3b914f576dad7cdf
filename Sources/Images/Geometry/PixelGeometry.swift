/// Width and height in pixels.
public struct PixelSize: Hashable, Sendable {
  public var width: Int
  public var height: Int

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// The size whose shorter side is `shortSide`; the longer side is truncated, as torchvision does.
  public func scaled(shortSide: Int) -> PixelSize {
    let long = Int(Double(shortSide) * Double(max(width, height)) / Double(min(width, height)))
    return width <= height
      ? PixelSize(width: shortSide, height: long) : PixelSize(width: long, height: shortSide)
  }

  /// The size with these proportions that covers a target, or fits into it; as timm computes it.
  func scaled(to target: PixelSize, covering: Bool) -> PixelSize {
    let across = Double(width) / Double(target.width)
    let down = Double(height) / Double(target.height)
    let ratio = covering ? min(across, down) : max(across, down)
    func side(_ length: Int) -> Int {
      max(Int((Double(length) / ratio).rounded(.toNearestOrEven)), 1)
    }
    return PixelSize(width: side(width), height: side(height))
  }

  /// The size itself, or the one with the same proportions whose longer side is `longestSide`.
  public func fitting(longestSide: Int) -> PixelSize {
    let longest = max(width, height)
    guard longest > longestSide else { return self }
    let factor = Double(longestSide) / Double(longest)
    return PixelSize(
      width: max(Int((Double(width) * factor).rounded()), 1),
      height: max(Int((Double(height) * factor).rounded()), 1))
  }
}

/// A rectangle of whole pixels; its right and lower edges are exclusive.
public struct PixelRect: Hashable, Sendable {
  public var x: Int
  public var y: Int
  public var width: Int
  public var height: Int

  public init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  var columns: Range<Int> { x..<x + width }
  var rows: Range<Int> { y..<y + height }
}

extension PixelBuffer {
  public var size: PixelSize { PixelSize(width: width, height: height) }
}
