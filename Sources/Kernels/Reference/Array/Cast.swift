public import Faults
public import Tensors

/// Converts every element to the element type of `result`.
///
/// Floats round to nearest even; to integers they truncate towards zero and wrap around (NaN gives
/// 0, what lies beyond 64 bits saturates first); to booleans everything but zero is true.
public func cast(_ x: Tensor, into result: Tensor) throws(Fault) {
  precondition(x.elementCount == result.elementCount)
  if x.dtype == result.dtype {
    try StridedCopy(extents: [x.elementCount], sourceStrides: [1], targetStrides: [1])
      .run(from: x, to: result)
  } else if x.dtype == .float32, result.dtype == .float16 {
    defer { withExtendedLifetime((x, result)) {} }
    let (from, to) = (x.pointer(as: Float.self), result.mutablePointer(as: Float16.self))
    for i in 0..<x.elementCount { to[i] = Float16(rounding: from[i]) }
  } else if x.dtype == .float16, result.dtype == .float32 {
    defer { withExtendedLifetime((x, result)) {} }
    let (from, to) = (x.pointer(as: Float16.self), result.mutablePointer(as: Float.self))
    for i in 0..<x.elementCount { to[i] = from[i].real }
  } else {
    try dispatch(x.dtype, CastSourceBody(x: x, result: result))
  }
}

/// Returns the elements of `x` as `dtype`; the tensor itself if it has that type already.
public func cast(_ x: Tensor, to dtype: DType) throws(Fault) -> Tensor {
  guard x.dtype != dtype else { return x }
  let result = Tensor(uninitialized: dtype, x.shape)
  try cast(x, into: result)
  return result
}

private struct CastSourceBody: ArrayBody {
  let x: Tensor
  let result: Tensor

  func run<T: ArrayElement>(_ type: T.Type) throws(Fault) {
    if result.dtype == .bool {
      let (from, to) = (x.pointer(as: T.self), result.mutablePointer(as: Bool.self))
      for i in 0..<x.elementCount { to[i] = from[i] != T.zero }
    } else {
      try dispatch(result.dtype, CastTargetBody<T>(x: x, result: result))
    }
  }
}

private struct CastTargetBody<Source: ArrayElement>: ArrayBody {
  let x: Tensor
  let result: Tensor

  func run<T: ArrayElement>(_ type: T.Type) {
    let (from, to) = (x.pointer(as: Source.self), result.mutablePointer(as: T.self))
    for i in 0..<x.elementCount { to[i] = from[i].wide.converted(to: T.self) }
  }
}
