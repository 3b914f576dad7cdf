public import Faults
public import Tensors

/// For each place along a resampled axis, the source places it mixes and their weights.
public struct AxisWeights: Sendable {
  /// How many source places each result mixes.
  public let tapCount: Int
  /// Source places, `tapCount` for each result, all inside the source axis.
  public let indices: [Int]
  /// Weights, in the order of `indices`.
  public let weights: [Double]

  public init(tapCount: Int, indices: [Int], weights: [Double]) {
    precondition(tapCount > 0 && indices.count == weights.count)
    precondition(indices.count.isMultiple(of: tapCount))
    self.tapCount = tapCount
    self.indices = indices
    self.weights = weights
  }

  /// The extent of the resampled axis.
  public var count: Int { indices.count / tapCount }
}

/// Returns `x` with `axis` resampled: each slice is a weighted sum of slices of `x`.
///
/// Weights are rounded to the type that the arithmetic happens in, and taps are added in order.
/// - Throws: `Fault` with code `model.invalid` when the elements are not floating-point numbers.
public func resampled(
  _ x: Tensor, axis: Int, weights: AxisWeights
) throws(Fault) -> Tensor {
  var extents = x.shape.dimensions
  extents[axis] = weights.count
  let result = Tensor(uninitialized: x.dtype, Shape(extents))
  precondition(weights.indices.allSatisfy { $0 >= 0 && $0 < x.shape[axis] })
  try dispatchFloat(
    x.dtype,
    ResampleBody(
      x: x, layout: AxisLayout(x.shape, axis: axis), weights: weights, result: result))
  return result
}

/// Returns the gradient by the input of `resampled`, whose axis had `count` elements.
public func resampledBackward(
  _ gradient: Tensor, axis: Int, weights: AxisWeights, count: Int
) throws(Fault) -> Tensor {
  precondition(gradient.shape[axis] == weights.count)
  precondition(weights.indices.allSatisfy { $0 >= 0 && $0 < count })
  var extents = gradient.shape.dimensions
  extents[axis] = count
  let result = Tensor(zeros: gradient.dtype, Shape(extents))
  try dispatchFloat(
    gradient.dtype,
    ResampleBackwardBody(
      gradient: gradient, layout: AxisLayout(result.shape, axis: axis), weights: weights,
      result: result))
  return result
}

private struct ResampleBody: FloatBody {
  let x: Tensor
  let layout: AxisLayout
  let weights: AxisWeights
  let result: Tensor

  func run<T: FloatElement>(_ type: T.Type) {
    let factors = weights.weights.map { T.Real($0) }
    if layout.inner == 1 {
      resampleRows(T.self, factors)
    } else {
      resampleSlices(T.self, factors)
    }
  }

  /// Resamples the innermost axis.
  private func resampleRows<T: FloatElement>(_ type: T.Type, _ factors: [T.Real]) {
    let taps = weights.tapCount
    var to = result.mutablePointer(as: T.self)
    weights.indices.withUnsafeBufferPointer { indices in
      factors.withUnsafeBufferPointer { factors in
        for outer in 0..<layout.outer {
          let row = x.pointer(as: T.self) + outer * layout.count
          var tap = 0
          for _ in 0..<weights.count {
            var sum: T.Real = 0
            for _ in 0..<taps {
              sum += factors[tap] * row[indices[tap]].real
              tap += 1
            }
            to.pointee = T(rounding: sum)
            to += 1
          }
        }
      }
    }
  }

  /// Resamples another axis, whose slices are contiguous.
  private func resampleSlices<T: FloatElement>(_ type: T.Type, _ factors: [T.Real]) {
    let (inner, taps) = (layout.inner, weights.tapCount)
    var to = result.mutablePointer(as: T.self)
    let sums = UnsafeMutablePointer<T.Real>.allocate(capacity: max(inner, 1))
    defer { sums.deallocate() }
    for outer in 0..<layout.outer {
      let slab = x.pointer(as: T.self) + outer * layout.count * inner
      for place in 0..<weights.count {
        sums.initialize(repeating: 0, count: inner)
        for tap in place * taps..<(place + 1) * taps {
          let (from, factor) = (slab + weights.indices[tap] * inner, factors[tap])
          for i in 0..<inner { sums[i] += factor * from[i].real }
        }
        for i in 0..<inner { to[i] = T(rounding: sums[i]) }
        to += inner
      }
    }
  }
}

private struct ResampleBackwardBody: FloatBody {
  let gradient: Tensor
  let layout: AxisLayout
  let weights: AxisWeights
  let result: Tensor

  func run<T: FloatElement>(_ type: T.Type) {
    let factors = weights.weights.map { T.Real($0) }
    let (inner, taps) = (layout.inner, weights.tapCount)
    var from = gradient.pointer(as: T.self)
    for outer in 0..<layout.outer {
      let slab = result.mutablePointer(as: T.self) + outer * layout.count * inner
      for place in 0..<weights.count {
        for tap in place * taps..<(place + 1) * taps {
          let (to, factor) = (slab + weights.indices[tap] * inner, factors[tap])
          for i in 0..<inner { to[i] = T(rounding: to[i].real + factor * from[i].real) }
        }
        from += inner
      }
    }
  }
}
