import Tensors

/// A tensor seen as [outer, count, inner] around one axis.
struct AxisLayout {
  let outer: Int
  let count: Int
  let inner: Int

  init(_ shape: Shape, axis: Int) {
    outer = shape.dimensions[..<axis].reduce(1, *)
    count = shape[axis]
    inner = shape.dimensions[(axis + 1)...].reduce(1, *)
  }
}
