public import Faults
public import Tensors

/// Writes `start`, `start + delta`, … : element i is `start + i * delta`.
public func fillRange(start: Tensor, delta: Tensor, into result: Tensor) throws(Fault) {
  precondition(start.dtype == result.dtype && delta.dtype == result.dtype)
  precondition(start.elementCount == 1 && delta.elementCount == 1)
  try dispatch(result.dtype, RangeBody(start: start, delta: delta, result: result))
}

private struct RangeBody: ArrayBody {
  let start: Tensor
  let delta: Tensor
  let result: Tensor

  func run<T: ArrayElement>(_ type: T.Type) {
    let (first, step) = (start.pointer(as: T.self).pointee, delta.pointer(as: T.self).pointee)
    let to = result.mutablePointer(as: T.self)
    for i in 0..<result.elementCount {
      let distance = T.Wide.product(T.Wide(wrapping: Int64(i)), step.wide)
      to[i] = T.Wide.sum(first.wide, distance).converted(to: T.self)
    }
  }
}

/// Copies the triangle at and above (or below) diagonal `k` of every matrix; the rest is zero.
///
/// Shapes: `x` is [..., rows, columns], and so is `result`.
public func triangle(_ x: Tensor, upper: Bool, k: Int, into result: Tensor) throws(Fault) {
  precondition(x.type == result.type && x.shape.rank >= 2)
  try dispatchBits(x.dtype, TriangleBody(x: x, upper: upper, k: k, result: result))
}

private struct TriangleBody: BitsBody {
  let x: Tensor
  let upper: Bool
  let k: Int
  let result: Tensor

  func run<T: BitwiseCopyable>(_ type: T.Type) {
    let (rows, columns) = (x.shape[x.shape.rank - 2], x.shape[x.shape.rank - 1])
    result.base.initializeMemory(as: UInt8.self, repeating: 0, count: result.byteCount)
    guard x.elementCount > 0 else { return }
    var (from, to) = (x.pointer(as: T.self), result.mutablePointer(as: T.self))
    for row in 0..<(x.elementCount / columns) {
      let (diagonal, overflow) = k.addingReportingOverflow(row % rows)
      let edge = overflow ? (k > 0 ? columns : 0) : min(max(diagonal, -1), columns)
      let kept = upper ? max(edge, 0)..<columns : 0..<min(max(edge + 1, 0), columns)
      (to + kept.lowerBound).update(from: from + kept.lowerBound, count: kept.count)
      from += columns
      to += columns
    }
  }
}

/// Writes ones on diagonal `k` of a matrix, zeros elsewhere.
public func fillIdentity(k: Int, into result: Tensor) throws(Fault) {
  precondition(result.shape.rank == 2)
  try dispatch(result.dtype, IdentityBody(k: k, result: result))
}

private struct IdentityBody: ArrayBody {
  let k: Int
  let result: Tensor

  func run<T: ArrayElement>(_ type: T.Type) {
    let (rows, columns) = (result.shape[0], result.shape[1])
    let to = result.mutablePointer(as: T.self)
    for row in 0..<rows {
      for column in 0..<columns {
        to[row * columns + column] = column - row == k ? T(wrapping: Int64(1)) : T.zero
      }
    }
  }
}

/// Returns the indices of the elements that are not zero, in row-major order, as [rank, count].
public func indicesOfNonZero(_ x: Tensor) throws(Fault) -> Tensor {
  let flags = Tensor(uninitialized: .bool, x.shape)
  try cast(x, into: flags)
  let places = flags.elements(of: Bool.self).enumerated().filter(\.element).map(\.offset)
  let strides = x.shape.strides
  var indices: [Int64] = []
  indices.reserveCapacity(places.count * x.shape.rank)
  for axis in 0..<x.shape.rank {
    indices += places.map { Int64($0 / strides[axis] % x.shape[axis]) }
  }
  return Tensor(indices, shape: [x.shape.rank, places.count])
}
