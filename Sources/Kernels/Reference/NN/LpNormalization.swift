public import Tensors

/// Divides each vector by the p-th root of the sum of |x|^p; a vector of zeros stays.
///
/// Sums are accumulated in Float64.
/// - Parameter p: 1 or 2.
/// Source: ONNX LpNormalization-22.
public func lpNormalization(_ x: Tensor, p: Int, layout: VectorLayout, into y: Tensor) {
  computing([x], into: [y]) { inputs, outputs in
    guard let x = inputs[0] else { return }
    if x.dtype == .float64 {
      normalize(Double.self, x, p, layout, outputs[0])
    } else {
      normalize(Float.self, x, p, layout, outputs[0])
    }
  }
}

/// Computes the gradient of `lpNormalization` by its input.
public func lpNormalizationBackward(
  _ x: Tensor, dY: Tensor, p: Int, layout: VectorLayout, into dX: Tensor
) {
  computing([x, dY], into: [dX]) { inputs, outputs in
    guard let x = inputs[0], let dY = inputs[1] else { return }
    if x.dtype == .float64 {
      gradient(Double.self, x, dY, p, layout, outputs[0])
    } else {
      gradient(Float.self, x, dY, p, layout, outputs[0])
    }
  }
}

private func normalize<T: FloatingScalar>(
  _ type: T.Type, _ x: Tensor, _ p: Int, _ layout: VectorLayout, _ y: Tensor
) {
  let (x, y) = (x.pointer(to: T.self), y.pointer(to: T.self))
  layout.forEachStart { start in
    let places = layout.places(from: start)
    let norm = norm(x, places, p)
    for place in places { y[place] = norm == 0 ? 0 : T(Double(x[place]) / norm) }
  }
}

private func gradient<T: FloatingScalar>(
  _ type: T.Type, _ x: Tensor, _ dY: Tensor, _ p: Int, _ layout: VectorLayout, _ dX: Tensor
) {
  let (x, dY, dX) = (x.pointer(to: T.self), dY.pointer(to: T.self), dX.pointer(to: T.self))
  layout.forEachStart { start in
    let places = layout.places(from: start)
    let norm = norm(x, places, p)
    var product = 0.0
    for place in places { product += Double(dY[place]) * Double(x[place]) }
    for place in places {
      let value = Double(x[place])
      // The slope of the norm by this element.
      let slope = p == 1 ? (value > 0 ? 1 : value < 0 ? -1 : 0) : value / norm
      dX[place] = norm == 0 ? 0 : T((Double(dY[place]) - slope * product / norm) / norm)
    }
  }
}

private func norm<T: FloatingScalar>(
  _ x: UnsafePointer<T>, _ places: StrideTo<Int>, _ p: Int
) -> Double {
  var sum = 0.0
  for place in places {
    let value = Double(x[place])
    sum += p == 1 ? abs(value) : value * value
  }
  return p == 1 ? sum : sum.squareRoot()
}

extension VectorLayout {
  /// Calls `body` with the place of the first element of each vector.
  @inline(__always)
  fileprivate func forEachStart(_ body: (Int) -> Void) {
    for outer in 0..<outer {
      for inner in 0..<inner { body(outer * extent * self.inner + inner) }
    }
  }

  @inline(__always)
  fileprivate func places(from start: Int) -> StrideTo<Int> {
    stride(from: start, to: start + extent * inner, by: inner)
  }
}
