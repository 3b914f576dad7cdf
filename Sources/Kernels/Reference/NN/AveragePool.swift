public import Tensors

/// Takes the mean of each window.
///
/// Shapes: `x` is [N, C, spatial...], `y` is [N, C, output...].
/// - Parameter countIncludePad: whether the pads count as zeros; what a rounded-up last window sees
///   beyond the pads never counts.
/// Source: ONNX AveragePool-22.
public func averagePool(
  _ x: Tensor, geometry: WindowGeometry, countIncludePad: Bool, into y: Tensor
) {
  computing([x], into: [y]) { inputs, outputs in
    guard let x = inputs[0], x.elementCount > 0 else { return }
    let pooling = AveragePooling(geometry, countIncludePad: countIncludePad)
    if x.dtype == .float64 {
      pooling.forward(Double.self, x, into: outputs[0])
    } else {
      pooling.forward(Float.self, x, into: outputs[0])
    }
  }
}

/// Computes the gradient of `averagePool` by its input.
public func averagePoolBackward(
  dY: Tensor, geometry: WindowGeometry, countIncludePad: Bool, into dX: Tensor
) {
  computing([dY], into: [dX]) { inputs, outputs in
    guard let dY = inputs[0], dY.elementCount > 0 else { return }
    let pooling = AveragePooling(geometry, countIncludePad: countIncludePad)
    if dY.dtype == .float64 {
      pooling.backward(Double.self, dY, into: outputs[0])
    } else {
      pooling.backward(Float.self, dY, into: outputs[0])
    }
  }
}

private struct AveragePooling {
  let plan: WindowPlan
  /// How many elements each output is the mean of; at least one.
  let counts: [Int]

  init(_ geometry: WindowGeometry, countIncludePad: Bool) {
    plan = WindowPlan(geometry)
    var counts = [1]
    for axis in [plan.depth, plan.height, plan.width] {
      let axisCounts = axis.counts(includingPads: countIncludePad)
      counts = counts.flatMap { count in axisCounts.map { count * $0 } }
    }
    self.counts = counts.map { max($0, 1) }
  }

  func forward<T: FloatingScalar>(_ type: T.Type, _ x: Tensor, into y: Tensor) {
    let source = x.pointer(to: T.self)
    let target = y.pointer(to: T.self)
    target.update(repeating: 0, count: y.elementCount)
    let counts = counts.map { T($0) }
    let step = plan.step
    for plane in 0..<x.elementCount / plan.inputCount {
      let x = source + plane * plan.inputCount
      let y = target + plane * plan.outputCount
      for tap in 0..<plan.tapCount {
        plan.forEachRun(tap: tap, in: 0..<plan.outputCount) { output, input, count in
          for index in 0..<count { y[output + index] += x[input + index * step] }
        }
      }
      for index in 0..<plan.outputCount { y[index] /= counts[index] }
    }
  }

  func backward<T: FloatingScalar>(_ type: T.Type, _ dY: Tensor, into dX: Tensor) {
    let source = dY.pointer(to: T.self)
    let target = dX.pointer(to: T.self)
    target.update(repeating: 0, count: dX.elementCount)
    let counts = counts.map { T($0) }
    let step = plan.step
    for plane in 0..<dX.elementCount / plan.inputCount {
      let dY = source + plane * plan.outputCount
      let dX = target + plane * plan.inputCount
      for tap in 0..<plan.tapCount {
        plan.forEachRun(tap: tap, in: 0..<plan.outputCount) { output, input, count in
          for index in 0..<count {
            dX[input + index * step] += dY[output + index] / counts[output + index]
          }
        }
      }
    }
  }
}

extension WindowAxis {
  /// For each output, how many elements of its window count.
  fileprivate func counts(includingPads: Bool) -> [Int] {
    (0..<output).map { output in
      let start = output * stride - padBegin
      let end = includingPads ? input + padEnd : input
      let first = includingPads || start >= 0 ? 0 : (-start + dilation - 1) / dilation
      let last = start >= end ? 0 : min(kernel, (end - start + dilation - 1) / dilation)
      return max(0, last - first)
    }
  }
}
