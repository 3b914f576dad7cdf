public import Faults
import Kernels
public import Tensors

/// Resizes axes by interpolation.
///
/// Inputs: x, region of interest, scales, sizes; in opset 10 x and scales.
/// Source: https://onnx.ai/onnx/operators/onnx__Resize.html
public struct Resize: Operator {
  public enum KeepAspectRatioPolicy: String, Sendable {
    case stretch
    case notLarger = "not_larger"
    case notSmaller = "not_smaller"
  }

  public var mode: InterpolationMode
  public var coordinateTransformationMode: CoordinateTransformationMode
  public var nearestMode: NearestMode
  public var cubicCoeffA: Float
  public var excludeOutside: Bool
  public var extrapolationValue: Float
  public var antialias: Bool
  public var axes: [Int]?
  public var keepAspectRatioPolicy: KeepAspectRatioPolicy
  /// The input that holds the scales: 2, or 1 before opset 11.
  public var scalesInput: Int

  public init(
    mode: InterpolationMode = .nearest,
    coordinateTransformationMode: CoordinateTransformationMode = .halfPixel,
    nearestMode: NearestMode = .roundPreferFloor, cubicCoeffA: Float = -0.75,
    excludeOutside: Bool = false, extrapolationValue: Float = 0, antialias: Bool = false,
    axes: [Int]? = nil, keepAspectRatioPolicy: KeepAspectRatioPolicy = .stretch,
    scalesInput: Int = 2
  ) {
    self.mode = mode
    self.coordinateTransformationMode = coordinateTransformationMode
    self.nearestMode = nearestMode
    self.cubicCoeffA = cubicCoeffA
    self.excludeOutside = excludeOutside
    self.extrapolationValue = extrapolationValue
    self.antialias = antialias
    self.axes = axes
    self.keepAspectRatioPolicy = keepAspectRatioPolicy
    self.scalesInput = scalesInput
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    guard x.dtype != .bool || mode == .nearest else {
      throw operands.fault("booleans cannot be interpolated")
    }
    var extents = x.shape.dimensions
    for target in try targets(operands) { extents[target.axis] = target.extent }
    return [try operands.type(x.dtype, extents)]
  }

  private struct Target {
    var axis: Int
    var extent: Int
    var scale: Double
  }

  /// The extent and the exact scale of each axis that is named.
  private func targets(_ operands: OperandFacts) throws(Fault) -> [Target] {
    let shape = try operands[0].shape
    let axes = try operands.axes(axes ?? Array(0..<shape.rank), rank: shape.rank)
    let scales = try operands.numbers(scalesInput, "scales") ?? []
    if !scales.isEmpty {
      guard scales.count == axes.count else {
        throw operands.fault("\(scales.count) scales for \(axes.count) axes")
      }
      return try zip(axes, scales).map { (axis, scale) throws(Fault) in
        Target(
          axis: axis, extent: try resizedExtent(shape[axis], scale, operands), scale: scale)
      }
    }
    let sizes = scalesInput == 2 ? try operands.integers(3, "sizes") ?? [] : []
    guard !sizes.isEmpty, sizes.count == axes.count else {
      throw operands.fault("\(sizes.count) sizes for \(axes.count) axes, and no scales")
    }
    return try targets(sizes, axes, shape, operands)
  }

  private func targets(
    _ sizes: [Int], _ axes: [Int], _ shape: Shape, _ operands: OperandFacts
  ) throws(Fault) -> [Target] {
    for (axis, size) in zip(axes, sizes) where shape[axis] == 0 || size <= 0 || size > 1 << 31 {
      throw operands.fault("axis \(axis) of \(shape) cannot be resized to \(size)")
    }
    let ratios = zip(axes, sizes).map { Double($1) / Double(shape[$0]) }
    guard keepAspectRatioPolicy != .stretch else {
      return axes.indices.map { Target(axis: axes[$0], extent: sizes[$0], scale: ratios[$0]) }
    }
    let scale = (keepAspectRatioPolicy == .notLarger ? ratios.min() : ratios.max()) ?? 1
    guard scale * Double(axes.map { shape[$0] }.max() ?? 0) < 0x1p31 else {
      throw operands.fault("sizes \(sizes) for \(shape) are too large")
    }
    return axes.map { axis in
      let extent = (scale * Double(shape[axis]) + 0.5).rounded(.down)
      return Target(axis: axis, extent: Int(extent), scale: scale)
    }
  }

  /// The axes that change, with the source place of each result.
  private func resizedAxes(_ operands: OperandFacts) throws(Fault) -> [ResizedAxis] {
    let shape = try operands[0].shape
    let targets = try targets(operands)
    var roi: [Double] = []
    if coordinateTransformationMode == .tfCropAndResize {
      roi = try operands.numbers(1, "roi") ?? []
      guard roi.count == 2 * targets.count, roi.allSatisfy({ abs($0) < 0x1p31 }) else {
        throw operands.fault("the region of interest does not hold \(2 * targets.count) numbers")
      }
    }
    var result: [ResizedAxis] = []
    for (place, target) in targets.enumerated() {
      let resized = ResizedAxis(
        axis: target.axis, inputCount: shape[target.axis], outputCount: target.extent,
        scale: target.scale,
        roi: roi.isEmpty ? (0, 1) : (roi[place], roi[place + targets.count]),
        mode: coordinateTransformationMode)
      if !resized.isIdentity { result.append(resized) }
    }
    return result
  }

  private func weights(_ resized: ResizedAxis, _ operands: OperandFacts) throws(Fault)
    -> AxisWeights
  {
    guard !antialias || resized.scale >= 1.0 / 4096 else {
      throw operands.fault("antialiasing by a scale of \(resized.scale) is not supported")
    }
    let a = Double(cubicCoeffA)
    return resized.weights(
      radius: mode == .linear ? 1 : 2, antialias: antialias, excludeOutside: excludeOutside,
      kernel: mode == .linear ? linearKernel : { cubicKernel($0, a: a) })
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let (x, result) = (try inputs.operand(0), outputs[0])
    guard result.elementCount > 0 else { return }
    let operands = OperandFacts(self, inputs)
    let axes = try resizedAxes(operands)
    if mode == .nearest {
      var current = x
      let filler = try cast(Tensor(scalar: extrapolationValue), to: x.dtype)
      for resized in axes {
        var extents = current.shape.dimensions
        extents[resized.axis] = resized.outputCount
        let next = Tensor(uninitialized: x.dtype, Shape(extents))
        try take(
          current, axis: resized.axis, indices: resized.nearest(nearestMode), filler: filler,
          into: next)
        current = next
      }
      try cast(current, into: result)
    } else {
      var current = try cast(x, to: Self.interpolationType(x.dtype))
      for resized in axes {
        current = try resampled(
          current, axis: resized.axis, weights: try weights(resized, operands))
      }
      if axes.isEmpty { current = current.copy() }
      try fillOutside(current, axes, with: extrapolationValue)
      try narrow(current, into: result)
    }
  }

  /// Float32 for float16 and itself, float64 for all others.
  private static func interpolationType(_ dtype: DType) -> DType {
    dtype == .float32 || dtype == .float16 ? .float32 : .float64
  }

  /// Sets what lies outside the source along any axis.
  private func fillOutside(
    _ x: Tensor, _ axes: [ResizedAxis], with value: Float
  ) throws(Fault) {
    let filler = try cast(Tensor(scalar: value), to: x.dtype)
    let ones = [Int](repeating: 1, count: x.shape.rank)
    for resized in axes {
      for (place, source) in resized.places.enumerated() where source == nil {
        var extents = x.shape.dimensions
        extents[resized.axis] = 1
        var start = [Int](repeating: 0, count: x.shape.rank)
        start[resized.axis] = place
        let slab = Tensor(uninitialized: x.dtype, Shape(extents))
        try fill(slab, with: filler)
        try insertSlice(slab, starts: start, steps: ones, into: x)
      }
    }
  }

  /// Integers saturate and truncate towards zero.
  private func narrow(_ x: Tensor, into result: Tensor) throws(Fault) {
    if let range = result.dtype.integerRange {
      try elementwise(.maximum, x, Tensor(scalar: range.lowerBound), into: x)
      try elementwise(.minimum, x, Tensor(scalar: range.upperBound), into: x)
    }
    try cast(x, into: result)
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard var gradient = pass.gradient else { return pass.noGradients }
    let operands = OperandFacts(self, pass.inputs)
    let dtype = gradient.dtype
    let axes = try resizedAxes(operands)
    if mode == .nearest {
      for resized in axes.reversed() {
        gradient = try takeBackward(
          gradient, axis: resized.axis, indices: resized.nearest(nearestMode),
          count: resized.inputCount)
      }
    } else {
      gradient = try cast(gradient, to: Self.interpolationType(dtype))
      if axes.contains(where: { $0.places.contains { $0 == nil } }) {
        gradient = gradient.copy()
        try fillOutside(gradient, axes, with: 0)
      }
      for resized in axes.reversed() {
        gradient = try resampledBackward(
          gradient, axis: resized.axis, weights: try weights(resized, operands),
          count: resized.inputCount)
      }
    }
    return pass.first(try cast(gradient, to: dtype))
  }
}

/// Resizes by whole or broken factors, as Resize does with the rules of opset 10.
///
/// The scales are an attribute up to opset 8, then input 1.
/// Source: https://onnx.ai/onnx/operators/onnx__Upsample.html
public struct Upsample: Operator {
  public var mode: InterpolationMode
  public var scales: [Float]?

  public init(mode: InterpolationMode = .nearest, scales: [Float]? = nil) {
    self.mode = mode
    self.scales = scales
  }

  /// The same as a Resize, whose input 1 holds the scales.
  public var resize: Resize {
    Resize(
      mode: mode, coordinateTransformationMode: .asymmetric, nearestMode: .simple, scalesInput: 1)
  }

  private func scaleFact(_ inputs: [ValueFact?]) -> ValueFact? {
    if inputs.count > 1 { return inputs[1] }
    return scales.map { scales in
      let tensor = Tensor(scales, shape: [scales.count])
      return ValueFact(tensor.type, constant: tensor)
    }
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    try resize.outputTypes([inputs.first ?? nil, scaleFact(inputs)])
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let facts = OperandFacts(self, inputs).facts
    try resize.evaluate([try inputs.operand(0), scaleFact(facts)?.constant], into: outputs)
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    let facts = OperandFacts(self, pass.inputs).facts
    let gradients = try resize.backward(
      BackwardPass(
        inputs: [try pass.input(0), scaleFact(facts)?.constant], outputs: pass.outputs,
        outputGradients: pass.outputGradients, wanted: pass.wanted))
    return pass.first(gradients[0])
  }
}

/// The extent of an axis scaled in Float32, as ONNX's own shape inference rounds it.
private func resizedExtent(
  _ extent: Int, _ scale: Double, _ operands: OperandFacts
) throws(Fault) -> Int {
  let scaled = (Float(extent) * Float(scale)).rounded(.down)
  guard scale > 0, scaled < 0x1p31, scaled >= 1 || extent == 0 else {
    throw operands.fault("an axis of \(extent) cannot be scaled by \(scale)")
  }
  return Int(scaled)
}

extension DType {
  /// The numbers an integer type holds, as far as Float64 tells them apart.
  fileprivate var integerRange: ClosedRange<Double>? {
    switch self {
    case .int8: -128...127
    case .uint8: 0...255
    case .int16: -32768...32767
    case .uint16: 0...65535
    case .int32: -2_147_483_648...2_147_483_647
    case .uint32: 0...4_294_967_295
    case .int64: -0x1p63...0x1.fffffffffffffp62
    case .uint64: 0...0x1.fffffffffffffp63
    case .bool, .float16, .float32, .float64: nil
    }
  }
}
