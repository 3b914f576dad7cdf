/// How far two heatmaps agree, placed over the same image.
public struct MapAgreement: Sendable, Hashable {
  /// The root of the mean squared difference of the maps, each divided by its maximum after ReLU.
  public let rootMeanSquare: Double
  /// The area where both reach half of their maximum as a share of where either does.
  public let intersectionOverUnion: Double
  /// The distance of the points in which the maps balance, in pixels; `nil` when one says nothing.
  public let centerShift: Double?

  /// A signed map over a grid of cells, and where it lies.
  public struct Map: Sendable, Hashable {
    public var height: Int
    public var width: Int
    /// Row by row.
    public var values: [Float]
    /// From grid cells to pixels, [a, 0, 0, d, e, f].
    ///
    /// x = a column + e, y = d row + f; the corner of the first cell is (0, 0).
    public var toInput: [Double]

    public init(height: Int, width: Int, values: [Float], toInput: [Double]) {
      self.height = height
      self.width = width
      self.values = values
      self.toInput = toInput
    }
  }

  /// An agreement that was measured before.
  public init(rootMeanSquare: Double, intersectionOverUnion: Double, centerShift: Double?) {
    self.rootMeanSquare = rootMeanSquare
    self.intersectionOverUnion = intersectionOverUnion
    self.centerShift = centerShift
  }

  /// Places both maps over the image and compares them where both have looked.
  ///
  /// Maps on the same grid are compared cell by cell, others on a grid of points over the part of the
  /// image that both have seen, interpolated bilinearly.
  public init(_ first: Map, _ second: Map) {
    let (a, b): ([Float], [Float])
    let isSameGrid =
      first.height == second.height && first.width == second.width
      && first.toInput == second.toInput
    if isSameGrid {
      (a, b) = (first.scaled, second.scaled)
    } else {
      let box = first.box.intersection(second.box)
      (a, b) = (first.sampled(over: box), second.sampled(over: box))
    }
    rootMeanSquare = ArrayDifference(a, b).rootMeanSquare
    var (both, either) = (0, 0)
    for (x, y) in zip(a, b) {
      let (isFirst, isSecond) = (x >= 0.5, y >= 0.5)
      if isFirst && isSecond { both += 1 }
      if isFirst || isSecond { either += 1 }
    }
    // Two maps that say nothing agree.
    intersectionOverUnion = either > 0 ? Double(both) / Double(either) : 1
    if let from = first.center, let to = second.center {
      let (x, y) = (to.x - from.x, to.y - from.y)
      centerShift = (x * x + y * y).squareRoot()
    } else {
      centerShift = nil
    }
  }
}

extension MapAgreement.Map {
  fileprivate struct Box {
    var left: Double
    var top: Double
    var right: Double
    var bottom: Double

    func intersection(_ other: Box) -> Box {
      Box(
        left: max(left, other.left), top: max(top, other.top), right: min(right, other.right),
        bottom: min(bottom, other.bottom))
    }
  }

  /// The map after ReLU, divided by its maximum.
  fileprivate var scaled: [Float] {
    let rectified = values.map { $0.isFinite ? max($0, 0) : 0 }
    let highest = rectified.max() ?? 0
    return highest > 0 ? rectified.map { $0 / highest } : rectified
  }

  fileprivate var box: Box {
    Box(
      left: toInput[4], top: toInput[5], right: toInput[4] + toInput[0] * Double(width),
      bottom: toInput[5] + toInput[3] * Double(height))
  }

  /// The point in which the map after ReLU balances.
  fileprivate var center: (x: Double, y: Double)? {
    var (sum, x, y) = (0.0, 0.0, 0.0)
    for (cell, value) in values.enumerated() where value > 0 && value.isFinite {
      sum += Double(value)
      x += Double(value) * (Double(cell % width) + 0.5)
      y += Double(value) * (Double(cell / width) + 0.5)
    }
    guard sum > 0 else { return nil }
    return (x / sum * toInput[0] + toInput[4], y / sum * toInput[3] + toInput[5])
  }

  /// The scaled map at points over a box.
  fileprivate func sampled(over box: Box, points: Int = 64) -> [Float] {
    guard box.right > box.left, box.bottom > box.top else { return [] }
    let values = scaled
    func positions(
      _ low: Double, _ high: Double, _ scale: Double, _ start: Double, _ cells: Int
    ) -> [(cell: Int, weight: Float)] {
      (0..<points).map { point in
        let pixel = low + (high - low) * (Double(point) + 0.5) / Double(points)
        let place = min(max((pixel - start) / scale - 0.5, 0), Double(cells - 1))
        let cell = min(Int(place), max(cells - 2, 0))
        return (cell, Float(place - Double(cell)))
      }
    }
    let columns = positions(box.left, box.right, toInput[0], toInput[4], width)
    let rows = positions(box.top, box.bottom, toInput[3], toInput[5], height)
    return rows.flatMap { row in
      columns.map { column in
        let right = min(column.cell + 1, width - 1)
        let below = min(row.cell + 1, height - 1)
        func line(_ y: Int) -> Float {
          let left = values[y * width + column.cell]
          return left + column.weight * (values[y * width + right] - left)
        }
        return line(row.cell) + row.weight * (line(below) - line(row.cell))
      }
    }
  }
}
