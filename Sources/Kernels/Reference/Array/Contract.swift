public import Faults
public import Tensors

/// How one axis of a contraction moves through an operand: its extent and both strides.
public struct ContractionAxis: Sendable {
  public var extent: Int
  /// 0 where the operand does not have the axis.
  public var firstStride: Int
  public var secondStride: Int

  public init(extent: Int, firstStride: Int, secondStride: Int) {
    self.extent = extent
    self.firstStride = firstStride
    self.secondStride = secondStride
  }
}

/// Multiplies two operands over the axes of both lists and sums over those of `summed`.
///
/// Shapes: `result` has the extents of `kept`, in order; floats accumulate in Float64.
/// - Throws: `Fault` with code `model.invalid` when more than 2^27 products make one element.
public func contract(
  _ a: Tensor, _ b: Tensor, kept: [ContractionAxis], summed: [ContractionAxis],
  into result: Tensor
) throws(Fault) {
  precondition(a.dtype == result.dtype && b.dtype == result.dtype)
  var products = 1
  for axis in summed {
    let (count, overflow) = products.multipliedReportingOverflow(by: axis.extent)
    guard !overflow, count <= 1 << 27 else {
      throw Fault(.modelInvalid, "a contraction sums more than \(1 << 27) products")
    }
    products = count
  }
  guard result.elementCount > 0 else { return }
  var places: [(first: Int, second: Int)] = []
  places.reserveCapacity(products)
  forEachOffset(
    summed.map(\.extent), summed.map(\.firstStride), summed.map(\.secondStride)
  ) { first, second in
    places.append((first, second))
  }
  try dispatch(
    result.dtype, ContractionBody(a: a, b: b, kept: kept, places: places, result: result))
}

private struct ContractionBody: ArrayBody {
  let a: Tensor
  let b: Tensor
  let kept: [ContractionAxis]
  let places: [(first: Int, second: Int)]
  let result: Tensor

  func run<T: ArrayElement>(_ type: T.Type) {
    let (a, b) = (a.pointer(as: T.self), b.pointer(as: T.self))
    var to = result.mutablePointer(as: T.self)
    forEachOffset(
      kept.map(\.extent), kept.map(\.firstStride), kept.map(\.secondStride)
    ) { aOffset, bOffset in
      var sum = T.Wide.zero
      for place in places {
        let (x, y) = (a[aOffset + place.first].wide, b[bOffset + place.second].wide)
        sum = T.Wide.sum(sum, T.Wide.product(x, y))
      }
      to.pointee = sum.converted(to: T.self)
      to += 1
    }
  }
}
