public import Tensors

/// Limits every element to lower...upper; where the limits cross, the upper one counts.
///
/// Types: every numeric one; the limits are scalars of the type of `x`, `nil` for none.
/// Source: ONNX Clip-13.
public func clip(_ x: Tensor, lower: Tensor?, upper: Tensor?, into y: Tensor) {
  computing([x, lower, upper], into: [y]) { inputs, outputs in
    guard let x = inputs[0] else { return }
    let limits = (inputs[1], inputs[2])
    switch x.dtype {
    case .float32: forward(Float.self, x, limits, outputs[0])
    case .float64: forward(Double.self, x, limits, outputs[0])
    case .int8: forward(Int8.self, x, limits, outputs[0])
    case .uint8: forward(UInt8.self, x, limits, outputs[0])
    case .int16: forward(Int16.self, x, limits, outputs[0])
    case .uint16: forward(UInt16.self, x, limits, outputs[0])
    case .int32: forward(Int32.self, x, limits, outputs[0])
    case .uint32: forward(UInt32.self, x, limits, outputs[0])
    case .int64: forward(Int64.self, x, limits, outputs[0])
    case .uint64: forward(UInt64.self, x, limits, outputs[0])
    case .bool, .float16: preconditionFailure("the shape rule admits no other type")
    }
  }
}

/// Computes the gradient of `clip` by its input: zero at the limits and beyond.
public func clipBackward(
  _ x: Tensor, dY: Tensor, lower: Tensor?, upper: Tensor?, into dX: Tensor
) {
  computing([x, dY, lower, upper], into: [dX]) { inputs, outputs in
    guard let x = inputs[0], let dY = inputs[1] else { return }
    let limits = (inputs[2], inputs[3])
    if x.dtype == .float64 {
      backward(-Double.infinity, Double.infinity, x, dY, limits, outputs[0])
    } else {
      backward(-Float.infinity, Float.infinity, x, dY, limits, outputs[0])
    }
  }
}

private func forward<T: TensorElement & Comparable>(
  _ type: T.Type, _ x: Tensor, _ limits: (lower: Tensor?, upper: Tensor?), _ y: Tensor
) {
  let source = x.pointer(to: T.self)
  let target = y.pointer(to: T.self)
  target.update(from: source, count: x.elementCount)
  if let lower = limits.lower?.pointer(to: T.self).pointee {
    for index in 0..<x.elementCount {
      target[index] = target[index] < lower ? lower : target[index]
    }
  }
  if let upper = limits.upper?.pointer(to: T.self).pointee {
    for index in 0..<x.elementCount {
      target[index] = target[index] > upper ? upper : target[index]
    }
  }
}

private func backward<T: FloatingScalar>(
  _ lowest: T, _ highest: T, _ x: Tensor, _ dY: Tensor, _ limits: (lower: Tensor?, upper: Tensor?),
  _ dX: Tensor
) {
  let source = x.pointer(to: T.self)
  let gradient = dY.pointer(to: T.self)
  let target = dX.pointer(to: T.self)
  let lower = limits.lower?.pointer(to: T.self).pointee ?? lowest
  let upper = limits.upper?.pointer(to: T.self).pointee ?? highest
  for index in 0..<x.elementCount {
    target[index] = source[index] > lower && source[index] < upper ? gradient[index] : 0
  }
}
