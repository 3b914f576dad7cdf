public import Tensors

/// What a global pooling takes of each plane.
public enum GlobalPooling: Sendable, Hashable {
  case average
  case maximum
  /// The p-norm.
  case lp(Int)
}

/// Reduces every plane to one element.
///
/// Shapes: `x` is [N, C, spatial...], `y` is [N, C, 1...]. Sums are accumulated in Float64.
/// Source: ONNX GlobalAveragePool-22, GlobalMaxPool-22, GlobalLpPool-22.
public func globalPool(_ x: Tensor, _ pooling: GlobalPooling, into y: Tensor) {
  computing([x], into: [y]) { inputs, outputs in
    guard let x = inputs[0] else { return }
    if x.dtype == .float64 {
      forward(Double.self, x, pooling, outputs[0])
    } else {
      forward(Float.self, x, pooling, outputs[0])
    }
  }
}

/// Computes the gradient of an average or maximum `globalPool` by its input.
///
/// The gradient of a maximum goes to the first one.
public func globalPoolBackward(
  _ x: Tensor, dY: Tensor, takingMaximum: Bool, into dX: Tensor
) {
  computing([x, dY], into: [dX]) { inputs, outputs in
    guard let x = inputs[0], let dY = inputs[1] else { return }
    if x.dtype == .float64 {
      backward(Double.self, x, dY, takingMaximum, outputs[0])
    } else {
      backward(Float.self, x, dY, takingMaximum, outputs[0])
    }
  }
}

private func forward<T: FloatingScalar>(
  _ type: T.Type, _ x: Tensor, _ pooling: GlobalPooling, _ y: Tensor
) {
  guard y.elementCount > 0 else { return }
  let count = x.elementCount / y.elementCount
  let source = x.pointer(to: T.self)
  let target = y.pointer(to: T.self)
  for plane in 0..<y.elementCount {
    let x = UnsafeBufferPointer(start: source + plane * count, count: count)
    switch pooling {
    case .average:
      target[plane] = T(x.reduce(0.0) { $0 + Double($1) } / Double(count))
    case .maximum:
      target[plane] = x[firstMaximum(x)]
    case .lp(let p):
      let sum = x.reduce(0.0) { $0 + Double.pow(Double(abs($1)), Double(p)) }
      target[plane] = T(Double.pow(sum, 1 / Double(p)))
    }
  }
}

private func backward<T: FloatingScalar>(
  _ type: T.Type, _ x: Tensor, _ dY: Tensor, _ takingMaximum: Bool, _ dX: Tensor
) {
  guard dY.elementCount > 0 else { return }
  let count = x.elementCount / dY.elementCount
  let source = x.pointer(to: T.self)
  let gradient = dY.pointer(to: T.self)
  let target = dX.pointer(to: T.self)
  for plane in 0..<dY.elementCount {
    let dX = target + plane * count
    if takingMaximum {
      dX.update(repeating: 0, count: count)
      let x = UnsafeBufferPointer(start: source + plane * count, count: count)
      dX[firstMaximum(x)] = gradient[plane]
    } else {
      dX.update(repeating: gradient[plane] / T(count), count: count)
    }
  }
}

/// The place of the first maximum, or of the first NaN.
private func firstMaximum<T: FloatingScalar>(_ x: UnsafeBufferPointer<T>) -> Int {
  var best = 0
  for index in x.indices {
    if x[index].isNaN { return index }
    if x[index] > x[best] { best = index }
  }
  return best
}
