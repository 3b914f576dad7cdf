public import Faults

/// Draws heat as PNG files.
public enum Heatmap {
  /// The palette index of pixels that the model did not see.
  public static let notSeenIndex = 255
  /// Their colour.
  public static let notSeenColor: [UInt8] = [96, 96, 96]

  /// An indexed PNG: levels 0...254 in the colours of the map, 255 for what was not seen.
  /// - Throws: `Fault` with code `resource.exhausted` without memory.
  public static func png(
    _ grid: HeatGrid, _ placement: HeatmapPlacement, colormap: Colormap
  ) throws(Fault) -> [UInt8] {
    try png(grid, placement, colormap: colormap, level: CodecLevel.best)
  }

  static func png(
    _ grid: HeatGrid, _ placement: HeatmapPlacement, colormap: Colormap, level: Int32
  ) throws(Fault) -> [UInt8] {
    var writer = try PNGWriter(
      width: placement.target.width, height: placement.target.height,
      kind: .indexed(palette: colors(colormap) + notSeenColor), level: level)
    var rows = HeatRows(grid, placement, level: level)
    let seen = placement.seen
    let empty = [UInt8](repeating: UInt8(notSeenIndex), count: placement.target.width)
    var row = empty
    for y in 0..<placement.target.height {
      guard seen.rows.contains(y) else {
        try append(empty, to: &writer)
        continue
      }
      rows.fill(row: y)
      row.replaceSubrange(seen.columns, with: rows.levels)
      try append(row, to: &writer)
    }
    return try writer.finish()
  }

  /// An RGB PNG of the photo with the heat's colours mixed in; what was not seen is dark and gray.
  ///
  /// `photo` is upright RGB of the placement's size, `alpha` the share of the colours in 0...1.
  /// - Throws: `Fault` with code `resource.exhausted` without memory.
  public static func overlayPNG(
    _ grid: HeatGrid, _ placement: HeatmapPlacement, colormap: Colormap, alpha: Double,
    over photo: PixelBuffer
  ) throws(Fault) -> [UInt8] {
    try overlayPNG(
      grid, placement, colormap: colormap, alpha: alpha, over: photo, level: CodecLevel.best)
  }

  static func overlayPNG(
    _ grid: HeatGrid, _ placement: HeatmapPlacement, colormap: Colormap, alpha: Double,
    over photo: PixelBuffer, level: Int32
  ) throws(Fault) -> [UInt8] {
    precondition(photo.size == placement.target && photo.channels == 3)
    var writer = try PNGWriter(
      width: photo.width, height: photo.height, kind: .rgb, level: level)
    var rows = HeatRows(grid, placement, level: level)
    let blend = HeatBlend(colormap, alpha: alpha, level: level)
    var row = [UInt8](repeating: 0, count: photo.rowBytes)
    for y in 0..<photo.height {
      let isSeen = placement.seen.rows.contains(y)
      if isSeen { rows.fill(row: y) }
      photo.withBytes { bytes in
        let source = UnsafeRawBufferPointer(
          rebasing: bytes[y * photo.rowBytes..<(y + 1) * photo.rowBytes])
        blend.fill(&row, source, isSeen ? placement.seen.columns : 0..<0, rows.levels)
      }
      try append(row, to: &writer)
    }
    return try writer.finish()
  }

  private static func append(_ row: [UInt8], to writer: inout PNGWriter) throws(Fault) {
    try row.withUnsafeBufferPointer { row throws(Fault) in
      try writer.append(UnsafeRawBufferPointer(row))
    }
  }

  /// The colours of levels 0...254.
  static func colors(_ colormap: Colormap) -> [UInt8] {
    let table = colormap.table
    var colors: [UInt8] = []
    colors.reserveCapacity(3 * (HeatRows.topLevel + 1))
    for level in 0...HeatRows.topLevel {
      let entry = (level * 255 + HeatRows.topLevel / 2) / HeatRows.topLevel
      for channel in 0..<3 { colors.append(table[entry * 3 + channel]) }
    }
    return colors
  }
}
