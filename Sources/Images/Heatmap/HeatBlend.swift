internal import CImageCodecs

/// Mixes the colours of heat into rows of a photo.
struct HeatBlend {
  /// How much of the photo stays, in 1/256.
  private let keep: UInt32
  private let table: [UInt16]
  private let level: Int32

  /// - Parameter alpha: the share of the colours in 0...1.
  init(_ colormap: Colormap, alpha: Double, level: Int32) {
    let share = UInt32((min(max(alpha, 0), 1) * 256).rounded())
    keep = 256 - share
    let colors = Heatmap.colors(colormap)
    var table = [UInt16](repeating: 0, count: Int(IC_HEAT_TABLE))
    ic_heat_colours(colors, Int32(colors.count / 3), share, &table)
    self.table = table
    self.level = level
  }

  /// Blends the columns that were seen and dims the others.
  func fill(
    _ row: inout [UInt8], _ photo: UnsafeRawBufferPointer, _ seen: Range<Int>, _ levels: [UInt8]
  ) {
    guard let photo = photo.bindMemory(to: UInt8.self).baseAddress else { return }
    row.withUnsafeMutableBufferPointer { row in
      guard let out = row.baseAddress else { return }
      let width = row.count / 3
      ic_heat_dim(photo, Int32(seen.lowerBound), out, level)
      ic_heat_blend(
        photo + seen.lowerBound * 3, levels, table, keep, Int32(seen.count),
        out + seen.lowerBound * 3, level)
      ic_heat_dim(
        photo + seen.upperBound * 3, Int32(width - seen.upperBound), out + seen.upperBound * 3,
        level)
    }
  }
}
