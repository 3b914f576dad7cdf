public import Faults
public import Tensors

/// Writes the place of the largest (or smallest) element along `axis`.
///
/// Shapes: `result` holds Int64, with the shape of `x` without `axis` (or with extent 1 there).
/// Of equal elements the first counts, with `selectLast` the last.
public func indexOfExtreme(
  _ x: Tensor, axis: Int, largest: Bool, selectLast: Bool, into result: Tensor
) throws(Fault) {
  precondition(result.dtype == .int64 && x.shape[axis] > 0)
  try dispatch(
    x.dtype,
    ExtremeBody(
      x: x, layout: AxisLayout(x.shape, axis: axis), largest: largest, selectLast: selectLast,
      result: result))
}

private struct ExtremeBody: ArrayBody {
  let x: Tensor
  let layout: AxisLayout
  let largest: Bool
  let selectLast: Bool
  let result: Tensor

  func run<T: ArrayElement>(_ type: T.Type) {
    switch (largest, selectLast) {
    case (true, false): search(T.self) { $0 > $1 }
    case (true, true): search(T.self) { $0 >= $1 }
    case (false, false): search(T.self) { $0 < $1 }
    case (false, true): search(T.self) { $0 <= $1 }
    }
  }

  @inline(__always)
  private func search<T: ArrayElement>(_ type: T.Type, _ wins: (T, T) -> Bool) {
    let inner = layout.inner
    var to = result.mutablePointer(as: Int64.self)
    for outer in 0..<layout.outer {
      let slab = x.pointer(as: T.self) + outer * layout.count * inner
      for i in 0..<inner {
        var (best, place) = (slab[i], 0)
        for candidate in 1..<max(layout.count, 1) where wins(slab[candidate * inner + i], best) {
          (best, place) = (slab[candidate * inner + i], candidate)
        }
        to.pointee = Int64(place)
        to += 1
      }
    }
  }
}

/// Writes the largest (or smallest) elements along `axis` and their places, best first.
///
/// Shapes: `values` and `indices` (Int64) have the shape of `x` but for fewer elements along `axis`.
/// Equal elements keep their order; NaN counts as the largest value.
public func sortedExtremes(
  _ x: Tensor, axis: Int, largest: Bool, values: Tensor, indices: Tensor
) throws(Fault) {
  precondition(values.dtype == x.dtype && indices.dtype == .int64)
  precondition(values.shape == indices.shape && values.shape[axis] <= x.shape[axis])
  try dispatch(
    x.dtype,
    SortBody(
      x: x, layout: AxisLayout(x.shape, axis: axis), largest: largest,
      count: values.shape[axis], values: values, indices: indices))
}

private struct SortBody: ArrayBody {
  let x: Tensor
  let layout: AxisLayout
  let largest: Bool
  let count: Int
  let values: Tensor
  let indices: Tensor

  func run<T: ArrayElement>(_ type: T.Type) {
    let inner = layout.inner
    for outer in 0..<layout.outer {
      let slab = x.pointer(as: T.self) + outer * layout.count * inner
      let bestValues = values.mutablePointer(as: T.self) + outer * count * inner
      let bestPlaces = indices.mutablePointer(as: Int64.self) + outer * count * inner
      for i in 0..<inner {
        let order = (0..<layout.count).sorted { a, b in
          precedes(slab[a * inner + i], slab[b * inner + i], a < b)
        }
        for rank in 0..<count {
          bestValues[rank * inner + i] = slab[order[rank] * inner + i]
          bestPlaces[rank * inner + i] = Int64(order[rank])
        }
      }
    }
  }

  private func precedes<T: ArrayElement>(_ a: T, _ b: T, _ comesFirst: Bool) -> Bool {
    if a.isNotANumber || b.isNotANumber {
      if a.isNotANumber, b.isNotANumber { return comesFirst }
      return a.isNotANumber == largest
    }
    return a == b ? comesFirst : (a > b) == largest
  }
}

/// Writes the running sum along `axis`, which floats accumulate in Float64.
/// - Parameter exclusive: leaves out the element itself.
/// - Parameter reverse: sums from the end.
public func cumulativeSum(
  _ x: Tensor, axis: Int, exclusive: Bool, reverse: Bool, into result: Tensor
) throws(Fault) {
  precondition(x.type == result.type)
  try dispatch(
    x.dtype,
    CumulativeSumBody(
      x: x, layout: AxisLayout(x.shape, axis: axis), exclusive: exclusive, reverse: reverse,
      result: result))
}

private struct CumulativeSumBody: ArrayBody {
  let x: Tensor
  let layout: AxisLayout
  let exclusive: Bool
  let reverse: Bool
  let result: Tensor

  func run<T: ArrayElement>(_ type: T.Type) {
    let (inner, count) = (layout.inner, layout.count)
    for outer in 0..<layout.outer {
      let from = x.pointer(as: T.self) + outer * count * inner
      let to = result.mutablePointer(as: T.self) + outer * count * inner
      for i in 0..<inner {
        var sum = T.Wide.zero
        for step in 0..<count {
          let place = (reverse ? count - 1 - step : step) * inner + i
          let before = sum
          sum = T.Wide.sum(sum, from[place].wide)
          to[place] = (exclusive ? before : sum).converted(to: T.self)
        }
      }
    }
  }
}
