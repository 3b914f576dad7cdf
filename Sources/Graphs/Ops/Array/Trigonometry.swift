public import Kernels

/// Takes the sine. Source: https://onnx.ai/onnx/operators/onnx__Sin.html
public struct Sin: RealOperator {
  public init() {}
  public var function: RealFunction { .sine }
}

/// Takes the cosine. Source: https://onnx.ai/onnx/operators/onnx__Cos.html
public struct Cos: RealOperator {
  public init() {}
  public var function: RealFunction { .cosine }
}

/// Takes the tangent. Source: https://onnx.ai/onnx/operators/onnx__Tan.html
public struct Tan: RealOperator {
  public init() {}
  public var function: RealFunction { .tangent }
}

/// Takes the inverse sine. Source: https://onnx.ai/onnx/operators/onnx__Asin.html
public struct Asin: RealOperator {
  public init() {}
  public var function: RealFunction { .arcsine }
}

/// Takes the inverse cosine. Source: https://onnx.ai/onnx/operators/onnx__Acos.html
public struct Acos: RealOperator {
  public init() {}
  public var function: RealFunction { .arccosine }
}

/// Takes the inverse tangent. Source: https://onnx.ai/onnx/operators/onnx__Atan.html
public struct Atan: RealOperator {
  public init() {}
  public var function: RealFunction { .arctangent }
}

/// Takes the hyperbolic sine. Source: https://onnx.ai/onnx/operators/onnx__Sinh.html
public struct Sinh: RealOperator {
  public init() {}
  public var function: RealFunction { .hyperbolicSine }
}

/// Takes the hyperbolic cosine. Source: https://onnx.ai/onnx/operators/onnx__Cosh.html
public struct Cosh: RealOperator {
  public init() {}
  public var function: RealFunction { .hyperbolicCosine }
}

/// Takes the inverse hyperbolic sine. Source: https://onnx.ai/onnx/operators/onnx__Asinh.html
public struct Asinh: RealOperator {
  public init() {}
  public var function: RealFunction { .inverseHyperbolicSine }
}

/// Takes the inverse hyperbolic cosine. Source: https://onnx.ai/onnx/operators/onnx__Acosh.html
public struct Acosh: RealOperator {
  public init() {}
  public var function: RealFunction { .inverseHyperbolicCosine }
}

/// Takes the inverse hyperbolic tangent. Source: https://onnx.ai/onnx/operators/onnx__Atanh.html
public struct Atanh: RealOperator {
  public init() {}
  public var function: RealFunction { .inverseHyperbolicTangent }
}
