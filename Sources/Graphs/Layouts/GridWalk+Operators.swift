import Faults
import Kernels
import Tensors

extension GridWalk {
  /// The placement after an operator that moves, cuts, pools or convolves the grid of its input 0.
  func following(
    _ form: GridForm, _ node: Node, output place: Int, _ from: Shape, _ to: Shape
  ) -> Placement {
    switch node.op {
    case is any GlobalPool: return .pooled
    case is any RowNormalizationOperator:
      return place == 0 ? .grid(form) : .unknown("it is a statistic of a normalisation")
    case is LpNormalization: return .grid(form)
    case let op as any SoftmaxOperator: return weighed(form, op, from)
    case let op as Transpose:
      guard let perm = try? op.permutation(rank: from.rank) else { return .unknown("no axes") }
      return .grid(form.with(axes: perm.map { form.axes[$0] }))
    case let op as any ReductionOperator: return reduced(form, op, node)
    case let op as Slice: return sliced(form, op, node, from, to)
    case let op as Split: return split(form, op, node, output: place, from)
    case let op as Gather: return gathered(form, op, node, from)
    case let op as Pad: return padded(form, op, node, to)
    case is Resize, is Upsample: return resized(form, from, to)
    case is Tile:
      return from == to ? .grid(form) : .unknown("it repeats a map")
    default:
      if node.op.isView { return viewed(form, to) }
      return windowed(form, node, from, to)
    }
  }

  private func viewed(_ form: GridForm, _ to: Shape) -> Placement {
    form.reshaped(to).map { .grid($0) }
      ?? .unknown("its shape cuts the tokens or the grid where no row ends")
  }

  /// Softmax along the cells joins them all, but each stays at its place.
  private func weighed(_ form: GridForm, _ op: any SoftmaxOperator, _ from: Shape) -> Placement {
    guard let axis = try? from.normalized(axis: op.axis) else { return .unknown("no axis") }
    var form = form
    let isMixed =
      op.flattens
      ? form.axes[axis...].contains(where: \.hasCells)
      : form.axes[axis].hasCells
    if isMixed { form.geometry?.receptiveField = nil }
    return .grid(form)
  }

  private func reduced(
    _ form: GridForm, _ op: any ReductionOperator, _ node: Node
  ) -> Placement {
    guard let reduced = try? op.reducedAxes(graph.facts(of: node)) else {
      return .unknown("the axes it is reduced along are not known")
    }
    var axes: [GridForm.Axis] = []
    for (axis, factors) in form.axes.enumerated() {
      if !reduced.contains(axis) {
        axes.append(factors)
      } else if op.keepdims {
        axes.append([])
      }
    }
    return Placement(form.with(axes: axes))
  }

  private func sliced(
    _ form: GridForm, _ op: Slice, _ node: Node, _ from: Shape, _ to: Shape
  ) -> Placement {
    guard let bounds = try? op.bounds(graph.facts(of: node)) else {
      return .unknown("where it is cut is not known")
    }
    var form = form
    for axis in 0..<from.rank {
      let cut = Cut(
        start: bounds.starts[axis], step: bounds.steps[axis], count: bounds.extents[axis])
      guard cut.count < from[axis] || cut.step != 1 else { continue }
      if let reason = form.cut(axis, cut) { return .unknown(reason) }
    }
    return Placement(form)
  }

  private func split(
    _ form: GridForm, _ op: Split, _ node: Node, output place: Int, _ from: Shape
  ) -> Placement {
    guard let axis = try? from.normalized(axis: op.axis) else { return .unknown("no axis") }
    let extents = node.outputs.map { shape($0)?[axis] ?? 0 }
    let cut = Cut(start: extents[..<place].reduce(0, +), step: 1, count: extents[place])
    var form = form
    if let reason = form.cut(axis, cut) { return .unknown(reason) }
    return Placement(form)
  }

  private func gathered(
    _ form: GridForm, _ op: Gather, _ node: Node, _ from: Shape
  ) -> Placement {
    guard let axis = try? from.normalized(axis: op.axis), let indices = shape(node.inputs[1])
    else { return .unknown("no axis") }
    var form = form
    let chosen: GridForm.Axis
    if form.axes[axis].hasCells {
      guard
        let values = node.inputs[1].flatMap({ try? graph[$0].constant?.integers() }),
        let cut = Cut(values.map { $0 < 0 ? $0 + from[axis] : $0 }), indices.rank <= 1
      else { return .unknown("it gathers places by index") }
      if let reason = form.cut(axis, cut) { return .unknown(reason) }
      chosen = form.axes[axis]
    } else {
      chosen = []
    }
    var inserted = indices.dimensions.map { $0 > 1 ? [Factor.other($0)] : [] }
    if chosen.hasCells { inserted = [chosen] }
    return Placement(
      form.with(axes: form.axes[..<axis] + inserted + form.axes[(axis + 1)...]))
  }

  private func padded(_ form: GridForm, _ op: Pad, _ node: Node, _ to: Shape) -> Placement {
    guard let amounts = try? op.amounts(graph.facts(of: node)) else {
      return .unknown("how it is padded is not known")
    }
    var form = form
    for axis in form.axes.indices
    where amounts.before[axis] != 0 || amounts.after[axis] != 0 {
      guard form.axes[axis].hasCells else {
        form.axes[axis] = [.other(to[axis])]
        continue
      }
      guard let cells = form.axes[axis].onlyCells, cells.isWhole else {
        return .unknown("it pads between cells")
      }
      form.renew(axis, cells.direction, to[axis])
    }
    return .grid(form)
  }

  /// Another number of rows or columns over the same image.
  private func resized(_ form: GridForm, _ from: Shape, _ to: Shape) -> Placement {
    var form = form
    for axis in form.axes.indices where from[axis] != to[axis] {
      guard let cells = form.axes[axis].onlyCells, cells.isWhole else {
        return .unknown("it resizes what is no grid")
      }
      form.renew(axis, cells.direction, to[axis])
    }
    if from != to { form.geometry = nil }
    return Placement(form)
  }

  /// A convolution or a pooling over axes 2 and 3, which hold rows and columns.
  private func windowed(
    _ form: GridForm, _ node: Node, _ from: Shape, _ to: Shape
  ) -> Placement {
    let form = summedOverChannels(form, node)
    if let window = Window(node, graph), window.isPointwise, from.rank == to.rank,
      !form.axes[1].hasCells, from.dimensions.dropFirst(2) == to.dimensions.dropFirst(2)
    {
      var form = form
      form.axes[1] = to[1] > 1 ? [.other(to[1])] : []
      return .grid(form)
    }
    guard form.isPlanes, to.rank == 4 else {
      return .unknown("\(node.op.opType) mixes cells along axes that are not rows and columns")
    }
    let geometry: LayerGeometry?
    switch node.op {
    case is ConvTranspose, is DepthToSpace: geometry = nil
    default:
      guard let window = Window(node, graph) else {
        return .unknown("\(node.op.opType) does not keep places")
      }
      geometry = form.geometry?.window(reach: window.reach, strides: window.strides)
    }
    return Placement(GridForm(to, rowAxis: 2, columnAxis: 3, geometry: geometry))
  }
}

extension GridWalk {
  /// The blocks of cells that a convolution sums over when its channels tell the cells of a block
  /// apart, as after moving space to depth.
  private func summedOverChannels(_ form: GridForm, _ node: Node) -> GridForm {
    guard let conv = node.op as? Conv, conv.group == 1, form.axes.count > 1,
      form.axes[1].hasCells
    else { return form }
    var blocks = form
    blocks.axes[1] = []
    if !blocks.keepsBlocks(without: form.axes[1]) { blocks.geometry?.receptiveField = nil }
    return blocks.coarsened()
  }
}

/// Some elements along an axis: from `start` on, each `step` after the last.
struct Cut {
  var start, step, count: Int

  init(start: Int, step: Int, count: Int) {
    self.start = start
    self.step = step
    self.count = count
  }

  /// The elements of these indices, one after another; `nil` for any others.
  init?(_ indices: [Int]) {
    guard let first = indices.first,
      indices.enumerated().allSatisfy({ $0.element == first + $0.offset })
    else { return nil }
    self.init(start: first, step: 1, count: indices.count)
  }
}

extension GridForm {
  /// Keeps some elements of an axis; returns why that leaves no known places, if so.
  mutating func cut(_ axis: Int, _ cut: Cut) -> String? {
    guard axes[axis].hasCells else {
      axes[axis] = cut.count > 1 ? [.other(cut.count)] : []
      return nil
    }
    guard axes[axis].count == 1 else { return "it is a part of the cells" }
    switch axes[axis][0] {
    case .other: return nil
    case .cells(let cells): return self.cut(axis, cut, cells)
    case .tokens(let before, let cells, let after):
      let end = before + cells.reduce(1) { $0 * $1.extent }
      guard cut.step == 1 else { return "it is a part of the cells" }
      if cut.start + cut.count <= before || cut.start >= end {
        axes[axis] = cut.count > 1 ? [.other(cut.count)] : []
      } else if cut.start <= before, cut.start + cut.count >= end {
        let (prefix, suffix) = (before - cut.start, cut.start + cut.count - end)
        axes[axis] =
          prefix + suffix == 0
          ? cells.map { .cells($0) } : [.tokens(before: prefix, cells: cells, after: suffix)]
        precondition(suffix <= after)
      } else {
        return "it is a part of the cells"
      }
      return nil
    }
  }

  private mutating func cut(_ axis: Int, _ cut: Cut, _ cells: Cells) -> String? {
    if cut.step == 1 {
      var part = cells
      part.start = (cells.start + cut.start * cells.stride) % cells.total
      part.extent = cut.count
      axes[axis] = cut.count > 1 ? [.cells(part)] : []
      return nil
    }
    // Every second cell, or so, of all.
    guard cut.step > 1, cells.isComplete, cut.start < cut.step,
      cut.start + cut.count * cut.step >= cells.extent
    else { return "it is turned round, or a part of the cells" }
    let strides = cells.direction == .row ? [cut.step, 1] : [1, cut.step]
    geometry = geometry?.window(reach: [1, 1], strides: strides)
    renew(axis, cells.direction, cut.count)
    return nil
  }

  /// Begins another grid along an axis.
  mutating func renew(_ axis: Int, _ direction: Cells.Direction, _ extent: Int) {
    axes[axis] = extent > 1 ? [.cells(Cells(all: direction, extent))] : []
    if direction == .row { rows = extent } else { columns = extent }
  }

  /// Whether it is a map [N, C, H, W], or nearly all of one.
  var isPlanes: Bool {
    guard axes.count == 4, !axes[0].hasCells, !axes[1].hasCells else { return false }
    return zip(axes[2...], [Cells.Direction.row, .column]).allSatisfy { axis, direction in
      let isSingle = (direction == .row ? rows : columns) == 1
      if axis.isEmpty { return isSingle }
      return axis.onlyCells.map { $0.direction == direction && $0.isWhole } ?? false
    }
  }
}
