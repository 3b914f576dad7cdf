public import Tensors

/// What is made of a vector of logits.
public enum SoftmaxKind: Sendable, Hashable {
  case softmax
  case logSoftmax
  /// One at the first maximum, zero elsewhere.
  case hardmax
}

/// How the vectors of a softmax lie in a tensor: element `i` of vector `(o, n)` is at
/// `(o * extent + i) * inner + n`.
public struct VectorLayout: Sendable, Hashable {
  public let outer: Int
  public let extent: Int
  public let inner: Int

  public init(outer: Int, extent: Int, inner: Int) {
    self.outer = outer
    self.extent = extent
    self.inner = inner
  }
}

/// Applies a softmax to every vector; sums are accumulated in Float64.
///
/// Source: ONNX Softmax-13, LogSoftmax-13, Hardmax-13.
public func softmax(_ x: Tensor, _ kind: SoftmaxKind, layout: VectorLayout, into y: Tensor) {
  computing([x], into: [y]) { inputs, outputs in
    guard let x = inputs[0] else { return }
    if x.dtype == .float64 {
      forward(Double.self, x, kind, layout, outputs[0])
    } else {
      forward(Float.self, x, kind, layout, outputs[0])
    }
  }
}

/// Computes the gradient of a softmax by its input from its output `y`.
///
/// - Parameter isLog: whether `y` is of a `logSoftmax`.
public func softmaxBackward(
  _ y: Tensor, dY: Tensor, isLog: Bool, layout: VectorLayout, into dX: Tensor
) {
  computing([y, dY], into: [dX]) { inputs, outputs in
    guard let y = inputs[0], let dY = inputs[1] else { return }
    if y.dtype == .float64 {
      backward(Double.self, y, dY, isLog, layout, outputs[0])
    } else {
      backward(Float.self, y, dY, isLog, layout, outputs[0])
    }
  }
}

extension VectorLayout {
  /// Calls `body` with the offset of each vector.
  @inline(__always)
  fileprivate func forEachVector(_ body: (Int) -> Void) {
    guard extent > 0 else { return }
    for outer in 0..<outer {
      for inner in 0..<inner { body(outer * extent * self.inner + inner) }
    }
  }
}

private func forward<T: FloatingScalar>(
  _ type: T.Type, _ x: Tensor, _ kind: SoftmaxKind, _ layout: VectorLayout, _ y: Tensor
) {
  let (source, target) = (x.pointer(to: T.self), y.pointer(to: T.self))
  let (extent, step) = (layout.extent, layout.inner)
  layout.forEachVector { offset in
    let (x, y) = (source + offset, target + offset)
    var best = 0
    for i in 0..<extent where x[i * step] > x[best * step] { best = i }
    let maximum = x[best * step]
    var sum = 0.0
    switch kind {
    case .softmax:
      for i in 0..<extent {
        let value = T.exp(x[i * step] - maximum)
        y[i * step] = value
        sum += Double(value)
      }
      for i in 0..<extent { y[i * step] /= T(sum) }
    case .logSoftmax:
      for i in 0..<extent { sum += Double(T.exp(x[i * step] - maximum)) }
      let logarithm = T(Double.log(sum))
      for i in 0..<extent { y[i * step] = x[i * step] - maximum - logarithm }
    case .hardmax:
      for i in 0..<extent { y[i * step] = i == best ? 1 : 0 }
    }
  }
}

private func backward<T: FloatingScalar>(
  _ type: T.Type, _ y: Tensor, _ dY: Tensor, _ isLog: Bool, _ layout: VectorLayout, _ dX: Tensor
) {
  let (values, gradient) = (y.pointer(to: T.self), dY.pointer(to: T.self))
  let target = dX.pointer(to: T.self)
  let (extent, step) = (layout.extent, layout.inner)
  layout.forEachVector { offset in
    let (y, dY, dX) = (values + offset, gradient + offset, target + offset)
    var sum = 0.0
    if isLog {
      for i in 0..<extent { sum += Double(dY[i * step]) }
      for i in 0..<extent { dX[i * step] = dY[i * step] - T.exp(y[i * step]) * T(sum) }
    } else {
      for i in 0..<extent { sum += Double(dY[i * step]) * Double(y[i * step]) }
      for i in 0..<extent { dX[i * step] = y[i * step] * (dY[i * step] - T(sum)) }
    }
  }
}
