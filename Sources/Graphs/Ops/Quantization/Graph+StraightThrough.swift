extension Graph {
  /// Whether the gradient of `end` by `start` takes rounding as the identity somewhere: an operator
  /// between them has a straight-through rule.
  public func isStraightThrough(from start: ValueID, to end: ValueID) -> Bool {
    var reachesEnd: Set = [end]
    for node in nodes.reversed() where node.outputs.contains(where: reachesEnd.contains) {
      reachesEnd.formUnion(node.inputs.compactMap(\.self))
    }
    var depends: Set = [start]
    for node in nodes {
      let inputs = node.inputs.compactMap(\.self)
      guard inputs.contains(where: depends.contains) else { continue }
      if node.op.isStraightThrough, node.outputs.contains(where: reachesEnd.contains) {
        return true
      }
      depends.formUnion(node.outputs)
    }
    return false
  }
}
