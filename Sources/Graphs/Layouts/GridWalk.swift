import Faults
import Tensors

/// Where the cells of the image's grid are in a value.
enum Placement {
  /// Depends on no image.
  case fixed
  /// Depends on all of the image, without a place of its own.
  case pooled
  /// Mixes all places by weights: it may be a token beside the grid, or a residual of all cells.
  case mixed(String)
  /// Not known, for this reason.
  case unknown(String)
  case grid(GridForm)

  var form: GridForm? { if case .grid(let form) = self { form } else { nil } }

  /// A form, or what it is without any cell.
  init(_ form: GridForm, otherwise: Placement = .pooled) {
    self = form.hasCells ? .grid(form.coarsened()) : otherwise
  }
}

/// Follows the grid of an image through a graph.
struct GridWalk {
  /// With the float operators that quantised ones stand for, and products for sums over named axes.
  let graph: Graph
  private(set) var placements: [Placement]
  /// For each value, the node that computes it.
  let producers: [Int?]

  /// Takes every input of four axes as an image; the graph must be specialised.
  init(_ graph: Graph) {
    var graph = graph.nodes.contains { $0.op is Einsum } ? graph.einsumsAsProducts() : graph
    graph.nodes = graph.nodes.map(\.withoutQuantization)
    self.graph = graph
    producers = graph.producers()
    placements = [Placement](repeating: .fixed, count: graph.values.count)
    for input in graph.inputs {
      let value = input.value
      guard let shape = graph[value].type?.shape, let layout = graph.layout(of: value) else {
        placements[value.index] = .unknown("it depends on an input that is no image")
        continue
      }
      let axis = layout == .channelsLast ? 1 : 2
      placements[value.index] = Placement(
        GridForm(
          shape, rowAxis: axis, columnAxis: axis + 1,
          geometry: LayerGeometry(stride: [1, 1], receptiveField: [1, 1])))
    }
    for node in graph.nodes {
      for (place, output) in node.outputs.enumerated() {
        placements[output.index] = placement(of: output, at: place, node)
      }
    }
  }

  func producer(of value: ValueID) -> Node? { producers[value.index].map { graph.nodes[$0] } }

  func shape(_ value: ValueID?) -> Shape? { value.flatMap { graph[$0].type?.shape } }

  private func placement(of output: ValueID, at place: Int, _ node: Node) -> Placement {
    if let placement = placeless(node) { return placement }
    guard let to = shape(output), to.elementCount > 0 else {
      return .unknown("its shape is not known")
    }
    if node.op.isPointwise || node.op is Expand { return merged(node, to) }
    if let concat = node.op as? Concat { return joined(concat, node, to) }
    if let (a, b) = node.factors { return product(node, a, b, to) }
    guard let input = node.inputs.first ?? nil, let from = shape(input) else {
      return .unknown("it has no input")
    }
    switch placements[input.index] {
    case .grid(let form): return following(form, node, output: place, from, to)
    case .unknown(let reason): return .unknown(reason)
    case .mixed(let reason): return .mixed(reason)
    case .pooled, .fixed:
      return .unknown("\(node.op.opType) chooses by places what has none")
    }
  }

  /// The placement of a node none of whose inputs has a grid.
  private func placeless(_ node: Node) -> Placement? {
    var result = Placement.fixed
    for case .some(let input) in node.inputs {
      switch (placements[input.index], result) {
      case (.grid, _): return nil
      case (.fixed, _), (.pooled, .mixed), (_, .unknown): break
      case (let placement, _): result = placement
      }
    }
    return result
  }

  /// The placement of cells that are made of the cells of all inputs at their place.
  private func merged(_ node: Node, _ to: Shape) -> Placement {
    let operands = node.inputs.compactMap(\.self)
    var result: GridForm?
    for input in operands {
      guard let form = placements[input.index].form, let from = shape(input) else { continue }
      let missing = [GridForm.Axis](repeating: [], count: max(to.rank - from.rank, 0))
      let aligned = form.with(axes: missing + form.axes)
      guard aligned.axes.count == to.rank else { return .unknown("its operands do not fit") }
      guard let merged = result.map({ $0.merged(with: aligned) }) ?? aligned else {
        return .unknown("\(node.op.opType) joins cells of different places")
      }
      result = merged
    }
    guard var form = result else { return .pooled }
    for axis in form.axes.indices where to[axis] > 1 && form.axes[axis].isEmpty {
      form.axes[axis] = [.other(to[axis])]
    }
    let isMixed = operands.contains {
      switch placements[$0.index] {
      case .mixed, .unknown: true
      default: false
      }
    }
    if isMixed { form.geometry?.receptiveField = nil }
    return .grid(form)
  }

  /// The placement of values that stand one after another along an axis.
  private func joined(_ concat: Concat, _ node: Node, _ to: Shape) -> Placement {
    guard let axis = try? to.normalized(axis: concat.axis) else { return .unknown("no axis") }
    var result: GridForm?
    var line = TokenLine()
    for case .some(let input) in node.inputs {
      guard let shape = shape(input), shape[axis] > 0 else { continue }
      switch placements[input.index] {
      case .fixed, .pooled, .mixed: line.append(extras: shape[axis])
      case .unknown(let reason): return .unknown(reason)
      case .grid(let form):
        guard line.append(form.axes[axis], extent: shape[axis]) else {
          return .unknown("it joins several grids")
        }
        var others = form
        others.axes[axis] = []
        guard let merged = result.map({ $0.merged(with: others) }) ?? others else {
          return .unknown("it joins cells of different places")
        }
        result = merged
      }
    }
    guard let form = result else { return .pooled }
    var axes = form.axes
    axes[axis] = line.axis
    return Placement(form.with(axes: axes))
  }

  /// The placement of a product that sums over an axis of both operands.
  private func product(_ node: Node, _ a: Operand, _ b: Operand, _ to: Shape) -> Placement {
    guard let left = form(of: a), let right = form(of: b) else {
      return .unknown("it is a product with what has no known places")
    }
    guard left.axes.count >= 2, right.axes.count >= 2, to.rank >= 2 else {
      return .unknown("it is a product of vectors")
    }
    let summed = [left.axes[left.axes.count - 1], right.axes[right.axes.count - 2]]
    let columns = right.axes[right.axes.count - 1]
    var (first, second) = (left, right)
    first.axes = Array(left.axes.dropLast()) + [[]]
    second.axes = Array(right.axes.dropLast(2)) + [[], columns]
    func align(_ form: inout GridForm) {
      let missing = max(to.rank - form.axes.count, 0)
      form.axes = [GridForm.Axis](repeating: [], count: missing) + form.axes
    }
    align(&first)
    align(&second)
    guard var form = first.merged(with: second) else {
      return .unknown("its operands have different grids")
    }
    for axis in form.axes.indices where to[axis] > 1 && form.axes[axis].isEmpty {
      form.axes[axis] = [.other(to[axis])]
    }
    if !form.keepsBlocks(without: summed.flatMap { $0 }) { form.geometry?.receptiveField = nil }
    return Placement(form, otherwise: .mixed("it mixes all places by weights"))
  }

  /// The form of an operand as a matrix; one without cells where it has no grid.
  private func form(of operand: Operand) -> GridForm? {
    guard let shape = shape(operand.value) else { return nil }
    var form: GridForm
    switch placements[operand.value.index] {
    case .grid(let grid): form = grid
    case .unknown: return nil
    case .fixed, .pooled, .mixed:
      form = GridForm(
        axes: shape.dimensions.map { $0 > 1 ? [.other($0)] : [] }, rows: 1, columns: 1,
        geometry: nil)
    }
    if operand.isTransposed, form.axes.count == 2 { form.axes.swapAt(0, 1) }
    return form
  }
}

/// The parts of an axis that values are joined along.
private struct TokenLine {
  private var before = 0
  private var parts: GridForm.Axis = []
  private var after = 0

  /// Adds elements without a place.
  mutating func append(extras: Int) {
    if parts.hasCells { after += extras } else { before += extras }
  }

  /// Adds an axis of another value; returns whether that is possible.
  mutating func append(_ axis: GridForm.Axis, extent: Int) -> Bool {
    guard axis.hasCells else {
      append(extras: extent)
      return true
    }
    if parts.isEmpty, axis.count == 1, case .tokens(let prefix, let cells, let suffix) = axis[0] {
      before += prefix
      parts = cells.map { .cells($0) }
      after += suffix
      return true
    }
    if parts.isEmpty {
      parts = axis
      return true
    }
    guard after == 0, let last = parts.onlyCells, let next = axis.onlyCells,
      let joined = last.joined(with: next)
    else { return false }
    parts = [.cells(joined)]
    return true
  }

  var axis: GridForm.Axis {
    guard parts.hasCells else { return [.other(before + after)] }
    if before == 0, after == 0 { return parts }
    let cells = parts.compactMap { factor in
      if case .cells(let cells) = factor { cells } else { nil }
    }
    return cells.count == parts.count
      ? [.tokens(before: before, cells: cells, after: after)] : [.other(before + after)]
  }
}

extension GridForm {
  /// Whether cells that are summed over are those within the blocks that are left.
  func keepsBlocks(without summed: Axis) -> Bool {
    let left = axes.flatMap { $0 }.flatMap(\.cells)
    return summed.flatMap(\.cells).allSatisfy { cells in
      let blocks = left.filter { $0.direction == cells.direction }
      return !blocks.isEmpty && blocks.allSatisfy { $0.stride >= cells.extent * cells.stride }
    }
  }

  /// The form of values joined place by place; `nil` where their cells do not lie alike.
  func merged(with other: GridForm) -> GridForm? {
    precondition(axes.count == other.axes.count)
    var result = self
    for (axis, theirs) in other.axes.enumerated() {
      guard let merged = axes[axis].merged(with: theirs) else { return nil }
      result.axes[axis] = merged
    }
    let totals = result.axes.flatMap { $0 }.flatMap(\.cells)
    result.rows = totals.first { $0.direction == .row }?.total ?? max(rows, other.rows)
    result.columns =
      totals.first { $0.direction == .column }?.total ?? max(columns, other.columns)
    result.geometry = joinedGeometry(other)
    return result
  }

  private func joinedGeometry(_ other: GridForm) -> LayerGeometry? {
    if !hasCells { return other.geometry }
    if !other.hasCells { return geometry }
    guard var known = geometry ?? other.geometry else { return nil }
    if let a = geometry, let b = other.geometry { return a.joined(with: b) }
    known.receptiveField = nil
    return known
  }
}

extension GridForm.Axis {
  /// The factors of an axis that is that of two values joined element by element.
  fileprivate func merged(with other: Self) -> Self? {
    if other.isEmpty || !other.hasCells && hasCells { return self }
    if isEmpty || !hasCells { return other }
    if self == other { return self }
    // A padded grid that was cut to its size again is the grid it is added to.
    guard map(\.extent) == other.map(\.extent) else { return nil }
    var result: Self = []
    for (a, b) in zip(self, other) {
      guard let factor = a.merged(besides: b) else { return nil }
      result.append(factor)
    }
    return result
  }
}

extension Factor {
  /// The factor of a sum of two values.
  fileprivate func merged(besides other: Factor) -> Factor? {
    if self == other { return self }
    guard case .cells(let a) = self, case .cells(let b) = other, a.direction == b.direction
    else { return nil }
    if a.isComplete, b.isWhole { return self }
    return b.isComplete && a.isWhole ? other : nil
  }
}
