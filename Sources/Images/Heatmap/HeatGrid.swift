internal import CImageCodecs

/// A normalised activation map: heat of 0...1 per cell, row by row.
public struct HeatGrid: Sendable, Hashable {
  public let width: Int
  public let height: Int
  let values: [Float]

  /// Values outside 0...1 are clipped; those that are not numbers become 0.
  public init(_ values: [Float], width: Int, height: Int) {
    precondition(width > 0 && height > 0 && values.count == width * height)
    self.width = width
    self.height = height
    self.values = values.map { $0 > 0 ? min($0, 1) : 0 }
  }
}

/// Interpolates a grid over the seen pixels of a picture, one row of levels 0...254 at a time.
///
/// Bilinear between cell centres (half-pixel convention), constant beyond the outer centres.
struct HeatRows {
  static let topLevel = 254

  private let grid: HeatGrid
  private let placement: HeatmapPlacement
  private let level: Int32
  /// First pixel of every pair of columns, in pixels of the seen part; one more at the end.
  private var starts: [Int32] = []
  private var weights: [Float] = []
  private var line: [Float]
  private(set) var levels: [UInt8]

  init(_ grid: HeatGrid, _ placement: HeatmapPlacement, level: Int32) {
    self.grid = grid
    self.level = level
    self.placement = placement
    let seen = placement.seen
    line = [Float](repeating: 0, count: max(grid.width, 2))
    levels = [UInt8](repeating: 0, count: seen.width)
    var pairs: [Int] = []
    for x in seen.columns {
      let position = Self.position(x, placement.left, placement.gridWidth, cells: grid.width)
      pairs.append(position.cell)
      weights.append(position.weight)
    }
    for pair in 0..<line.count - 1 {
      starts.append(Int32(pairs.firstIndex { $0 >= pair } ?? seen.width))
    }
    starts.append(Int32(seen.width))
  }

  /// Fills `levels` for row `y` of the picture.
  mutating func fill(row y: Int) {
    let (cell, weight) = Self.position(
      y, placement.top, placement.gridHeight, cells: grid.height)
    let upper = cell * grid.width
    let lower = min(cell + 1, grid.height - 1) * grid.width
    for column in 0..<grid.width {
      let above = grid.values[upper + column]
      line[column] = above + weight * (grid.values[lower + column] - above)
    }
    if grid.width == 1 { line[1] = line[0] }
    ic_heat_levels(&line, starts, Int32(starts.count - 1), weights, &levels, level)
  }

  /// The cell whose centre lies before pixel `index`, and how far the pixel is towards the next one.
  static func position(
    _ index: Int, _ start: Double, _ extent: Double, cells: Int
  ) -> (cell: Int, weight: Float) {
    let centre = (Double(index) + 0.5 - start) / extent * Double(cells) - 0.5
    let position = min(max(centre, 0), Double(cells - 1))
    let cell = min(Int(position), max(cells - 2, 0))
    return (cell, Float(position - Double(cell)))
  }
}
