public import Tensors

/// Multiplies the negative elements by a slope, which broadcasts to the shape of `x`.
///
/// Source: ONNX PRelu-16.
public func parametricRelu(_ x: Tensor, slope: Tensor, into y: Tensor) {
  computing([x, slope], into: [y]) { inputs, outputs in
    guard let x = inputs[0], let slope = inputs[1] else { return }
    if x.dtype == .float64 {
      forward(Double.self, x, slope, outputs[0])
    } else {
      forward(Float.self, x, slope, outputs[0])
    }
  }
}

/// Computes the gradient of `parametricRelu` by `x`.
public func parametricReluBackward(_ x: Tensor, dY: Tensor, slope: Tensor, into dX: Tensor) {
  computing([x, dY, slope], into: [dX]) { inputs, outputs in
    guard let x = inputs[0], let dY = inputs[1], let slope = inputs[2] else { return }
    if x.dtype == .float64 {
      backward(Double.self, x, dY, slope, outputs[0])
    } else {
      backward(Float.self, x, dY, slope, outputs[0])
    }
  }
}

private func forward<T: FloatingScalar>(
  _ type: T.Type, _ x: Tensor, _ slope: Tensor, _ y: Tensor
) {
  let (source, target) = (x.pointer(to: T.self), y.pointer(to: T.self))
  withBroadcast(slope, to: x.shape, of: T.self) { slope in
    for index in 0..<x.elementCount {
      target[index] = source[index] < 0 ? slope[index] * source[index] : source[index]
    }
  }
}

private func backward<T: FloatingScalar>(
  _ type: T.Type, _ x: Tensor, _ dY: Tensor, _ slope: Tensor, _ dX: Tensor
) {
  let (source, gradient) = (x.pointer(to: T.self), dY.pointer(to: T.self))
  let target = dX.pointer(to: T.self)
  withBroadcast(slope, to: x.shape, of: T.self) { slope in
    for index in 0..<x.elementCount {
      target[index] = source[index] > 0 ? gradient[index] : slope[index] * gradient[index]
    }
  }
}
