public import Faults
public import Kernels
public import Tensors

/// An operator that normalises vectors of logits.
public protocol SoftmaxOperator: Operator {
  var axis: Int { get }
  /// Whether all axes from `axis` on form one vector, as before version 13.
  var flattens: Bool { get }
}

extension SoftmaxOperator {
  /// Tells where the vectors lie in a tensor of this shape.
  /// - Throws: `Fault` with code `model.invalid` when it has no such axis.
  public func layout(of shape: Shape) throws(Fault) -> VectorLayout {
    // Flattened, an axis just past the last one leaves vectors of one element.
    let isPast = flattens && axis == shape.rank
    let axis = isPast ? axis : try shape.normalized(axis: axis)
    let outer = shape.dimensions[..<axis].reduce(1, *)
    let rest = shape.dimensions[axis...]
    return flattens
      ? VectorLayout(outer: outer, extent: rest.reduce(1, *), inner: 1)
      : VectorLayout(outer: outer, extent: rest.first ?? 1, inner: rest.dropFirst().reduce(1, *))
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let x = try InputFacts(inputs, counts: 1...1).floating(0, "input")
    _ = try layout(of: x.shape)
    return [x.type]
  }

  fileprivate func evaluate(
    _ kind: SoftmaxKind, _ inputs: [Tensor?], into outputs: [Tensor]
  ) throws(Fault) {
    let x = inputs.present(0)
    softmax(x, kind, layout: try layout(of: x.shape), into: outputs[0])
  }

  fileprivate func backward(_ pass: BackwardPass, isLog: Bool) throws(Fault) -> [Tensor?] {
    try pass.gradient(opType) { dY, dX throws(Fault) in
      softmaxBackward(
        pass.outputs[0], dY: dY, isLog: isLog, layout: try layout(of: dX.shape), into: dX)
    }
  }
}

/// Exponentials divided by their sum.
///
/// Source: ONNX Softmax-1, -11, -13.
public struct Softmax: SoftmaxOperator {
  public var axis: Int
  public var flattens: Bool

  public init(axis: Int = -1, flattens: Bool = false) {
    self.axis = axis
    self.flattens = flattens
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try evaluate(.softmax, inputs, into: outputs)
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try backward(pass, isLog: false)
  }
}

/// The logarithm of a softmax.
///
/// Source: ONNX LogSoftmax-1, -11, -13.
public struct LogSoftmax: SoftmaxOperator {
  public var axis: Int
  public var flattens: Bool

  public init(axis: Int = -1, flattens: Bool = false) {
    self.axis = axis
    self.flattens = flattens
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try evaluate(.logSoftmax, inputs, into: outputs)
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try backward(pass, isLog: true)
  }
}

/// One at the first maximum, zero elsewhere.
///
/// Source: ONNX Hardmax-1, -11, -13.
public struct Hardmax: SoftmaxOperator {
  public var axis: Int
  public var flattens: Bool

  public init(axis: Int = -1, flattens: Bool = false) {
    self.axis = axis
    self.flattens = flattens
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    try evaluate(.hardmax, inputs, into: outputs)
  }
}
