public import Faults
public import Tensors

/// Returns the common shape of operands under NumPy's broadcasting rule.
/// - Throws: `Fault` with code `model.invalid` when two extents differ and neither is 1.
public func broadcastShape(_ shapes: [Shape]) throws(Fault) -> Shape {
  let rank = shapes.map(\.rank).max() ?? 0
  var extents = [Int](repeating: 1, count: rank)
  for shape in shapes {
    for axis in 0..<shape.rank {
      let place = rank - shape.rank + axis
      guard shape[axis] != 1, shape[axis] != extents[place] else { continue }
      guard extents[place] == 1 else {
        let list = shapes.map(\.description).joined(separator: " and ")
        throw Fault(.modelInvalid, "the shapes \(list) cannot be broadcast together")
      }
      extents[place] = shape[axis]
    }
  }
  return Shape(extents)
}

/// How two operands are walked to produce a result: joined axes and a stride of 0 where repeated.
struct BroadcastPlan {
  private(set) var extents: [Int] = []
  private(set) var firstStrides: [Int] = []
  private(set) var secondStrides: [Int] = []

  /// Axes of extent 1 are dropped; neighbours that both operands walk contiguously are joined.
  init(_ first: Shape, _ second: Shape, to result: Shape) {
    let a = broadcastStrides(of: first, to: result)
    let b = broadcastStrides(of: second, to: result)
    for axis in 0..<result.rank where result[axis] != 1 {
      let extent = result[axis]
      if let last = extents.indices.last, firstStrides[last] == a[axis] * extent,
        secondStrides[last] == b[axis] * extent
      {
        extents[last] *= extent
        firstStrides[last] = a[axis]
        secondStrides[last] = b[axis]
      } else {
        extents.append(extent)
        firstStrides.append(a[axis])
        secondStrides.append(b[axis])
      }
    }
    if extents.isEmpty { (extents, firstStrides, secondStrides) = ([1], [1], [1]) }
  }

  /// Writes `function` of each pair of elements; the result is contiguous.
  @inline(__always)
  func map<A: BitwiseCopyable, B: BitwiseCopyable, R: BitwiseCopyable>(
    _ a: UnsafePointer<A>, _ b: UnsafePointer<B>, _ result: UnsafeMutablePointer<R>,
    _ function: (A, B) -> R
  ) {
    let last = extents.count - 1
    let count = extents[last]
    let (aStride, bStride) = (firstStrides[last], secondStrides[last])
    var row = result
    forEachOffset(
      Array(extents[..<last]), Array(firstStrides[..<last]), Array(secondStrides[..<last])
    ) { aOffset, bOffset in
      let (x, y) = (a + aOffset, b + bOffset)
      if aStride == 1, bStride == 1 {
        for i in 0..<count { row[i] = function(x[i], y[i]) }
      } else if aStride == 1, bStride == 0 {
        let scalar = y.pointee
        for i in 0..<count { row[i] = function(x[i], scalar) }
      } else if aStride == 0, bStride == 1 {
        let scalar = x.pointee
        for i in 0..<count { row[i] = function(scalar, y[i]) }
      } else {
        for i in 0..<count { row[i] = function(x[i * aStride], y[i * bStride]) }
      }
      row += count
    }
  }
}
