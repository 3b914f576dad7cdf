extension Orientation {
  /// Whether the last stored column or row comes first in upright columns, and in upright rows.
  var turnedSides: (columns: Bool, rows: Bool) {
    switch self {
    case .upright, .transposed: (false, false)
    case .mirrored, .rotated90: (true, false)
    case .rotated180, .transversed: (true, true)
    case .flipped, .rotated270: (false, true)
    }
  }

  /// The stored pixels that upright columns and rows of an image of the upright size `size` show.
  func storedRect(columns: Range<Int>, rows: Range<Int>, of size: PixelSize) -> PixelRect {
    let (turnsColumns, turnsRows) = turnedSides
    let x = turnsColumns ? size.width - columns.upperBound : columns.lowerBound
    let y = turnsRows ? size.height - rows.upperBound : rows.lowerBound
    return swapsSides
      ? PixelRect(x: y, y: x, width: rows.count, height: columns.count)
      : PixelRect(x: x, y: y, width: columns.count, height: rows.count)
  }
}
