import Tensors

/// A factor of an axis along which the rows or the columns of a grid run.
///
/// Element i lies at (start + i · stride) modulo `total`.
struct Cells: Hashable {
  enum Direction: Hashable {
    case row
    case column
  }

  var direction: Direction
  var extent: Int
  var stride: Int
  var start: Int
  /// The extent of the whole grid in this direction.
  var total: Int

  /// All rows, or all columns, of a grid.
  init(all direction: Direction, _ extent: Int) {
    self.direction = direction
    self.extent = extent
    stride = 1
    start = 0
    total = extent
  }

  var isComplete: Bool { extent == total && stride == 1 && start == 0 }

  /// Whether it is most of the rows or columns, from one to another: all, but for a crop.
  var isWhole: Bool { stride == 1 && start + extent <= total && 2 * extent > total }

  /// The factors of an axis that is cut into `count` parts.
  func split(into count: Int) -> (outer: Cells, inner: Cells) {
    var (outer, inner) = (self, self)
    inner.extent = extent / count
    inner.start = 0
    outer.extent = count
    outer.stride = stride * inner.extent
    return (outer, inner)
  }

  /// The factor that stands for this one and the next faster one.
  func merged(with inner: Cells) -> Cells? {
    guard direction == inner.direction, total == inner.total,
      stride == inner.extent * inner.stride
    else { return nil }
    var merged = inner
    merged.extent *= extent
    merged.start = (start + inner.start) % total
    return merged
  }

  /// The factor that stands for this one followed by another along the same axis.
  func joined(with next: Cells) -> Cells? {
    guard direction == next.direction, total == next.total, stride == next.stride,
      next.start == (start + extent * stride) % total, (extent + next.extent) * stride <= total
    else { return nil }
    var joined = self
    joined.extent += next.extent
    return joined
  }
}

/// A factor of an axis: the axis runs through its factors with the last one fastest.
enum Factor: Hashable {
  /// Anything without a place: channels, heads.
  case other(Int)
  case cells(Cells)
  /// A sequence of tokens without a place, cells, and tokens again.
  case tokens(before: Int, cells: [Cells], after: Int)

  var extent: Int {
    switch self {
    case .other(let extent): extent
    case .cells(let cells): cells.extent
    case .tokens(let before, let cells, let after):
      before + cells.reduce(1) { $0 * $1.extent } + after
    }
  }

  var cells: [Cells] {
    switch self {
    case .other: []
    case .cells(let cells): [cells]
    case .tokens(_, let cells, _): cells
    }
  }

  func split(into count: Int) -> (outer: Factor, inner: Factor)? {
    switch self {
    case .other(let extent): return (.other(count), .other(extent / count))
    case .cells(let cells):
      let parts = cells.split(into: count)
      return (.cells(parts.outer), .cells(parts.inner))
    case .tokens: return nil
    }
  }

  func coarsened(_ direction: Cells.Direction, by block: Int) -> Factor {
    func coarse(_ cells: Cells) -> Cells {
      guard cells.direction == direction else { return cells }
      var cells = cells
      cells.stride /= block
      cells.start /= block
      cells.total /= block
      return cells
    }
    return switch self {
    case .other: self
    case .cells(let cells): .cells(coarse(cells))
    case .tokens(let before, let cells, let after):
      .tokens(before: before, cells: cells.map(coarse), after: after)
    }
  }

  func merged(with inner: Factor) -> Factor? {
    switch (self, inner) {
    case (.other(let a), .other(let b)): .other(a * b)
    case (.cells(let a), .cells(let b)): a.merged(with: b).map { .cells($0) }
    default: nil
    }
  }
}

/// Where the cells of a grid lie in a value, axis by axis.
struct GridForm {
  typealias Axis = [Factor]

  /// Without factors of extent 1.
  var axes: [Axis]
  /// The rows and columns of the grid.
  var rows, columns: Int
  /// How the cells lie over the image; `nil` when no regular grid of pixels describes it.
  var geometry: LayerGeometry?

  init(axes: [Axis], rows: Int, columns: Int, geometry: LayerGeometry?) {
    self.axes = axes.map { Self.simplified($0) }
    self.rows = rows
    self.columns = columns
    self.geometry = geometry
  }

  /// The form of a grid along two axes of a value.
  init(_ shape: Shape, rowAxis: Int, columnAxis: Int, geometry: LayerGeometry?) {
    let axes = shape.dimensions.enumerated().map { axis, extent -> Axis in
      if axis == rowAxis { return [.cells(Cells(all: .row, extent))] }
      if axis == columnAxis { return [.cells(Cells(all: .column, extent))] }
      return [.other(extent)]
    }
    self.init(
      axes: axes, rows: shape[rowAxis], columns: shape[columnAxis], geometry: geometry)
  }

  var hasCells: Bool { axes.contains { $0.hasCells } }

  /// The same with other axes; the grid is that of the cells in them.
  func with(axes: [Axis]) -> GridForm {
    GridForm(axes: axes, rows: rows, columns: columns, geometry: geometry)
  }

  /// The same elements in the same order under another shape; `nil` when a cut is impossible.
  func reshaped(_ shape: Shape) -> GridForm? {
    var rest = Array(Self.simplified(axes.flatMap { $0 }).reversed())
    var result: [Axis] = []
    for extent in shape.dimensions {
      var axis: Axis = []
      var missing = extent
      while missing > 1 {
        guard let factor = rest.popLast() else { return nil }
        if missing % factor.extent == 0 {
          axis.append(factor)
          missing /= factor.extent
        } else if factor.extent % missing == 0, let parts = factor.split(into: missing) {
          axis.append(parts.outer)
          rest.append(parts.inner)
          missing = 1
        } else {
          return nil
        }
      }
      result.append(axis)
    }
    return rest.isEmpty ? with(axes: result) : nil
  }

  /// The same as a grid of blocks, where what tells the cells of a block apart is gone.
  func coarsened() -> GridForm {
    var result = self
    for direction in [Cells.Direction.row, .column] {
      let cells = axes.flatMap { $0 }.flatMap(\.cells).filter { $0.direction == direction }
      guard let block = cells.map(\.stride).min(), block > 1,
        cells.allSatisfy({
          $0.total % block == 0 && $0.stride % block == 0 && $0.start % block == 0
        })
      else { continue }
      result.axes = result.axes.map { $0.map { $0.coarsened(direction, by: block) } }
      let reach = direction == .row ? [block, 1] : [1, block]
      result.geometry = result.geometry?.window(reach: reach, strides: reach)
      if direction == .row { result.rows /= block } else { result.columns /= block }
    }
    return result
  }

  private static func simplified(_ axis: Axis) -> Axis {
    var result: Axis = []
    for factor in axis where factor.extent != 1 {
      if let last = result.last, let merged = last.merged(with: factor) {
        result[result.count - 1] = merged
      } else {
        result.append(factor)
      }
    }
    return result
  }
}

extension GridForm.Axis {
  var hasCells: Bool { contains { !$0.cells.isEmpty } }

  /// The only factor, if it is of cells.
  var onlyCells: Cells? {
    if count == 1, case .cells(let cells) = self[0] { cells } else { nil }
  }
}
