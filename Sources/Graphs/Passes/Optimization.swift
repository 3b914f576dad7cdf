import Faults
import Tensors

extension Graph {
  /// Returns the graph as the execution plan wants it: every pass that does not change results by
  /// more than rounding, in the order in which they help each other.
  ///
  /// The graph must be specialised. Values of `keep` and outputs keep name and contents up to
  /// rounding; others may vanish.
  public func optimized(keep: Set<ValueID> = []) -> Graph {
    removingCopies(keep: keep)
      .expandingQuantizedOperators(keep: keep)
      .joiningQuantization(keep: keep)
      .removingTransposes(keep: keep)
      .foldingPads(keep: keep)
      .computingOnIntegers(keep: keep)
      .matrixProductsAsGemm(keep: keep)
      .foldingAffine(keep: keep)
      .joiningActivations(keep: keep)
      .joiningBounds(keep: keep)
      .exactDivisionsAsProducts(keep: keep)
      .squaresAsProducts(keep: keep)
      .removingCopies(keep: keep)
  }
}
