import Faults
import Graphs
import Kernels
import Tensors

/// Products of two stacks of as many matrices, as those of the heads of an attention: threads divide
/// the stack.
struct MatrixStack: Sendable {
  private let node: Node
  private let operands: [ReferenceOperand]
  private let result: (place: Place, type: TensorType)
  private let count: Int

  /// `nil` when the node is none, or has a stack of one.
  init?(
    _ node: Node, operands: [ReferenceOperand?], results: [(place: Place, type: TensorType)]
  ) {
    guard node.op is MatMul, operands.count == 2, let a = operands[0], let b = operands[1],
      let result = results.first
    else { return nil }
    let stack = a.type.shape.dimensions.dropLast(2)
    guard a.type.shape.rank >= 3, a.type.shape.rank == b.type.shape.rank,
      stack == b.type.shape.dimensions.dropLast(2), a.isAlignedWhenCut, b.isAlignedWhenCut
    else { return nil }
    count = stack.reduce(1, *)
    guard count > 1 else { return nil }
    self.node = node
    self.operands = [a, b]
    self.result = result
  }

  var step: Step {
    let inner = operands[0].type.shape.dimensions.last ?? 1
    let work = Work.multiplications(result.type.shape.elementCount * inner)
    return Step(dividing: work) { [self] (images, arena, share) throws(Fault) in
      let range = share.range(of: count)
      guard !range.isEmpty else { return }
      for image in images {
        let inputs = operands.map { $0.tensor(arena, image)?.matrices(range, of: count) }
        let output = arena.tensor(result.place, type: result.type, image: image)
        do throws(Fault) {
          try node.op.evaluate(inputs, into: [output.matrices(range, of: count)])
        } catch {
          throw error.prefixed("node \(node.name)").adding("node", .string(node.name))
        }
      }
    }
  }
}

extension ReferenceOperand {
  /// Whether it has elements of more than a byte, which stay on their boundaries in every part.
  fileprivate var isAlignedWhenCut: Bool { type.dtype == .float32 }
}

extension Tensor {
  /// Some matrices of a stack of `count`, as a stack of rank 3 over the same memory.
  fileprivate func matrices(_ range: Range<Int>, of count: Int) -> Tensor {
    let matrix = Array(shape.dimensions.suffix(2))
    let bytes = matrix.reduce(1, *) * dtype.byteSize
    return Tensor(
      dtype: dtype, shape: Shape([range.count] + matrix), storage: storage,
      byteOffset: byteOffset + range.lowerBound * bytes)
  }
}
