public import Faults
public import Kernels
public import Tensors

/// An operator that normalises rows of X by their own statistics, then scales them.
public protocol RowNormalizationOperator: Operator {
  /// Tells what the rows of X are, and which scale each of them takes.
  /// - Throws: `Fault` with code `model.invalid` when X does not fit the attributes.
  func layout(input: Shape) throws(Fault) -> RowNormalization
}

extension RowNormalizationOperator {
  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = inputs.present(0)
    normalizeRows(
      x, scale: inputs.present(1), bias: inputs.optional(2), layout: try layout(input: x.shape),
      into: outputs[0], mean: outputs.count > 1 ? outputs[1] : nil,
      inverseDeviation: outputs.count > 2 ? outputs[2] : nil)
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.gradient(opType) { dY, dX throws(Fault) in
      normalizeRowsBackward(
        pass.inputs.present(0), dY: dY, scale: pass.inputs.present(1),
        layout: try layout(input: dX.shape), into: dX)
    }
  }

  /// Checks scale and bias, which must have the shape of the layout.
  fileprivate func channelTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 3...3)
    let x = try facts.floating(0, "X")
    let layout = try layout(input: x.shape)
    _ = try facts.required(1, "scale", dtype: x.dtype, shape: layout.scaleShape)
    _ = try facts.required(2, "bias", dtype: x.dtype, shape: layout.scaleShape)
    return [x.type]
  }
}

/// Normalisation of each channel of each image.
///
/// Inputs: X [N, C, spatial...], scale [C], B [C].
/// Source: ONNX InstanceNormalization-6, -22.
public struct InstanceNormalization: RowNormalizationOperator {
  public var epsilon: Float

  public init(epsilon: Float = 1e-5) {
    self.epsilon = epsilon
  }

  public func layout(input: Shape) throws(Fault) -> RowNormalization {
    let (channels, plane) = try input.planes()
    return RowNormalization(
      rows: input[0] * channels, count: plane, segment: plane, scaleRows: channels,
      epsilon: epsilon, scaleShape: [channels])
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    try channelTypes(inputs)
  }
}

/// Normalisation of groups of neighbouring channels of each image.
///
/// Inputs: X [N, C, spatial...], scale and bias [C], or [numGroups] in version 18.
/// Source: ONNX GroupNormalization-18, -21.
public struct GroupNormalization: RowNormalizationOperator {
  public var numGroups: Int
  public var epsilon: Float
  /// Whether there is one scale and bias a group instead of a channel, as in version 18.
  public var scalesGroups: Bool

  public init(numGroups: Int, epsilon: Float = 1e-5, scalesGroups: Bool = false) {
    self.numGroups = numGroups
    self.epsilon = epsilon
    self.scalesGroups = scalesGroups
  }

  public func layout(input: Shape) throws(Fault) -> RowNormalization {
    let (channels, plane) = try input.planes()
    guard numGroups >= 1, channels % numGroups == 0 else {
      throw Fault(.modelInvalid, "\(channels) channels cannot form \(numGroups) groups")
    }
    let count = channels / numGroups * plane
    return RowNormalization(
      rows: input[0] * numGroups, count: count, segment: scalesGroups ? count : plane,
      scaleRows: numGroups, epsilon: epsilon,
      scaleShape: [scalesGroups ? numGroups : channels])
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    try channelTypes(inputs)
  }
}

/// Normalisation over the axes from `axis` on.
///
/// Inputs: X, Scale and B (optional), which broadcast to the normalised axes.
/// Outputs: Y, and optionally Mean and InvStdDev as float32 with the normalised extents one.
/// Source: ONNX LayerNormalization-17.
public struct LayerNormalization: RowNormalizationOperator {
  public var axis: Int
  public var epsilon: Float
  /// Outputs in use, one to three.
  public var outputCount: Int

  public init(axis: Int = -1, epsilon: Float = 1e-5, outputCount: Int = 1) {
    self.axis = axis
    self.epsilon = epsilon
    self.outputCount = outputCount
  }

  public func layout(input: Shape) throws(Fault) -> RowNormalization {
    try RowNormalization(axis: axis, input: input, epsilon: epsilon, isCentered: true)
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 2...3)
    let x = try facts.floating(0, "X")
    let layout = try layout(input: x.shape)
    let scale = try facts.required(1, "Scale", dtype: x.dtype)
    try checkBroadcast(scale.shape, "Scale", to: layout.scaleShape)
    if let bias = try facts.optional(2, "B", dtype: x.dtype) {
      try checkBroadcast(bias.shape, "B", to: layout.scaleShape)
    }
    guard (1...3).contains(outputCount) else {
      throw Fault(.modelInvalid, "\(outputCount) outputs are asked for where 3 are possible")
    }
    let axis = try x.shape.normalized(axis: axis)
    let reduced = x.shape.dimensions.indices.map { $0 < axis ? x.shape[$0] : 1 }
    let statistics = TensorType(.float32, Shape(reduced))
    return [x.type] + [TensorType](repeating: statistics, count: outputCount - 1)
  }
}

/// Division by the root mean square over the axes from `axis` on.
///
/// Inputs: X, and scale, which broadcasts to the normalised axes.
/// Source: ONNX RMSNormalization-23.
public struct RMSNormalization: RowNormalizationOperator {
  public var axis: Int
  public var epsilon: Float

  public init(axis: Int = -1, epsilon: Float = 1e-5) {
    self.axis = axis
    self.epsilon = epsilon
  }

  public func layout(input: Shape) throws(Fault) -> RowNormalization {
    try RowNormalization(axis: axis, input: input, epsilon: epsilon, isCentered: false)
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 2...2)
    let x = try facts.floating(0, "X")
    let scale = try facts.required(1, "scale", dtype: x.dtype)
    try checkBroadcast(scale.shape, "scale", to: try layout(input: x.shape).scaleShape)
    return [x.type]
  }
}

extension RowNormalization {
  /// Rows of everything from `axis` on.
  fileprivate init(
    axis: Int, input: Shape, epsilon: Float, isCentered: Bool
  ) throws(Fault) {
    let axis = try input.normalized(axis: axis)
    let normalized = Shape(Array(input.dimensions[axis...]))
    guard normalized.elementCount > 0 else {
      throw Fault(.modelInvalid, "X \(input) has nothing to normalise from axis \(axis) on")
    }
    self.init(
      rows: input.dimensions[..<axis].reduce(1, *), count: normalized.elementCount, segment: 1,
      scaleRows: 1, epsilon: epsilon, isCentered: isCentered, scaleShape: normalized)
  }
}

extension Shape {
  /// The channels and the elements of a plane of [N, C, spatial...].
  fileprivate func planes() throws(Fault) -> (channels: Int, plane: Int) {
    guard rank >= 2, !dimensions.dropFirst().contains(0) else {
      throw Fault(.modelInvalid, "X \(self) must be [N, C, spatial...] with elements to normalise")
    }
    return (self[1], dimensions.dropFirst(2).reduce(1, *))
  }
}
