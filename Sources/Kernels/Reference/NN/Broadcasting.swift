import Tensors

/// The strides that read a tensor of shape `shape` as one of shape `target`, which it broadcasts to.
func repeatingStrides(_ shape: [Int], to target: [Int]) -> [Int] {
  let missing = target.count - shape.count
  let strides = Shape(shape).strides
  return target.indices.map { axis in
    axis < missing || shape[axis - missing] == 1 ? 0 : strides[axis - missing]
  }
}

/// Calls `body` for every place of `extents` in row-major order with its two strided offsets.
func forEachOffsetPair(
  _ extents: [Int], _ first: [Int], _ second: [Int], _ body: (_ first: Int, _ second: Int) -> Void
) {
  guard !extents.contains(0) else { return }
  var place = [Int](repeating: 0, count: extents.count)
  var offsets = (0, 0)
  while true {
    body(offsets.0, offsets.1)
    var axis = extents.count - 1
    while axis >= 0 {
      place[axis] += 1
      offsets.0 += first[axis]
      offsets.1 += second[axis]
      if place[axis] < extents[axis] { break }
      offsets.0 -= first[axis] * extents[axis]
      offsets.1 -= second[axis] * extents[axis]
      place[axis] = 0
      axis -= 1
    }
    if axis < 0 { return }
  }
}

/// Calls `body` with the elements of `tensor` repeated to `shape`, which it broadcasts to.
func withBroadcast<T: FloatingScalar>(
  _ tensor: Tensor, to shape: Shape, of type: T.Type, _ body: (UnsafePointer<T>) -> Void
) {
  if tensor.elementCount == shape.elementCount { return body(tensor.pointer(to: T.self)) }
  let repeated = UnsafeMutablePointer<T>.allocate(capacity: max(shape.elementCount, 1))
  defer { repeated.deallocate() }
  let elements = tensor.pointer(to: T.self)
  let strides = repeatingStrides(tensor.shape.dimensions, to: shape.dimensions)
  forEachOffsetPair(shape.dimensions, strides, shape.strides) { source, target in
    repeated[target] = elements[source]
  }
  body(repeated)
}
