internal import CImageCodecs
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
    var writer = try PNGWriter(
      width: placement.target.width, height: placement.target.height,
      kind: .indexed(palette: colors(colormap) + notSeenColor))
    var rows = HeatRows(grid, placement)
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
    precondition(photo.size == placement.target && photo.channels == 3)
    var writer = try PNGWriter(width: photo.width, height: photo.height, kind: .rgb)
    var rows = HeatRows(grid, placement)
    let share = Int((min(max(alpha, 0), 1) * 256).rounded())
    let table = blendTable(colormap, share: share)
    var row = [UInt8](repeating: 0, count: photo.rowBytes)
    for y in 0..<photo.height {
      let isSeen = placement.seen.rows.contains(y)
      if isSeen { rows.fill(row: y) }
      photo.withBytes { bytes in
        let source = UnsafeRawBufferPointer(
          rebasing: bytes[y * photo.rowBytes..<(y + 1) * photo.rowBytes])
        blend(
          source, isSeen ? placement.seen.columns : 0..<0, rows.levels, table, 256 - share, &row)
      }
      try append(row, to: &writer)
    }
    return try writer.finish()
  }

  /// Blends the columns that were seen and dims the others.
  private static func blend(
    _ photo: UnsafeRawBufferPointer, _ seen: Range<Int>, _ levels: [UInt8], _ table: [UInt16],
    _ keep: Int, _ row: inout [UInt8]
  ) {
    guard let photo = photo.bindMemory(to: UInt8.self).baseAddress else { return }
    row.withUnsafeMutableBufferPointer { row in
      guard let out = row.baseAddress else { return }
      let width = row.count / 3
      ic_heat_dim(photo, Int32(seen.lowerBound), out)
      ic_heat_blend(
        photo + seen.lowerBound * 3, levels, table, UInt32(keep), Int32(seen.count),
        out + seen.lowerBound * 3)
      ic_heat_dim(
        photo + seen.upperBound * 3, Int32(width - seen.upperBound), out + seen.upperBound * 3)
    }
  }

  private static func append(_ row: [UInt8], to writer: inout PNGWriter) throws(Fault) {
    try row.withUnsafeBufferPointer { row throws(Fault) in
      try writer.append(UnsafeRawBufferPointer(row))
    }
  }

  /// The colours of levels 0...254.
  static func colors(_ colormap: Colormap) -> [UInt8] {
    let table = colormap.table
    return (0...HeatRows.topLevel).flatMap { level in
      let entry = (level * 255 + HeatRows.topLevel / 2) / HeatRows.topLevel
      return table[entry * 3..<entry * 3 + 3]
    }
  }

  /// Per level: colour times share, plus one half, in 1/256.
  private static func blendTable(_ colormap: Colormap, share: Int) -> [UInt16] {
    let colors = colors(colormap)
    return (0...HeatRows.topLevel).flatMap { level in
      (0..<4).map { $0 < 3 ? UInt16(Int(colors[level * 3 + $0]) * share + 128) : 0 }
    }
  }
}
