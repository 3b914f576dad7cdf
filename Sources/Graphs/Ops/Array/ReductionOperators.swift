public import Faults
public import Kernels
public import Tensors

/// Sums. Source: https://onnx.ai/onnx/operators/onnx__ReduceSum.html
public struct ReduceSum: ReductionOperator {
  public var axes: [Int]?
  public var keepdims: Bool
  public var noopWithEmptyAxes: Bool

  public init(axes: [Int]? = nil, keepdims: Bool = true, noopWithEmptyAxes: Bool = false) {
    self.axes = axes
    self.keepdims = keepdims
    self.noopWithEmptyAxes = noopWithEmptyAxes
  }

  public var function: ReductionFunction { .sum }

  public func backward(x: Tensor, y: Tensor, gradient: Tensor) throws(Fault) -> Tensor {
    try spread(gradient, to: x.shape)
  }
}

/// Averages. Source: https://onnx.ai/onnx/operators/onnx__ReduceMean.html
public struct ReduceMean: ReductionOperator {
  public var axes: [Int]?
  public var keepdims: Bool
  public var noopWithEmptyAxes: Bool

  public init(axes: [Int]? = nil, keepdims: Bool = true, noopWithEmptyAxes: Bool = false) {
    self.axes = axes
    self.keepdims = keepdims
    self.noopWithEmptyAxes = noopWithEmptyAxes
  }

  public var function: ReductionFunction { .mean }

  public func backward(x: Tensor, y: Tensor, gradient: Tensor) throws(Fault) -> Tensor {
    let count = try cast(
      Tensor(scalar: Int64(x.elementCount / max(y.elementCount, 1))), to: gradient.dtype)
    return try spread(try elementwise(.divide, gradient, count), to: x.shape)
  }
}

/// Multiplies. Source: https://onnx.ai/onnx/operators/onnx__ReduceProd.html
public struct ReduceProd: ReductionOperator {
  public var axes: [Int]?
  public var keepdims: Bool
  public var noopWithEmptyAxes: Bool

  public init(axes: [Int]? = nil, keepdims: Bool = true, noopWithEmptyAxes: Bool = false) {
    self.axes = axes
    self.keepdims = keepdims
    self.noopWithEmptyAxes = noopWithEmptyAxes
  }

  public var function: ReductionFunction { .product }

  /// The product of the other elements, also where one of them is zero.
  public func backward(x: Tensor, y: Tensor, gradient: Tensor) throws(Fault) -> Tensor {
    let axes = (0..<x.shape.rank).filter { x.shape[$0] != y.shape[$0] }
    let flags = Tensor(uninitialized: .bool, x.shape)
    try compare(.equal, x, Tensor(zeros: x.dtype, []), into: flags)
    let isZero = try cast(flags, to: x.dtype)
    let nonZero = try elementwise(.add, x, isZero)
    let others = try elementwise(.divide, try reduced(.product, nonZero, axes: axes), nonZero)
    let otherZeros = try elementwise(.subtract, try reduced(.sum, isZero, axes: axes), isZero)
    try compare(.equal, otherZeros, Tensor(zeros: x.dtype, []), into: flags)
    let slope = try elementwise(.multiply, others, try cast(flags, to: x.dtype))
    return try elementwise(.multiply, slope, gradient)
  }
}

/// Takes the greatest element. Source: https://onnx.ai/onnx/operators/onnx__ReduceMax.html
public struct ReduceMax: ReductionOperator {
  public var axes: [Int]?
  public var keepdims: Bool
  public var noopWithEmptyAxes: Bool

  public init(axes: [Int]? = nil, keepdims: Bool = true, noopWithEmptyAxes: Bool = false) {
    self.axes = axes
    self.keepdims = keepdims
    self.noopWithEmptyAxes = noopWithEmptyAxes
  }

  public var function: ReductionFunction { .maximum }

  public func backward(x: Tensor, y: Tensor, gradient: Tensor) throws(Fault) -> Tensor {
    try spreadToEqual(x: x, y: y, gradient: gradient)
  }
}

/// Takes the least element. Source: https://onnx.ai/onnx/operators/onnx__ReduceMin.html
public struct ReduceMin: ReductionOperator {
  public var axes: [Int]?
  public var keepdims: Bool
  public var noopWithEmptyAxes: Bool

  public init(axes: [Int]? = nil, keepdims: Bool = true, noopWithEmptyAxes: Bool = false) {
    self.axes = axes
    self.keepdims = keepdims
    self.noopWithEmptyAxes = noopWithEmptyAxes
  }

  public var function: ReductionFunction { .minimum }

  public func backward(x: Tensor, y: Tensor, gradient: Tensor) throws(Fault) -> Tensor {
    try spreadToEqual(x: x, y: y, gradient: gradient)
  }
}

/// Sums absolute values. Source: https://onnx.ai/onnx/operators/onnx__ReduceL1.html
public struct ReduceL1: ReductionOperator {
  public var axes: [Int]?
  public var keepdims: Bool
  public var noopWithEmptyAxes: Bool

  public init(axes: [Int]? = nil, keepdims: Bool = true, noopWithEmptyAxes: Bool = false) {
    self.axes = axes
    self.keepdims = keepdims
    self.noopWithEmptyAxes = noopWithEmptyAxes
  }

  public var function: ReductionFunction { .l1 }

  public func backward(x: Tensor, y: Tensor, gradient: Tensor) throws(Fault) -> Tensor {
    try elementwise(.multiply, gradient, try elementwise(.sign, x))
  }
}

/// Takes the square root of the sum of squares. Source: https://onnx.ai/onnx/operators/onnx__ReduceL2.html
public struct ReduceL2: ReductionOperator {
  public var axes: [Int]?
  public var keepdims: Bool
  public var noopWithEmptyAxes: Bool

  public init(axes: [Int]? = nil, keepdims: Bool = true, noopWithEmptyAxes: Bool = false) {
    self.axes = axes
    self.keepdims = keepdims
    self.noopWithEmptyAxes = noopWithEmptyAxes
  }

  public var function: ReductionFunction { .l2 }

  public func backward(x: Tensor, y: Tensor, gradient: Tensor) throws(Fault) -> Tensor {
    try elementwise(.multiply, x, try elementwise(.divide, gradient, y))
  }
}

/// Sums squares. Source: https://onnx.ai/onnx/operators/onnx__ReduceSumSquare.html
public struct ReduceSumSquare: ReductionOperator {
  public var axes: [Int]?
  public var keepdims: Bool
  public var noopWithEmptyAxes: Bool

  public init(axes: [Int]? = nil, keepdims: Bool = true, noopWithEmptyAxes: Bool = false) {
    self.axes = axes
    self.keepdims = keepdims
    self.noopWithEmptyAxes = noopWithEmptyAxes
  }

  public var function: ReductionFunction { .sumOfSquares }

  public func backward(x: Tensor, y: Tensor, gradient: Tensor) throws(Fault) -> Tensor {
    try elementwise(.multiply, x, try elementwise(.add, gradient, gradient))
  }
}

/// Takes the logarithm of the sum. Source: https://onnx.ai/onnx/operators/onnx__ReduceLogSum.html
public struct ReduceLogSum: ReductionOperator {
  public var axes: [Int]?
  public var keepdims: Bool
  public var noopWithEmptyAxes: Bool

  public init(axes: [Int]? = nil, keepdims: Bool = true, noopWithEmptyAxes: Bool = false) {
    self.axes = axes
    self.keepdims = keepdims
    self.noopWithEmptyAxes = noopWithEmptyAxes
  }

  public var function: ReductionFunction { .logSum }

  public func backward(x: Tensor, y: Tensor, gradient: Tensor) throws(Fault) -> Tensor {
    let sum = try elementwise(.exponential, y)
    return try spread(try elementwise(.divide, gradient, sum), to: x.shape)
  }
}

/// Takes the logarithm of the sum of exponentials. Source: https://onnx.ai/onnx/operators/onnx__ReduceLogSumExp.html
public struct ReduceLogSumExp: ReductionOperator {
  public var axes: [Int]?
  public var keepdims: Bool
  public var noopWithEmptyAxes: Bool

  public init(axes: [Int]? = nil, keepdims: Bool = true, noopWithEmptyAxes: Bool = false) {
    self.axes = axes
    self.keepdims = keepdims
    self.noopWithEmptyAxes = noopWithEmptyAxes
  }

  public var function: ReductionFunction { .logSumExp }

  public func backward(x: Tensor, y: Tensor, gradient: Tensor) throws(Fault) -> Tensor {
    let share = try elementwise(.exponential, try elementwise(.subtract, x, y))
    return try elementwise(.multiply, share, gradient)
  }
}
