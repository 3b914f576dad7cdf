public import Faults
import Kernels
public import Tensors

/// An operator that reduces every plane of X [N, C, spatial...] to one element.
protocol GlobalPool: Operator {
  var pooling: GlobalPooling { get }
}

extension GlobalPool {
  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    try pooledTypes(inputs)
  }

  fileprivate func pooledTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let x = try InputFacts(inputs, counts: 1...1).floating(0, "X")
    let dimensions = x.shape.dimensions
    guard dimensions.count >= 3, !dimensions.dropFirst(2).contains(0) else {
      throw Fault(.modelInvalid, "X \(x.shape) must be [N, C, spatial...] with planes of elements")
    }
    return [
      TensorType(
        x.dtype,
        Shape(dimensions.prefix(2) + [Int](repeating: 1, count: dimensions.count - 2)))
    ]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    globalPool(inputs.present(0), pooling, into: outputs[0])
  }
}

/// The mean of each plane.
///
/// Source: ONNX GlobalAveragePool-1, -22.
public struct GlobalAveragePool: GlobalPool {
  public init() {}

  var pooling: GlobalPooling { .average }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.gradient(opType) { dY, dX throws(Fault) in
      globalPoolBackward(pass.inputs.present(0), dY: dY, takingMaximum: false, into: dX)
    }
  }
}

/// The maximum of each plane.
///
/// Source: ONNX GlobalMaxPool-1, -22.
public struct GlobalMaxPool: GlobalPool {
  public init() {}

  var pooling: GlobalPooling { .maximum }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    try pass.gradient(opType) { dY, dX throws(Fault) in
      globalPoolBackward(pass.inputs.present(0), dY: dY, takingMaximum: true, into: dX)
    }
  }
}

/// The p-norm of each plane.
///
/// Source: ONNX GlobalLpPool-2, -22.
public struct GlobalLpPool: GlobalPool {
  public var p: Int

  public init(p: Int = 2) {
    self.p = p
  }

  var pooling: GlobalPooling { .lp(p) }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    try checkNorm(p)
    return try pooledTypes(inputs)
  }
}
