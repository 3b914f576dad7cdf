public import Tensors

/// Takes the p-norm of each window; pads count as zeros.
///
/// Shapes: `x` is [N, C, spatial...], `y` is [N, C, output...].
/// Source: ONNX LpPool-22.
public func lpPool(_ x: Tensor, geometry: WindowGeometry, p: Int, into y: Tensor) {
  computing([x], into: [y]) { inputs, outputs in
    guard let x = inputs[0] else { return }
    if x.dtype == .float64 {
      pool(Double.self, x, WindowPlan(geometry), p, outputs[0])
    } else {
      pool(Float.self, x, WindowPlan(geometry), p, outputs[0])
    }
  }
}

private func pool<T: FloatingScalar>(
  _ type: T.Type, _ x: Tensor, _ plan: WindowPlan, _ p: Int, _ y: Tensor
) {
  let source = x.pointer(to: T.self)
  let target = y.pointer(to: T.self)
  target.update(repeating: 0, count: y.elementCount)
  let step = plan.step
  for plane in 0..<x.elementCount / plan.inputCount {
    let x = source + plane * plan.inputCount
    let y = target + plane * plan.outputCount
    for tap in 0..<plan.tapCount {
      plan.forEachRun(tap: tap, in: 0..<plan.outputCount) { output, input, count in
        for index in 0..<count {
          y[output + index] += T.pow(abs(x[input + index * step]), T(p))
        }
      }
    }
    for index in 0..<plan.outputCount { y[index] = T.pow(y[index], 1 / T(p)) }
  }
}
