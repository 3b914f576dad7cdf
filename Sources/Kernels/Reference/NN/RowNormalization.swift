public import Tensors

/// How a tensor is normalised in rows: layer, group, instance and root-mean-square normalisation.
///
/// Each row of `count` neighbouring elements is (x - mean) / sqrt(variance + epsilon), times scale
/// plus bias. Row r takes its scales from row `r % scaleRows` of `scale`, one for every `segment`
/// elements.
public struct RowNormalization: Sendable, Hashable {
  public let rows: Int
  public let count: Int
  public let segment: Int
  public let scaleRows: Int
  public let epsilon: Float
  /// Whether the mean is taken off; without it the root of the mean square is the divisor.
  public let isCentered: Bool
  /// The shape that scale and bias broadcast to.
  public let scaleShape: Shape

  public init(
    rows: Int, count: Int, segment: Int, scaleRows: Int, epsilon: Float, isCentered: Bool = true,
    scaleShape: Shape
  ) {
    precondition(count % segment == 0 && scaleShape.elementCount == scaleRows * count / segment)
    self.rows = rows
    self.count = count
    self.segment = segment
    self.scaleRows = scaleRows
    self.epsilon = epsilon
    self.isCentered = isCentered
    self.scaleShape = scaleShape
  }
}

/// Normalises each row; statistics are accumulated in Float64.
///
/// - Parameters:
///   - mean: takes the mean of each row, as float32.
///   - inverseDeviation: takes 1 / sqrt(variance + epsilon) of each row, as float32.
/// Source: ONNX LayerNormalization-17, GroupNormalization-21, InstanceNormalization-6,
/// RMSNormalization-23.
public func normalizeRows(
  _ x: Tensor, scale: Tensor, bias: Tensor?, layout: RowNormalization, into y: Tensor,
  mean: Tensor? = nil, inverseDeviation: Tensor? = nil
) {
  let statistics = (mean?.pointer(to: Float.self), inverseDeviation?.pointer(to: Float.self))
  let bias = bias ?? Tensor(zeros: scale.dtype, scale.shape)
  computing([x, scale, bias], into: [y]) { inputs, outputs in
    guard let x = inputs[0], let scale = inputs[1], let bias = inputs[2] else { return }
    if x.dtype == .float64 {
      forward(Double.self, x, scale, bias, layout, outputs[0], statistics)
    } else {
      forward(Float.self, x, scale, bias, layout, outputs[0], statistics)
    }
  }
}

/// Computes the gradient of `normalizeRows` by its input.
public func normalizeRowsBackward(
  _ x: Tensor, dY: Tensor, scale: Tensor, layout: RowNormalization, into dX: Tensor
) {
  computing([x, dY, scale], into: [dX]) { inputs, outputs in
    guard let x = inputs[0], let dY = inputs[1], let scale = inputs[2] else { return }
    if x.dtype == .float64 {
      backward(Double.self, x, dY, scale, layout, outputs[0])
    } else {
      backward(Float.self, x, dY, scale, layout, outputs[0])
    }
  }
}

private func forward<T: FloatingScalar>(
  _ type: T.Type, _ x: Tensor, _ scale: Tensor, _ bias: Tensor, _ layout: RowNormalization,
  _ y: Tensor,
  _ outputs: (mean: UnsafeMutablePointer<Float>?, inverse: UnsafeMutablePointer<Float>?)
) {
  let (source, target) = (x.pointer(to: T.self), y.pointer(to: T.self))
  let (count, segment) = (layout.count, layout.segment)
  withBroadcast(scale, to: layout.scaleShape, of: T.self) { scales in
    withBroadcast(bias, to: layout.scaleShape, of: T.self) { biases in
      for row in 0..<layout.rows {
        let (x, y) = (source + row * count, target + row * count)
        let (mean, inverse) = statistics(x, layout)
        outputs.mean?[row] = Float(mean)
        outputs.inverse?[row] = Float(inverse)
        let first = row % layout.scaleRows * (count / segment)
        if segment == 1 {
          for i in 0..<count {
            y[i] = T((Double(x[i]) - mean) * inverse) * scales[first + i] + biases[first + i]
          }
        } else {
          for start in stride(from: 0, to: count, by: segment) {
            let (scale, bias) = (scales[first + start / segment], biases[first + start / segment])
            for i in start..<start + segment {
              y[i] = T((Double(x[i]) - mean) * inverse) * scale + bias
            }
          }
        }
      }
    }
  }
}

/// The mean of a row, or zero, and the inverse of its deviation from it.
private func statistics<T: FloatingScalar>(
  _ x: UnsafePointer<T>, _ layout: RowNormalization
) -> (mean: Double, inverse: Double) {
  var mean = 0.0
  if layout.isCentered {
    for i in 0..<layout.count { mean += Double(x[i]) }
    mean /= Double(layout.count)
  }
  var variance = 0.0
  for i in 0..<layout.count {
    let deviation = Double(x[i]) - mean
    variance += deviation * deviation
  }
  variance /= Double(layout.count)
  return (mean, 1 / (variance + Double(layout.epsilon)).squareRoot())
}

private func backward<T: FloatingScalar>(
  _ type: T.Type, _ x: Tensor, _ dY: Tensor, _ scale: Tensor, _ layout: RowNormalization,
  _ dX: Tensor
) {
  let (source, gradient) = (x.pointer(to: T.self), dY.pointer(to: T.self))
  let target = dX.pointer(to: T.self)
  let (count, segment) = (layout.count, layout.segment)
  withBroadcast(scale, to: layout.scaleShape, of: T.self) { scales in
    for row in 0..<layout.rows {
      let (x, dY, dX) = (source + row * count, gradient + row * count, target + row * count)
      let (mean, inverse) = statistics(x, layout)
      let scales = scales + row % layout.scaleRows * (count / segment)
      var (sum, projection) = (0.0, 0.0)
      for i in 0..<count {
        let scaled = Double(dY[i]) * Double(scales[i / segment])
        sum += scaled
        projection += scaled * (Double(x[i]) - mean) * inverse
      }
      let shift = layout.isCentered ? sum / Double(count) : 0
      projection /= Double(count)
      for i in 0..<count {
        let scaled = Double(dY[i]) * Double(scales[i / segment])
        let normalized = (Double(x[i]) - mean) * inverse
        dX[i] = T(inverse * (scaled - shift - normalized * projection))
      }
    }
  }
}
