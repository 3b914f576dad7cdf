import Tensors

extension Tensor {
  /// Floating-point elements as doubles; `nil` for other types.
  func listedDoubles() -> [Double]? {
    switch dtype {
    case .float32: elements(of: Float.self).map(Double.init)
    case .float64: elements(of: Double.self)
    case .float16: elements(of: Float16.self).map(Double.init)
    default: nil
    }
  }

  /// The only element of a floating-point tensor.
  var scalar: Double? { elementCount == 1 ? listedDoubles()?.first : nil }

  /// Doubles rounded to `dtype`, which is Float32 or Float64.
  init(doubles: [Double], as dtype: DType, _ shape: Shape) {
    precondition(dtype == .float32 || dtype == .float64)
    if dtype == .float64 {
      self.init(doubles, shape: shape)
    } else {
      self.init(doubles.map(Float.init), shape: shape)
    }
  }

  /// The value for each channel, of a constant that broadcasts over all other axes of a value.
  ///
  /// - Parameter isConvBias: Whether a vector counts channels, whatever the rank.
  func perChannel(
    _ channels: Int, axis: Int, rank: Int, isConvBias: Bool = false
  ) -> [Double]? {
    guard shape.rank <= rank, let elements = listedDoubles() else { return nil }
    if elements.count == 1 { return [Double](repeating: elements[0], count: channels) }
    guard elements.count == channels else { return nil }
    let axisFromEnd = isConvBias && shape.rank == 1 ? 1 : rank - axis
    guard shape.rank >= axisFromEnd, shape[shape.rank - axisFromEnd] == channels else { return nil }
    return elements
  }

  /// The tensor with each slice along `axis` multiplied in Float64 and rounded once.
  func scaled(by factors: [Double], along axis: Int) -> Tensor {
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    guard dtype == .float32 else {
      let elements = elements(of: Double.self).enumerated().map { index, element in
        element * factors[index / inner % factors.count]
      }
      return Tensor(elements, shape: shape)
    }
    let result = Tensor(uninitialized: dtype, shape)
    let source = aligned()
    source.withElements(of: Float.self) { from in
      result.withMutableElements(of: Float.self) { to in
        for index in to.indices {
          to[index] = Float(Double(from[index]) * factors[index / inner % factors.count])
        }
      }
    }
    return result
  }
}
