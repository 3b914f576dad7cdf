extension HeatmapPlacement {
  /// Interpolates a grid over the picture: one float per pixel, row by row, zero where nothing was
  /// seen.
  ///
  /// Bilinear between cell centres (half-pixel convention), constant beyond the outer centres.
  /// - Parameter values: `width * height` numbers, row by row.
  public func sample(_ values: [Float], width: Int, height: Int) -> [Float] {
    precondition(width > 0 && height > 0 && values.count == width * height)
    var samples = [Float](repeating: 0, count: target.width * target.height)
    let columns = seen.columns.map { HeatRows.position($0, left, gridWidth, cells: width) }
    for y in seen.rows {
      let row = HeatRows.position(y, top, gridHeight, cells: height)
      let upper = row.cell * width
      let lower = min(row.cell + 1, height - 1) * width
      let line = (0..<width).map { column in
        let above = values[upper + column]
        return above + row.weight * (values[lower + column] - above)
      }
      for (x, column) in zip(seen.columns, columns) {
        let left = line[column.cell]
        let right = line[min(column.cell + 1, width - 1)]
        samples[y * target.width + x] = left + column.weight * (right - left)
      }
    }
    return samples
  }
}
