public import Faults
public import Tensors

/// Takes one element of `x` for each element of `indices`: the place of that element, but for the
/// index along `axis`.
///
/// Shapes: `indices` has the rank of `x` and `result` its shape. Negative indices count from the end.
public func gatherElements(
  _ x: Tensor, indices: Tensor, axis: Int, into result: Tensor
) throws(Fault) {
  precondition(x.dtype == result.dtype && indices.shape == result.shape)
  let places = try elementPlaces(indices, axis: axis, in: x.shape)
  try dispatchBits(x.dtype, GatherPlacesBody(x: x, places: places, inner: 1, result: result))
}

/// Takes the slice of `x` that each index tuple of the last axis of `indices` names.
///
/// Shapes: the first `batchDims` axes of both are the same; `result` is
/// `indices.shape.dropLast() + x.shape[batchDims + tuple length...]`.
public func gatherND(
  _ x: Tensor, indices: Tensor, batchDims: Int, into result: Tensor
) throws(Fault) {
  precondition(x.dtype == result.dtype)
  let places = try tuplePlaces(indices, batchDims: batchDims, in: x.shape)
  guard result.elementCount > 0 else { return }
  try dispatchBits(
    x.dtype,
    GatherPlacesBody(
      x: x, places: places, inner: result.elementCount / places.count, result: result))
}

/// Returns the gradient by the input of `gatherND`, which had shape `shape`.
public func gatherNDBackward(
  _ gradient: Tensor, indices: Tensor, batchDims: Int, shape: Shape
) throws(Fault) -> Tensor {
  let places = try tuplePlaces(indices, batchDims: batchDims, in: shape)
  let result = Tensor(zeros: gradient.dtype, shape)
  guard !places.isEmpty else { return result }
  try dispatch(
    gradient.dtype,
    ScatterBody(
      updates: gradient, places: places, inner: gradient.elementCount / places.count,
      reduction: .add, result: result))
  return result
}

/// How a scattered element meets the one that is there.
public enum ScatterReduction: Sendable, Hashable {
  case replace
  case add
  case multiply
  case minimum
  case maximum
}

/// Writes `x` to `result` and then each element of `updates` to its own place, but for the index
/// along `axis` that `indices` gives; later elements come after earlier ones.
public func scatterElements(
  _ x: Tensor, indices: Tensor, updates: Tensor, axis: Int, reduction: ScatterReduction,
  into result: Tensor
) throws(Fault) {
  precondition(x.type == result.type && indices.shape == updates.shape)
  let places = try elementPlaces(indices, axis: axis, in: x.shape)
  try scatter(x, updates, places: places, inner: 1, reduction: reduction, into: result)
}

/// Writes `x` to `result` and then the slices of `updates` to the places that the index tuples of
/// the last axis of `indices` name.
public func scatterND(
  _ x: Tensor, indices: Tensor, updates: Tensor, reduction: ScatterReduction, into result: Tensor
) throws(Fault) {
  precondition(x.type == result.type)
  let places = try tuplePlaces(indices, batchDims: 0, in: x.shape)
  let inner = places.isEmpty ? 1 : updates.elementCount / places.count
  try scatter(x, updates, places: places, inner: inner, reduction: reduction, into: result)
}

private func scatter(
  _ x: Tensor, _ updates: Tensor, places: [Int], inner: Int, reduction: ScatterReduction,
  into result: Tensor
) throws(Fault) {
  precondition(x.dtype == updates.dtype && places.count * inner == updates.elementCount)
  try cast(x, into: result)
  try dispatch(
    x.dtype,
    ScatterBody(
      updates: updates, places: places, inner: inner, reduction: reduction, result: result))
}

extension Tensor {
  /// The elements of an integer tensor.
  /// - Throws: `Fault` with code `model.invalid` for other element types.
  public func integers() throws(Fault) -> [Int] {
    switch dtype {
    case .int64: elements(of: Int64.self).map(Int.init)
    case .int32: elements(of: Int32.self).map(Int.init)
    case .int16: elements(of: Int16.self).map(Int.init)
    case .int8: elements(of: Int8.self).map(Int.init)
    case .uint8: elements(of: UInt8.self).map(Int.init)
    default: throw unsupported(dtype, expected: "signed integers")
    }
  }
}

private func elementPlaces(
  _ indices: Tensor, axis: Int, in shape: Shape
) throws(Fault) -> [Int] {
  precondition(indices.shape.rank == shape.rank)
  for other in 0..<shape.rank where other != axis && indices.shape[other] > shape[other] {
    throw Fault(
      .modelInvalid, "indices of shape \(indices.shape) do not fit into elements \(shape)")
  }
  var places = try indices.integers()
  let strides = shape.strides
  var fixed = strides
  fixed[axis] = 0
  var next = 0
  var outside: Int?
  forEachOffset(indices.shape.dimensions, fixed, fixed) { offset, _ in
    let index = places[next] < 0 ? places[next] + shape[axis] : places[next]
    if index < 0 || index >= shape[axis] { outside = places[next] }
    places[next] = offset &+ index &* strides[axis]
    next += 1
  }
  if let outside { throw outsideFault(outside, shape[axis]) }
  return places
}

private func tuplePlaces(
  _ indices: Tensor, batchDims: Int, in shape: Shape
) throws(Fault) -> [Int] {
  guard let length = indices.shape.dimensions.last, batchDims + length <= shape.rank else {
    throw Fault(.modelInvalid, "index tuples of shape \(indices.shape) do not fit \(shape)")
  }
  let values = try indices.integers()
  let strides = shape.strides
  let tuples = indices.shape.dimensions.dropLast().reduce(1, *)
  let batches = shape.dimensions[..<batchDims].reduce(1, *)
  let batchStride = shape.dimensions[batchDims...].reduce(1, *)
  var places: [Int] = []
  places.reserveCapacity(tuples)
  for tuple in 0..<tuples {
    var place = tuple / max(tuples / max(batches, 1), 1) * batchStride
    for i in 0..<length {
      let (value, extent) = (values[tuple * length + i], shape[batchDims + i])
      let index = value < 0 ? value + extent : value
      guard index >= 0, index < extent else { throw outsideFault(value, extent) }
      place += index * strides[batchDims + i]
    }
    places.append(place)
  }
  return places
}

private func outsideFault(_ index: Int, _ count: Int) -> Fault {
  Fault(.modelInvalid, "the index \(index) is outside an axis of \(count) elements")
}

private struct GatherPlacesBody: BitsBody {
  let x: Tensor
  let places: [Int]
  let inner: Int
  let result: Tensor

  func run<T: BitwiseCopyable>(_ type: T.Type) {
    let from = x.pointer(as: T.self)
    var to = result.mutablePointer(as: T.self)
    for place in places {
      to.update(from: from + place, count: inner)
      to += inner
    }
  }
}

private struct ScatterBody: ArrayBody {
  let updates: Tensor
  let places: [Int]
  let inner: Int
  let reduction: ScatterReduction
  let result: Tensor

  func run<T: ArrayElement>(_ type: T.Type) {
    switch reduction {
    case .replace: combine(T.self) { _, new in new }
    case .add: combine(T.self, T.sum)
    case .multiply: combine(T.self, T.product)
    case .minimum: combine(T.self) { $0 < $1 || $0.isNotANumber ? $0 : $1 }
    case .maximum: combine(T.self) { $0 > $1 || $0.isNotANumber ? $0 : $1 }
    }
  }

  @inline(__always)
  private func combine<T: ArrayElement>(_ type: T.Type, _ function: (T, T) -> T) {
    var from = updates.pointer(as: T.self)
    let to = result.mutablePointer(as: T.self)
    for place in places {
      for i in 0..<inner { to[place + i] = function(to[place + i], from[i]) }
      from += inner
    }
  }
}
