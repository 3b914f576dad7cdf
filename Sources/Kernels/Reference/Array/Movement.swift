public import Faults
public import Tensors

/// Permutes the axes: axis i of `result` is axis `perm[i]` of `x`.
public func transpose(_ x: Tensor, perm: [Int], into result: Tensor) throws(Fault) {
  precondition(perm.count == x.shape.rank && result.dtype == x.dtype)
  let strides = x.shape.strides
  try StridedCopy(
    extents: perm.map { x.shape[$0] }, sourceStrides: perm.map { strides[$0] },
    targetStrides: result.shape.strides
  ).run(from: x, to: result)
}

/// Returns `x` with its axes permuted.
public func transposed(_ x: Tensor, perm: [Int]) throws(Fault) -> Tensor {
  let result = Tensor(uninitialized: x.dtype, Shape(perm.map { x.shape[$0] }))
  try transpose(x, perm: perm, into: result)
  return result
}

/// Repeats `x` along axes of extent 1 or missing in front, up to the shape of `result`.
public func broadcast(_ x: Tensor, into result: Tensor) throws(Fault) {
  precondition(result.dtype == x.dtype)
  try StridedCopy(
    extents: result.shape.dimensions,
    sourceStrides: broadcastStrides(of: x.shape, to: result.shape),
    targetStrides: result.shape.strides
  ).run(from: x, to: result)
}

/// Repeats the whole of `x` side by side: `repeats[i]` times along axis i.
public func tile(_ x: Tensor, repeats: [Int], into result: Tensor) throws(Fault) {
  precondition(repeats.count == x.shape.rank && result.dtype == x.dtype)
  let strides = x.shape.strides
  let resultStrides = result.shape.strides
  var (extents, from, to): ([Int], [Int], [Int]) = ([], [], [])
  for axis in repeats.indices {
    extents += [repeats[axis], x.shape[axis]]
    from += [0, strides[axis]]
    to += [x.shape[axis] * resultStrides[axis], resultStrides[axis]]
  }
  try StridedCopy(extents: extents, sourceStrides: from, targetStrides: to)
    .run(from: x, to: result)
}

/// Joins tensors that differ only in the extent of `axis`.
public func concatenate(_ parts: [Tensor], axis: Int, into result: Tensor) throws(Fault) {
  let strides = result.shape.strides
  var start = 0
  for part in parts {
    precondition(part.dtype == result.dtype && part.shape.rank == result.shape.rank)
    try StridedCopy(
      extents: part.shape.dimensions, sourceStrides: part.shape.strides, targetStrides: strides,
      targetOffset: start * strides[axis]
    ).run(from: part, to: result)
    start += part.shape[axis]
  }
  precondition(start == result.shape[axis])
}

/// Takes every `steps[i]`-th element along axis i from `starts[i]` on, as many as `result` has.
///
/// Steps may be negative; every element must lie inside `x`.
public func slice(_ x: Tensor, starts: [Int], steps: [Int], into result: Tensor) throws(Fault) {
  let box = try sliceBox(of: x.shape, starts: starts, steps: steps, extents: result.shape)
  try StridedCopy(
    extents: result.shape.dimensions, sourceStrides: box.strides,
    targetStrides: result.shape.strides, sourceOffset: box.offset
  ).run(from: x, to: result)
}

/// Writes `x` to the places of `result` that `slice` would read; the others are left as they are.
public func insertSlice(
  _ x: Tensor, starts: [Int], steps: [Int], into result: Tensor
) throws(Fault) {
  let box = try sliceBox(of: result.shape, starts: starts, steps: steps, extents: x.shape)
  try StridedCopy(
    extents: x.shape.dimensions, sourceStrides: x.shape.strides, targetStrides: box.strides,
    targetOffset: box.offset
  ).run(from: x, to: result)
}

private func sliceBox(
  of shape: Shape, starts: [Int], steps: [Int], extents: Shape
) throws(Fault) -> (offset: Int, strides: [Int]) {
  precondition(starts.count == shape.rank && steps.count == shape.rank)
  let strides = shape.strides
  guard !extents.dimensions.contains(0) else { return (0, strides) }
  var offset = 0
  for axis in starts.indices {
    let last = starts[axis] + (extents[axis] - 1) * steps[axis]
    guard shape.dimensions[axis] > max(starts[axis], last), min(starts[axis], last) >= 0 else {
      throw Fault(.modelInvalid, "a slice of axis \(axis) lies outside the shape \(shape)")
    }
    offset += starts[axis] * strides[axis]
  }
  return (offset, zip(strides, steps).map { $0 * $1 })
}

/// Sets every element of `result` to the one element of `value`.
public func fill(_ result: Tensor, with value: Tensor) throws(Fault) {
  precondition(value.elementCount == 1 && value.dtype == result.dtype)
  try StridedCopy(extents: [result.elementCount], sourceStrides: [0], targetStrides: [1])
    .run(from: value, to: result)
}

/// Strides that read `shape` as if it had the shape `target`: 0 along repeated axes.
func broadcastStrides(of shape: Shape, to target: Shape) -> [Int] {
  let missing = target.rank - shape.rank
  precondition(missing >= 0)
  let strides = shape.strides
  return (0..<target.rank).map { axis in
    guard axis >= missing else { return 0 }
    let extent = shape[axis - missing]
    precondition(extent == 1 || extent == target[axis])
    return extent == 1 ? 0 : strides[axis - missing]
  }
}
