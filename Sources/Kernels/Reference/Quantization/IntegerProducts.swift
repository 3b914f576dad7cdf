public import Faults
public import Tensors

/// Convolves integers of 8 bits without their zero points, exactly, into int32 sums that wrap.
///
/// Shapes: as in `geometry`; `zeroPoint` has one element, `weightZeroPoint` one or [M]; `y` is int32.
/// Padding counts as the zero point. Source: ONNX ConvInteger-10.
public func convolveIntegers(
  _ x: Tensor, zeroPoint: Tensor?, weight: Tensor, weightZeroPoint: Tensor?,
  geometry: ConvolutionExtents, into y: Tensor
) throws(Fault) {
  let dtype = exactType(terms: geometry.inputChannelsPerGroup * geometry.window.kernelCount)
  let sums = Tensor(uninitialized: dtype, y.shape)
  convolution(
    try centered(x, zeroPoint: zeroPoint, as: dtype),
    weight: try centered(weight, zeroPoint: weightZeroPoint, as: dtype), bias: nil,
    geometry: geometry, into: sums)
  try cast(sums, into: y)
}

/// Multiplies stacks of integer matrices without their zero points, exactly, into int32 sums that
/// wrap.
///
/// Zero points are broadcast to their matrices. Source: ONNX MatMulInteger-10.
public func multiplyIntegers(
  _ a: Tensor, zeroPoint: Tensor?, _ b: Tensor, zeroPointB: Tensor?, geometry: MatMulGeometry,
  into y: Tensor
) throws(Fault) {
  let dtype = exactType(terms: geometry.k)
  let sums = Tensor(uninitialized: dtype, y.shape)
  matMul(
    try centered(a, zeroPoint: zeroPoint, as: dtype),
    try centered(b, zeroPoint: zeroPointB, as: dtype), geometry: geometry, into: sums)
  try cast(sums, into: y)
}

/// Returns the elements minus their zero point, broadcast, as floating-point numbers.
public func centered(
  _ x: Tensor, zeroPoint: Tensor?, as dtype: DType
) throws(Fault) -> Tensor {
  let wide = try cast(x, to: dtype)
  guard let zeroPoint else { return wide }
  let result = Tensor(uninitialized: dtype, x.shape)
  try elementwise(.subtract, wide, try cast(zeroPoint, to: dtype), into: result)
  return result
}

/// A type in which sums of so many products of 8-bit integers are exact, in any order.
private func exactType(terms: Int) -> DType {
  terms <= (1 << 24) / (255 * 255) ? .float32 : .float64
}

/// Writes round(sums · multiplier) + zero point into `y`, halves to even, clamped to its integers.
///
/// `sums` is int32, `multiplier` float32 and broadcast to it. The zero points lie along `axis`, or
/// there is one.
public func requantize(
  _ sums: Tensor, multiplier: Tensor, zeroPoint: Tensor?, axis: Int, into y: Tensor
) throws(Fault) {
  let count = zeroPoint?.elementCount ?? 1
  try quantizeLinear(
    try scaled(sums, multiplier),
    scale: Tensor([Float](repeating: 1, count: count), shape: [count]), zeroPoint: zeroPoint,
    layout: QuantizationLayout(y.shape, axis: axis, sharing: count == 1 ? .tensor : .axis), into: y)
}

/// The gradient by the sums of `requantize`, taking rounding as the identity: zero where `y` was
/// clamped.
public func requantizeBackward(
  dY: Tensor, y: Tensor, sums: Tensor, multiplier: Tensor, zeroPoint: Tensor?
) throws(Fault) -> Tensor {
  let restored = try centered(y, zeroPoint: zeroPoint, as: .float32)
  let distance = try elementwise(
    .absolute, try elementwise(.subtract, restored, try scaled(sums, multiplier)))
  let isKept = Tensor(uninitialized: .bool, y.shape)
  try compare(.lessOrEqual, distance, Tensor(scalar: Float(0.51)), into: isKept)
  let slope = try elementwise(.multiply, try cast(isKept, to: .float32), multiplier)
  return try elementwise(.multiply, dY, try cast(slope, to: dY.dtype))
}

private func scaled(_ sums: Tensor, _ multiplier: Tensor) throws(Fault) -> Tensor {
  let product = Tensor(uninitialized: .float32, sums.shape)
  try elementwise(.multiply, try cast(sums, to: .float32), multiplier, into: product)
  return product
}

/// Quantises to uint8 with the scale and zero point that just hold the elements and zero.
///
/// `scale` and `zeroPoint` have one element. Elements that are all zero get a scale of 1.
/// Source: ONNX DynamicQuantizeLinear-11.
public func quantizeDynamically(
  _ x: Tensor, into y: Tensor, scale: Tensor, zeroPoint: Tensor
) throws(Fault) {
  let flat = x.reshaped([x.elementCount])
  let limits = try [ReductionFunction.minimum, .maximum].map { (function) throws(Fault) in
    x.elementCount == 0 ? 0 : try reduced(function, flat, axes: [0]).elements(of: Float.self)[0]
  }
  let (lowest, highest) = (Swift.min(limits[0], 0), Swift.max(limits[1], 0))
  let step = lowest == highest ? 1 : (highest - lowest) / 255
  try cast(Tensor(scalar: step).reshaped(scale.shape), into: scale)
  try quantizeLinear(
    Tensor(scalar: -lowest), scale: scale, zeroPoint: nil,
    layout: QuantizationLayout([], axis: 0, sharing: .tensor), into: zeroPoint)
  try quantizeLinear(
    x, scale: scale, zeroPoint: zeroPoint,
    layout: QuantizationLayout(x.shape, axis: 0, sharing: .tensor), into: y)
}
