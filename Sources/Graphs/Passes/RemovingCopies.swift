import Faults
import Tensors

extension Graph {
  /// Returns the graph without nodes that pass their input on: Identity, Dropout, a Reshape or Cast
  /// to what the value already is.
  ///
  /// Keeps every value's bits. A copy stays where both its sides have a name that must survive.
  public func removingCopies(keep: Set<ValueID> = []) -> Graph {
    var rewriter = Rewriter(self, keep: keep)
    for index in rewriter.indices {
      let node = rewriter.node(index)
      guard let input = node.inputs.first ?? nil, rewriter.isCopy(node, of: input) else { continue }
      let output = node.outputs[0]
      if !rewriter.protected.contains(output) {
        rewriter.remove(index)
        rewriter.substitute(output, by: input)
      } else if let producer = rewriter.producer(of: input), !rewriter.protected.contains(input),
        rewriter.node(producer).outputs.count == 1
      {
        rewriter.remove(index)
        rewriter.redirect(producer, to: output)
        rewriter.substitute(input, by: output)
      }
    }
    return rewriter.finish()
  }
}

extension Rewriter {
  fileprivate func isCopy(_ node: Node, of input: ValueID) -> Bool {
    guard let type = type(input), self.type(node.outputs[0]) == type else { return false }
    guard node.op.isView || node.op is Cast else { return false }
    return node.outputs.dropFirst().allSatisfy { isUnread($0) }
  }
}
