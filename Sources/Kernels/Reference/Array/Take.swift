public import Faults
public import Tensors

/// Takes the slices of `x` along `axis` that `indices` names; -1 stands for a slice of `filler`.
///
/// Shapes: `result` is `x` with `indices.count` slices along `axis`; `filler` has one element.
/// - Throws: `Fault` with code `model.invalid` when an index lies outside the axis.
public func take(
  _ x: Tensor, axis: Int, indices: [Int], filler: Tensor? = nil, into result: Tensor
) throws(Fault) {
  precondition(x.dtype == result.dtype)
  let from = AxisLayout(x.shape, axis: axis)
  let to = AxisLayout(result.shape, axis: axis)
  precondition(from.outer == to.outer && from.inner == to.inner && to.count == indices.count)
  try checkIndices(indices, below: from.count, lowest: filler == nil ? 0 : -1)
  guard result.elementCount > 0 else { return }
  try dispatchBits(
    x.dtype, TakeBody(x: x, layout: from, indices: indices, filler: filler, result: result))
}

/// Returns the slices of `x` along `axis` that `indices` names.
public func taken(_ x: Tensor, axis: Int, indices: [Int]) throws(Fault) -> Tensor {
  var extents = x.shape.dimensions
  extents[axis] = indices.count
  let result = Tensor(uninitialized: x.dtype, Shape(extents))
  try take(x, axis: axis, indices: indices, into: result)
  return result
}

/// Returns `count` slices along `axis`, each the sum of the slices of `gradient` with its index.
///
/// The transpose of `take`; slices with a negative index are dropped.
public func takeBackward(
  _ gradient: Tensor, axis: Int, indices: [Int], count: Int
) throws(Fault) -> Tensor {
  var extents = gradient.shape.dimensions
  extents[axis] = count
  let result = Tensor(zeros: gradient.dtype, Shape(extents))
  try checkIndices(indices, below: count, lowest: .min)
  guard gradient.elementCount > 0 else { return result }
  try dispatch(
    gradient.dtype,
    TakeBackwardBody(
      gradient: gradient, layout: AxisLayout(result.shape, axis: axis), indices: indices,
      result: result))
  return result
}

private func checkIndices(_ indices: [Int], below count: Int, lowest: Int) throws(Fault) {
  for index in indices where index < lowest || index >= count {
    throw Fault(.modelInvalid, "the index \(index) is outside an axis of \(count) elements")
  }
}

private struct TakeBody: BitsBody {
  let x: Tensor
  let layout: AxisLayout
  let indices: [Int]
  let filler: Tensor?
  let result: Tensor

  func run<T: BitwiseCopyable>(_ type: T.Type) {
    let inner = layout.inner
    var to = result.mutablePointer(as: T.self)
    for outer in 0..<layout.outer {
      let slab = x.pointer(as: T.self) + outer * layout.count * inner
      for index in indices {
        if index >= 0, inner == 1 {
          to.pointee = slab[index]
        } else if index >= 0 {
          to.update(from: slab + index * inner, count: inner)
        } else if let filler {
          to.update(repeating: filler.pointer(as: T.self).pointee, count: inner)
        }
        to += inner
      }
    }
  }
}

private struct TakeBackwardBody: ArrayBody {
  let gradient: Tensor
  let layout: AxisLayout
  let indices: [Int]
  let result: Tensor

  func run<T: ArrayElement>(_ type: T.Type) {
    let inner = layout.inner
    var from = gradient.pointer(as: T.self)
    for outer in 0..<layout.outer {
      let slab = result.mutablePointer(as: T.self) + outer * layout.count * inner
      for index in indices {
        if index >= 0 {
          let to = slab + index * inner
          for i in 0..<inner { to[i] = T.sum(to[i], from[i]) }
        }
        from += inner
      }
    }
  }
}
