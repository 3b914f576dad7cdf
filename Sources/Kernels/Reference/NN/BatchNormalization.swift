public import Tensors

/// The statistics and the affine map of a batch normalisation, one element a channel.
public struct BatchNormalizationParameters: Sendable {
  public let scale: Tensor
  public let bias: Tensor
  public let mean: Tensor
  public let variance: Tensor
  public let epsilon: Float

  public init(scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, epsilon: Float) {
    self.scale = scale
    self.bias = bias
    self.mean = mean
    self.variance = variance
    self.epsilon = epsilon
  }
}

/// Computes (x - mean) / sqrt(variance + epsilon) · scale + bias with stored statistics.
///
/// Shapes: `x` is [N, C, plane...]; the parameters have one element a channel, or one for each of
/// C · plane.
/// Source: ONNX BatchNormalization-15.
public func batchNormalization(
  _ x: Tensor, _ parameters: BatchNormalizationParameters, into y: Tensor
) {
  let (p, channels) = (parameters, parameters.scale.elementCount)
  computing([x, p.scale, p.bias, p.mean, p.variance], into: [y]) { inputs, outputs in
    let tensors = inputs.compactMap { $0 }
    if outputs[0].dtype == .float64 {
      forward(Double.self, tensors, channels, p.epsilon, outputs[0])
    } else {
      forward(Float.self, tensors, channels, p.epsilon, outputs[0])
    }
  }
}

/// Computes the gradient of `batchNormalization` by its input.
public func batchNormalizationBackward(
  dY: Tensor, scale: Tensor, variance: Tensor, epsilon: Float, into dX: Tensor
) {
  computing([dY, scale, variance], into: [dX]) { inputs, outputs in
    let tensors = inputs.compactMap { $0 }
    if outputs[0].dtype == .float64 {
      backward(Double.self, tensors, scale.elementCount, epsilon, outputs[0])
    } else {
      backward(Float.self, tensors, scale.elementCount, epsilon, outputs[0])
    }
  }
}

/// Computes the mean and the variance of each channel over all images and places, in double.
///
/// Shapes: `x` is [N, C, plane...], `mean` and `variance` are [C].
public func batchMoments(of x: Tensor, mean: Tensor, variance: Tensor) {
  computing([x], into: [mean, variance]) { inputs, outputs in
    guard let x = inputs[0] else { return }
    if outputs[0].dtype == .float64 {
      moments(Double.self, x, outputs[0], outputs[1])
    } else {
      moments(Float.self, x, outputs[0], outputs[1])
    }
  }
}

private func moments<T: FloatingScalar>(
  _ type: T.Type, _ x: Tensor, _ mean: Tensor, _ variance: Tensor
) {
  let elements = x.pointer(to: T.self)
  let channels = mean.elementCount
  let count = Double(x.elementCount / max(channels, 1))
  var means = [Double](repeating: 0, count: channels)
  forEachPlane(of: x, channels) { channel, plane in
    for index in plane { means[channel] += Double(elements[index]) }
  }
  means = means.map { $0 / count }
  var variances = [Double](repeating: 0, count: channels)
  forEachPlane(of: x, channels) { channel, plane in
    for index in plane {
      let deviation = Double(elements[index]) - means[channel]
      variances[channel] += deviation * deviation
    }
  }
  for channel in 0..<channels {
    mean.pointer(to: T.self)[channel] = T(means[channel])
    variance.pointer(to: T.self)[channel] = T(variances[channel] / count)
  }
}

private func forward<T: FloatingScalar>(
  _ type: T.Type, _ tensors: [Tensor], _ channels: Int, _ epsilon: Float, _ y: Tensor
) {
  let pointers = tensors.map { $0.pointer(to: T.self) }
  let (x, y, mean, bias) = (pointers[0], y.pointer(to: T.self), pointers[3], pointers[2])
  let slopes = slopes(scale: pointers[1], variance: pointers[4], channels, epsilon)
  forEachPlane(of: tensors[0], channels) { channel, plane in
    let (slope, mean, bias) = (slopes[channel], mean[channel], bias[channel])
    for index in plane { y[index] = (x[index] - mean) * slope + bias }
  }
}

private func backward<T: FloatingScalar>(
  _ type: T.Type, _ tensors: [Tensor], _ channels: Int, _ epsilon: Float, _ dX: Tensor
) {
  let pointers = tensors.map { $0.pointer(to: T.self) }
  let (dY, dX) = (pointers[0], dX.pointer(to: T.self))
  let slopes = slopes(scale: pointers[1], variance: pointers[2], channels, epsilon)
  forEachPlane(of: tensors[0], channels) { channel, plane in
    let slope = slopes[channel]
    for index in plane { dX[index] = dY[index] * slope }
  }
}

private func slopes<T: FloatingScalar>(
  scale: UnsafePointer<T>, variance: UnsafePointer<T>, _ channels: Int, _ epsilon: Float
) -> [T] {
  (0..<channels).map { channel in
    T(Double(scale[channel]) / (Double(variance[channel]) + Double(epsilon)).squareRoot())
  }
}

/// Calls `body` with each channel of each image and the places of its elements.
@inline(__always)
private func forEachPlane(
  of x: Tensor, _ channels: Int, _ body: (_ channel: Int, _ plane: Range<Int>) -> Void
) {
  guard x.elementCount > 0 else { return }
  let plane = x.elementCount / x.shape[0] / channels
  for part in 0..<x.shape[0] * channels {
    body(part % channels, part * plane..<(part + 1) * plane)
  }
}
