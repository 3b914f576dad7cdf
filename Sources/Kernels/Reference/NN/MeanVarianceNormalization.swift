public import Tensors

/// Takes the mean off and divides by the deviation plus 1e-9, both over `axes`.
///
/// Source: ONNX MeanVarianceNormalization-13.
public func meanVarianceNormalization(_ x: Tensor, axes: [Int], into y: Tensor) {
  computing([x], into: [y]) { inputs, outputs in
    guard let x = inputs[0] else { return }
    if x.dtype == .float64 {
      forward(Double.self, x, axes, outputs[0])
    } else {
      forward(Float.self, x, axes, outputs[0])
    }
  }
}

private func forward<T: FloatingScalar>(_ type: T.Type, _ x: Tensor, _ axes: [Int], _ y: Tensor) {
  let (source, target) = (x.pointer(to: T.self), y.pointer(to: T.self))
  let extents = x.shape.dimensions
  let kept = Shape(extents.indices.map { axes.contains($0) ? 1 : extents[$0] })
  guard kept.elementCount > 0, x.elementCount > 0 else { return }
  let count = Double(x.elementCount / kept.elementCount)
  let strides = repeatingStrides(kept.dimensions, to: extents)
  var means = [Double](repeating: 0, count: kept.elementCount)
  forEachOffsetPair(extents, x.shape.strides, strides) { place, group in
    means[group] += Double(source[place]) / count
  }
  var variances = [Double](repeating: 0, count: kept.elementCount)
  forEachOffsetPair(extents, x.shape.strides, strides) { place, group in
    let deviation = Double(source[place]) - means[group]
    variances[group] += deviation * deviation / count
  }
  let deviations = variances.map { $0.squareRoot() + 1e-9 }
  forEachOffsetPair(extents, x.shape.strides, strides) { place, group in
    target[place] = T((Double(source[place]) - means[group]) / deviations[group])
  }
}
