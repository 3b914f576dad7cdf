import Faults
import Tensors

extension Graph {
  /// Returns the graph with fewer transpositions: those that move only axes of extent 1 become a
  /// Reshape, inverse ones cancel, and one is carried over elementwise operators to meet another.
  ///
  /// Keeps the bits of every named value that survives.
  public func removingTransposes(keep: Set<ValueID> = []) -> Graph {
    var graph = self
    // Each round carries transpositions one operator further; few networks need more than two.
    for _ in 0..<8 {
      let count = graph.movingTransposes
      graph = graph.composingTransposes(keep: keep).carryingTransposes(keep: keep)
        .composingTransposes(keep: keep)
      if graph.movingTransposes == count { break }
    }
    return graph
  }

  /// The number of transpositions that move elements.
  private var movingTransposes: Int { nodes.count { $0.op is Transpose } }

  private func composingTransposes(keep: Set<ValueID>) -> Graph {
    var rewriter = Rewriter(self, keep: keep)
    for index in rewriter.indices where !rewriter.isRemoved(index) {
      guard var perm = rewriter.permutation(index), var input = rewriter.node(index).inputs[0]
      else {
        continue
      }
      if let first = rewriter.producer(of: input), let before = rewriter.permutation(first),
        let source = rewriter.node(first).inputs[0]
      {
        perm = perm.map { before[$0] }
        input = source
        rewriter.replace(index, by: Transpose(perm: perm), [input])
      }
      guard let shape = rewriter.type(input)?.shape else { continue }
      let moved = perm.filter { shape[$0] != 1 }
      guard moved == moved.sorted() else { continue }
      let extents = perm.map { Int64(shape[$0]) }
      let target = rewriter.addConstant(
        Tensor(extents, shape: [extents.count]), for: rewriter.node(index), "shape")
      rewriter.replace(index, by: Reshape(allowzero: true), [input, target])
    }
    return rewriter.finish().removingCopies(keep: keep)
  }

  /// Moves a transposition behind the elementwise operator that reads it, where no operand needs
  /// another one.
  private func carryingTransposes(keep: Set<ValueID>) -> Graph {
    var rewriter = Rewriter(self, keep: keep)
    for index in rewriter.indices where rewriter.node(index).op.isElementwise {
      guard let perm = rewriter.commonPermutation(index),
        let output = rewriter.node(index).outputs.first, let type = rewriter.type(output)
      else { continue }
      var inverse = perm
      for (place, axis) in perm.enumerated() { inverse[axis] = place }
      guard let operands = rewriter.untransposed(index, inverse) else { continue }
      let source = TensorType(type.dtype, Shape(inverse.map { type.shape[$0] }))
      let value = rewriter.insert(
        rewriter.node(index).op, operands, type: source, before: index)
      rewriter.replace(index, by: Transpose(perm: perm), [value])
    }
    return rewriter.finish()
  }
}

extension Operator {
  /// Whether each element of the output depends on the operands' elements at its place alone.
  fileprivate var isElementwise: Bool {
    self is any ActivationOperator || self is any UnaryOperator || self is any RealOperator
      || self is any BinaryOperator || self is Relu || self is Clip || self is Cast
  }
}

extension Rewriter {
  /// The permutation of a Transpose.
  fileprivate func permutation(_ index: Int) -> [Int]? {
    guard let transpose = node(index).op as? Transpose,
      let rank = node(index).inputs[0].flatMap({ type($0)?.shape.rank })
    else { return nil }
    return try? transpose.permutation(rank: rank)
  }

  /// The permutation that all operands share which are not constants, each read here alone.
  fileprivate func commonPermutation(_ index: Int) -> [Int]? {
    let node = node(index)
    guard node.outputs.count == 1, let rank = type(node.outputs[0])?.shape.rank else { return nil }
    var common: [Int]?
    for case .some(let input) in node.inputs where constant(input) == nil {
      guard let producer = producer(of: input), let perm = permutation(producer),
        perm.count == rank, common == nil || common == perm, isRead(input, onlyBy: index)
      else { return nil }
      common = perm
    }
    return common
  }

  /// The operands before their transposition; constants are transposed back.
  fileprivate mutating func untransposed(_ index: Int, _ inverse: [Int]) -> [ValueID?]? {
    let node = node(index)
    var operands: [ValueID?] = []
    for input in node.inputs {
      guard let input else {
        operands.append(nil)
        continue
      }
      guard let constant = constant(input) else {
        operands.append(producer(of: input).flatMap { self.node($0).inputs[0] })
        continue
      }
      if constant.elementCount == 1, constant.shape.rank <= 1 {
        operands.append(input)
        continue
      }
      guard let moved = constant.transposed(inverse) else { return nil }
      operands.append(addConstant(moved, for: node, "operand"))
    }
    return operands
  }
}

extension Tensor {
  /// The constant with its axes permuted, after axes of extent 1 are put before it.
  fileprivate func transposed(_ perm: [Int]) -> Tensor? {
    guard shape.rank <= perm.count else { return nil }
    let padded = [Int](repeating: 1, count: perm.count - shape.rank) + shape.dimensions
    let input = reshaped(Shape(padded)).aligned()
    let result = Tensor(uninitialized: dtype, Shape(perm.map { padded[$0] }))
    do {
      try Transpose(perm: perm).evaluate([input], into: [result])
      return result
    } catch {
      return nil
    }
  }
}
