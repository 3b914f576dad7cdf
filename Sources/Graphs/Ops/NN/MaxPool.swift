public import Faults
public import Kernels
public import Tensors

/// The maximum of each window, and optionally where it is.
///
/// Input: X [N, C, spatial...].
/// Source: ONNX MaxPool-1, -8, -10, -12, -22.
public struct MaxPool: Operator {
  public var kernelShape: [Int]
  public var strides: [Int]?
  /// The begins of all spatial axes, then the ends: [top, left, bottom, right].
  public var pads: [Int]?
  public var dilations: [Int]?
  public var autoPad: AutoPad
  public var ceilMode: Bool
  public var storageOrder: StorageOrder
  /// Whether there is a second output, `Indices`.
  public var hasIndices: Bool

  public init(
    kernelShape: [Int], strides: [Int]? = nil, pads: [Int]? = nil, dilations: [Int]? = nil,
    autoPad: AutoPad = .notSet, ceilMode: Bool = false, storageOrder: StorageOrder = .rowMajor,
    hasIndices: Bool = false
  ) {
    self.kernelShape = kernelShape
    self.strides = strides
    self.pads = pads
    self.dilations = dilations
    self.autoPad = autoPad
    self.ceilMode = ceilMode
    self.storageOrder = storageOrder
    self.hasIndices = hasIndices
  }

  /// Resolves the pads and the output for this shape of X.
  /// - Throws: `Fault` with code `model.invalid` when it and the attributes do not fit.
  public func geometry(input: Shape) throws(Fault) -> WindowGeometry {
    try WindowGeometry(
      poolingOver: input, kernelShape: kernelShape,
      attributes: WindowGeometry.Attributes(
        strides: strides, pads: pads, dilations: dilations, autoPad: autoPad, ceilMode: ceilMode))
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let x = try InputFacts(inputs, counts: 1...1).required(0, "X")
    guard x.dtype.isFloatingPoint || x.dtype == .int8 || x.dtype == .uint8 else {
      throw Fault(.modelInvalid, "input X is \(x.dtype), which has no maximum pooling")
    }
    let shape = try geometry(input: x.shape).pooledShape(of: x.shape)
    return [TensorType(x.dtype, shape)] + (hasIndices ? [TensorType(.int64, shape)] : [])
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = inputs.present(0)
    maxPool(
      x, geometry: try geometry(input: x.shape), storageOrder: storageOrder, into: outputs[0],
      indices: outputs.count > 1 ? outputs[1] : nil)
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.gradient(opType) { dY, dX throws(Fault) in
      maxPoolBackward(
        pass.inputs.present(0), dY: dY, geometry: try geometry(input: dX.shape), into: dX)
    }
  }
}

extension WindowGeometry {
  /// Resolves a pooling window, whose pads must be smaller than the window.
  init(poolingOver input: Shape, kernelShape: [Int], attributes: Attributes) throws(Fault) {
    guard input.rank >= 3 else {
      throw Fault(
        .modelInvalid, "X \(input) has no spatial axis: it must be [N, C, spatial...]")
    }
    try self.init(
      input: Array(input.dimensions.dropFirst(2)), kernel: kernelShape, attributes: attributes)
    guard kernelCount <= Self.largestPool else {
      throw Fault(.modelInvalid, "a window of \(kernelCount) elements is too large to pool")
    }
    for axis in axes where axis.padBegin >= axis.reach || axis.padEnd >= axis.reach {
      throw Fault(
        .modelInvalid,
        "pads of \(axis.padBegin) and \(axis.padEnd) must be smaller than the window of "
          + "\(axis.reach)")
    }
  }

  /// Elements a pooling window may have, pads included.
  private static let largestPool = 1 << 24

  /// The shape of the output for an input [N, C, spatial...].
  func pooledShape(of input: Shape) -> Shape {
    Shape(input.dimensions.prefix(2) + output)
  }
}
