public import Tensors

/// The parameters of a local response normalisation across channels.
public struct LRNParameters: Sendable, Hashable {
  public let size: Int
  public let alpha: Float
  public let beta: Float
  public let bias: Float

  public init(size: Int, alpha: Float, beta: Float, bias: Float) {
    self.size = size
    self.alpha = alpha
    self.beta = beta
    self.bias = bias
  }

  /// Channels of the window before and after its own.
  fileprivate var before: Int { (size - 1) / 2 }
  fileprivate var after: Int { size - 1 - before }
}

/// Divides by (bias + alpha / size · sum of squares of `size` neighbouring channels) ^ beta.
///
/// Shapes: `x` is [N, C, spatial...].
/// Source: ONNX LRN-13.
public func localResponseNormalization(_ x: Tensor, _ parameters: LRNParameters, into y: Tensor) {
  computing([x], into: [y]) { inputs, outputs in
    guard let x = inputs[0] else { return }
    if x.dtype == .float64 {
      forward(Double.self, x, parameters, outputs[0])
    } else {
      forward(Float.self, x, parameters, outputs[0])
    }
  }
}

/// Computes the gradient of `localResponseNormalization` by its input.
public func localResponseNormalizationBackward(
  _ x: Tensor, dY: Tensor, _ parameters: LRNParameters, into dX: Tensor
) {
  computing([x, dY], into: [dX]) { inputs, outputs in
    guard let x = inputs[0], let dY = inputs[1] else { return }
    if x.dtype == .float64 {
      backward(Double.self, x, dY, parameters, outputs[0])
    } else {
      backward(Float.self, x, dY, parameters, outputs[0])
    }
  }
}

private func forward<T: FloatingScalar>(
  _ type: T.Type, _ x: Tensor, _ parameters: LRNParameters, _ y: Tensor
) {
  let (source, target) = (x.pointer(to: T.self), y.pointer(to: T.self))
  let windows = ChannelWindows<T>(x.shape, parameters)
  let beta = T(parameters.beta)
  windows.forEachImage { offset in
    let (x, y) = (source + offset, target + offset)
    windows.divisors(x, into: y)
    for index in 0..<windows.count { y[index] = x[index] * T.pow(y[index], -beta) }
  }
}

private func backward<T: FloatingScalar>(
  _ type: T.Type, _ x: Tensor, _ dY: Tensor, _ parameters: LRNParameters, _ dX: Tensor
) {
  let (source, gradient) = (x.pointer(to: T.self), dY.pointer(to: T.self))
  let target = dX.pointer(to: T.self)
  let windows = ChannelWindows<T>(x.shape, parameters)
  let beta = T(parameters.beta)
  let factor = 2 * windows.slope * beta
  let shares = UnsafeMutablePointer<T>.allocate(capacity: max(windows.count, 1))
  defer { shares.deallocate() }
  windows.forEachImage { offset in
    let (x, dY, dX) = (source + offset, gradient + offset, target + offset)
    windows.divisors(x, into: dX)
    for index in 0..<windows.count {
      let power = T.pow(dX[index], -beta)
      shares[index] = dY[index] * x[index] * power / dX[index]
      dX[index] = dY[index] * power
    }
    for channel in 0..<windows.channels {
      let first = max(0, channel - parameters.after)
      let last = min(windows.channels - 1, channel + parameters.before)
      let start = channel * windows.plane
      for neighbour in first...last {
        let shares = shares + neighbour * windows.plane
        for i in 0..<windows.plane { dX[start + i] -= factor * x[start + i] * shares[i] }
      }
    }
  }
}

/// One image at a time of [N, C, plane] with the windows across its channels.
private struct ChannelWindows<T: FloatingScalar> {
  let images: Int
  let channels: Int
  let plane: Int
  let slope: T
  let parameters: LRNParameters

  init(_ shape: Shape, _ parameters: LRNParameters) {
    images = shape[0]
    channels = shape[1]
    plane = shape.dimensions.dropFirst(2).reduce(1, *)
    slope = T(parameters.alpha) / T(parameters.size)
    self.parameters = parameters
  }

  /// Elements of one image.
  var count: Int { channels * plane }

  func forEachImage(_ body: (_ offset: Int) -> Void) {
    for image in 0..<images { body(image * count) }
  }

  /// Writes bias + alpha / size · sum of squares of each window.
  func divisors(_ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>) {
    for channel in 0..<channels {
      let y = y + channel * plane
      y.update(repeating: T(parameters.bias), count: plane)
      let first = max(0, channel - parameters.before)
      let last = min(channels - 1, channel + parameters.after)
      for neighbour in first...last {
        let x = x + neighbour * plane
        for i in 0..<plane { y[i] += slope * x[i] * x[i] }
      }
    }
  }
}
