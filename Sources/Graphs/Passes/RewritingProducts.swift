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

  /// Returns the graph with sums over named axes that are products of two matrices as MatMul, between
  /// transpositions where they are needed.
  ///
  /// Equal up to rounding; what is left of Einsum is neither fast nor has it a gradient.
  public func einsumsAsProducts(keep: Set<ValueID> = []) -> Graph {
    var rewriter = Rewriter(self, keep: keep)
    for index in rewriter.indices {
      let node = rewriter.node(index)
      guard let einsum = node.op as? Einsum, let output = rewriter.type(node.outputs[0]),
        output.dtype.isFloatingPoint,
        let product = einsum.matrixProduct(rewriter.facts(node.inputs))
      else { continue }
      var operands: [ValueID?] = []
      for case (.some(let input), let perm) in zip(node.inputs, product.operands) {
        operands.append(rewriter.transposed(input, perm, before: index))
      }
      guard let type = (try? MatMul().outputTypes(rewriter.facts(operands)))?.first else {
        continue
      }
      if product.output == product.output.sorted() {
        rewriter.replace(index, by: MatMul(), operands)
      } else {
        let rows = rewriter.insert(MatMul(), operands, type: type, before: index)
        rewriter.replace(index, by: Transpose(perm: product.output), [rows])
      }
    }
    return rewriter.finish()
  }

  /// Returns the graph with squares as products.
  ///
  /// Keeps every value's bits: both are rounded once.
  public func squaresAsProducts(keep: Set<ValueID> = []) -> Graph {
    var rewriter = Rewriter(self, keep: keep)
    for index in rewriter.indices where rewriter.node(index).op is Pow {
      let inputs = rewriter.node(index).inputs
      guard inputs.count == 2, rewriter.constant(inputs[1])?.scalar == 2,
        rewriter.fits(Mul(), [inputs[0], inputs[0]], outputsOf: index)
      else { continue }
      rewriter.replace(index, by: Mul(), [inputs[0], inputs[0]])
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

extension Rewriter {
  /// The value with its axes permuted; itself where they stay.
  fileprivate mutating func transposed(
    _ value: ValueID, _ perm: [Int], before index: Int
  ) -> ValueID {
    guard perm != perm.sorted(), let type = type(value) else { return value }
    return insert(
      Transpose(perm: perm), [value],
      type: TensorType(type.dtype, Shape(perm.map { type.shape[$0] })), before: index)
  }
}
