import Faults
import Tensors

/// Which cells of each value the scores can depend on.
///
/// A class token that is read alone leaves the cells beside it without any gradient: everything after
/// the last attention then depends on that token, though the tensors still hold the whole grid.
struct GridLiveness {
  /// For each value the scores depend on, the axes of which they read the extra tokens alone.
  private(set) var tokensOnly: [Set<Int>?]
  /// For each node, the inputs whose cells it hands on to the scores.
  private(set) var openInputs: [[ValueID]]
  private let walk: GridWalk

  init(_ walk: GridWalk, scores: ValueID) {
    self.walk = walk
    tokensOnly = [Set<Int>?](repeating: nil, count: walk.graph.values.count)
    openInputs = [[ValueID]](repeating: [], count: walk.graph.nodes.count)
    tokensOnly[scores.index] = []
    for (index, node) in walk.graph.nodes.enumerated().reversed() {
      for output in node.outputs {
        guard let axes = tokensOnly[output.index] else { continue }
        for input in node.inputs.compactMap(\.self) { read(input, by: node, index, output, axes) }
      }
    }
  }

  /// Whether the scores depend on cells of a value.
  func isOpen(_ value: ValueID) -> Bool {
    tokensOnly[value.index].map { isOpen(value, $0) } ?? false
  }

  private func isOpen(_ value: ValueID, _ tokensOnly: Set<Int>) -> Bool {
    guard let form = walk.placements[value.index].form else { return false }
    return form.axes.indices.contains { form.axes[$0].hasCells && !tokensOnly.contains($0) }
  }

  private mutating func read(
    _ input: ValueID, by node: Node, _ index: Int, _ output: ValueID, _ axes: Set<Int>
  ) {
    guard var read = axesRead(of: input, by: node, output, axes) else { return }
    if let form = walk.placements[input.index].form {
      // Only of an axis that holds tokens beside its cells something is left without the cells.
      read = read.filter { form.axes[$0].hasCells }
    }
    if isOpen(input, read), !openInputs[index].contains(input) { openInputs[index].append(input) }
    tokensOnly[input.index] = tokensOnly[input.index].map { $0.intersection(read) } ?? read
  }

  /// The axes of an input of which a node reads no cells, when none are read of the given axes of its
  /// output; `nil` where nothing of the input is read.
  private func axesRead(
    of input: ValueID, by node: Node, _ output: ValueID, _ axes: Set<Int>
  ) -> Set<Int>? {
    guard let from = walk.shape(input), let to = walk.shape(output),
      let form = walk.placements[input.index].form
    else { return [] }
    let chosen = tokensChosen(form, node, from, output)
    if axes.isEmpty, chosen.isEmpty { return [] }
    switch node.op {
    case _ where node.op.isPointwise || node.op is Expand:
      let shift = to.rank - from.rank
      return Set(axes.map { $0 - shift }.filter { $0 >= 0 && from[$0] == to[$0 + shift] })
    case is any RowNormalizationOperator: return axes.filter { $0 < normalizedAxis(node, from) }
    case let op as any SoftmaxOperator:
      let axis = (try? from.normalized(axis: op.axis)) ?? 0
      return op.flattens ? axes.filter { $0 < axis } : axes.subtracting([axis])
    case let op as Transpose:
      guard let perm = try? op.permutation(rank: from.rank) else { return [] }
      return Set(axes.map { perm[$0] })
    case let op as any ReductionOperator:
      guard let reduced = try? op.reducedAxes(walk.graph.facts(of: node)) else { return [] }
      let kept =
        op.keepdims ? Array(0..<from.rank) : (0..<from.rank).filter { !reduced.contains($0) }
      return Set(axes.map { kept[$0] }).subtracting(reduced)
    case is Slice, is Split: return axes.union(chosen)
    case let op as Gather: return gathered(op, node, axes, chosen, from)
    case let op as Concat: return joined(op, form, axes, to)
    case _ where node.op.isView: return viewed(form, output, axes)
    default: return multiplied(input, node, axes, from, to)
    }
  }

  /// The axes of which a node takes tokens but no cells.
  private func tokensChosen(
    _ form: GridForm, _ node: Node, _ from: Shape, _ output: ValueID
  ) -> Set<Int> {
    let result: (Int) -> Bool
    switch node.op {
    case is Slice, is Split:
      let kept = walk.placements[output.index].form
      result = { kept?.axes[$0].hasCells ?? false }
    case let op as Gather:
      let axis = try? from.normalized(axis: op.axis)
      result = { $0 != axis }
    default: return []
    }
    if case .unknown = walk.placements[output.index] { return [] }
    return Set(
      form.axes.indices.filter { axis in
        guard case .tokens = form.axes[axis].first else { return false }
        return !result(axis)
      })
  }

  private func gathered(
    _ op: Gather, _ node: Node, _ axes: Set<Int>, _ chosen: Set<Int>, _ from: Shape
  ) -> Set<Int> {
    guard let axis = try? from.normalized(axis: op.axis),
      let rank = walk.shape(node.inputs[1])?.rank
    else { return [] }
    let kept = axes.compactMap { place in
      place < axis ? place : place >= axis + rank ? place - rank + 1 : rank == 1 ? axis : nil
    }
    return chosen.union(kept)
  }

  /// Cells that are joined with tokens of which alone something is read, are not read at all.
  private func joined(
    _ op: Concat, _ form: GridForm, _ axes: Set<Int>, _ to: Shape
  ) -> Set<Int>? {
    guard let axis = try? to.normalized(axis: op.axis), axes.contains(axis),
      form.axes[axis].hasCells
    else { return axes }
    if case .tokens = form.axes[axis][0] { return axes }
    return nil
  }

  private func viewed(_ form: GridForm, _ output: ValueID, _ axes: Set<Int>) -> Set<Int> {
    guard let result = walk.placements[output.index].form else { return [] }
    return Set(
      form.axes.indices.filter { axis in
        form.axes[axis].hasCells && form.axes[axis].count == 1
          && axes.contains { result.axes[$0] == form.axes[axis] }
      })
  }

  private func multiplied(
    _ input: ValueID, _ node: Node, _ axes: Set<Int>, _ from: Shape, _ to: Shape
  ) -> Set<Int> {
    guard let (a, b) = node.factors, a.value != b.value, from.rank >= 2 else { return [] }
    let shift = to.rank - from.rank
    let batch = axes.filter { $0 < to.rank - 2 }.map { $0 - shift }
      .filter { $0 >= 0 && from[$0] == to[$0 + shift] }
    let (kept, isTransposed) =
      input == a.value
      ? (to.rank - 2, a.isTransposed) : (to.rank - 1, b.isTransposed)
    guard axes.contains(kept) else { return Set(batch) }
    return Set(batch).union([isTransposed ? 2 * to.rank - 3 - kept - shift : kept - shift])
  }

  /// The first of the axes whose elements are normalised together.
  private func normalizedAxis(_ node: Node, _ from: Shape) -> Int {
    switch node.op {
    case let op as LayerNormalization: (try? from.normalized(axis: op.axis)) ?? 0
    case let op as RMSNormalization: (try? from.normalized(axis: op.axis)) ?? 0
    default: 1
    }
  }
}
