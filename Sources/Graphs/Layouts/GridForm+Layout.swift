import Tensors

extension GridForm {
  /// The layout of a value of this form, or why it is no feature map.
  func layout(_ shape: Shape) -> Result<LayerLayout, Obstacle> {
    do {
      return .success(try checkedLayout(shape))
    } catch {
      return .failure(error)
    }
  }

  /// Why a value is no feature map.
  struct Obstacle: Error {
    var reason: String
  }

  private func checkedLayout(_ shape: Shape) throws(Obstacle) -> LayerLayout {
    let strides = shape.strides
    let located = axes.indices.filter { axes[$0].hasCells }
    let cells = located.flatMap { axes[$0].flatMap(\.cells) }
    for direction in [Cells.Direction.row, .column] {
      try check(cells.filter { $0.direction == direction }, of: direction)
    }
    let others = axes.indices.filter { !axes[$0].isEmpty && !axes[$0].hasCells }
    for axis in located {
      let isMixed = axes[axis].contains { if case .other = $0 { true } else { false } }
      if isMixed { throw Obstacle(reason: "its axis \(axis) merges channels and places") }
    }
    guard others.count <= 1 else {
      let list = others.map { "\($0)" }.joined(separator: " and ")
      throw Obstacle(reason: "its channels lie along axes \(list), as the heads of an attention do")
    }
    let place = places(shape, located, strides)
    var letters = shape.dimensions.map { _ in Character("1") }
    for (axis, letter) in place.letters { letters[axis] = letter }
    let free = letters.indices.filter { letters[$0] == "1" }
    let channelAxis = others.first ?? channelAxis(free, place.letters.keys.min() ?? 0)
    if let channelAxis { letters[channelAxis] = "C" }
    if let first = letters.firstIndex(of: "1") { letters[first] = "N" }
    return LayerLayout(
      axes: String(letters), channels: channelAxis.map { shape[$0] } ?? 1, height: place.height,
      width: place.width, prefixTokens: place.prefix, suffixTokens: place.suffix,
      offset: place.offset, channelStride: channelAxis.map { strides[$0] } ?? 0,
      rowStride: place.rowStride, columnStride: place.columnStride)
  }

  /// Of the axes of one element, the one to call that of the channels.
  private func channelAxis(_ free: [Int], _ firstPlace: Int) -> Int? {
    guard free.count > 1 else { return axes.count > 2 ? free.first : nil }
    return free.last { $0 < firstPlace && $0 > free[0] } ?? free.last
  }

  private func check(_ cells: [Cells], of direction: Cells.Direction) throws(Obstacle) {
    let (name, total) = direction == .row ? ("rows", rows) : ("columns", columns)
    guard let first = cells.first else {
      if total == 1 { return }
      throw Obstacle(reason: "it holds one number for all \(name)")
    }
    if cells.count > 1 {
      let isRepeated = cells.reduce(1) { $0 * $1.extent } > total
      throw Obstacle(
        reason: isRepeated
          ? "it relates places to places, as the matrix of an attention does"
          : "its \(name) are cut into windows")
    }
    if first.stride != 1 { throw Obstacle(reason: "its \(name) are cut into windows") }
    if first.extent == first.total, first.start != 0 {
      throw Obstacle(reason: "its \(name) are shifted around the edge")
    }
    if !first.isWhole { throw Obstacle(reason: "it holds a part of the \(name)") }
  }

  private struct Places {
    var letters: [Int: Character] = [:]
    var height = 1
    var width = 1
    var prefix: Int?
    var suffix = 0
    var offset = 0
    var rowStride = 0
    var columnStride = 0
  }

  private func places(_ shape: Shape, _ located: [Int], _ strides: [Int]) -> Places {
    var place = Places()
    for axis in located {
      var cells = axes[axis].flatMap(\.cells)
      var isSequence = cells.count > 1
      if case .tokens(let before, _, let after) = axes[axis][0] {
        place.prefix = before
        place.suffix = after
        place.offset = before * strides[axis]
        isSequence = true
      }
      var stride = strides[axis]
      while let fastest = cells.popLast() {
        if fastest.direction == .row {
          (place.height, place.rowStride) = (fastest.extent, stride)
        } else {
          (place.width, place.columnStride) = (fastest.extent, stride)
        }
        stride *= fastest.extent
      }
      if isSequence { place.prefix = place.prefix ?? 0 }
      place.letters[axis] =
        isSequence ? "T" : axes[axis].onlyCells?.direction == .row ? "H" : "W"
    }
    if place.prefix == nil { nameSingle(&place) }
    return place
  }

  /// Names the axis of a single row or column after its place beside the other.
  private func nameSingle(_ place: inout Places) {
    guard place.letters.count == 1, let (axis, letter) = place.letters.first else { return }
    let other = letter == "H" ? axis + 1 : axis - 1
    guard axes.indices.contains(other), axes[other].isEmpty, other > 0 || axes.count < 4 else {
      return
    }
    place.letters[other] = letter == "H" ? "W" : "H"
  }
}
