import Faults
import Tensors

extension Graph {
  /// Returns the graph with the product of two matrices, the second constant, as Gemm.
  ///
  /// Equal up to rounding; a summand that follows is then folded by `foldingAffine`.
  public func matrixProductsAsGemm(keep: Set<ValueID> = []) -> Graph {
    var rewriter = Rewriter(self, keep: keep)
    for index in rewriter.indices where rewriter.node(index).op is MatMul {
      let inputs = rewriter.node(index).inputs
      guard inputs.count == 2, rewriter.constant(inputs[1])?.shape.rank == 2,
        rewriter.fits(Gemm(), inputs, outputsOf: index)
      else { continue }
      rewriter.replace(index, by: Gemm(), inputs)
    }
    return rewriter.finish()
  }

  /// Returns the graph with divisions by constants that are powers of two as multiplications.
  ///
  /// Keeps every value's bits: such a reciprocal is exact. Other divisors stay.
  public func exactDivisionsAsProducts(keep: Set<ValueID> = []) -> Graph {
    var rewriter = Rewriter(self, keep: keep)
    for index in rewriter.indices where rewriter.node(index).op is Div {
      let node = rewriter.node(index)
      guard node.inputs.count == 2, let divisor = rewriter.constant(node.inputs[1]),
        divisor.dtype == .float32 || divisor.dtype == .float64,
        let divisors = divisor.listedDoubles(),
        divisors.allSatisfy({ $0.isNormal && $0.significand == 1 && abs($0.exponent) < 126 })
      else { continue }
      let factor = rewriter.addConstant(
        Tensor(doubles: divisors.map { 1 / $0 }, as: divisor.dtype, divisor.shape), for: node,
        "factor")
      rewriter.replace(index, by: Mul(), [node.inputs[0], factor])
    }
    return rewriter.finish()
  }
}
