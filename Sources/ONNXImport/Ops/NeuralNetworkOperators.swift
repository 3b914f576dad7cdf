import Faults
import Graphs
import Kernels

/// Convolution, pooling, normalisation, matrix products, activations and softmax.
let neuralNetworkOperators: [String: OperatorBuilder] = [
  "AveragePool": { node throws(Fault) in
    AveragePool(
      kernelShape: try node.kernelShape(), strides: try node.ints("strides"),
      pads: try node.ints("pads"), dilations: try node.ints("dilations"),
      autoPad: try node.autoPad(), ceilMode: try node.bool("ceil_mode", default: false),
      countIncludePad: try node.bool("count_include_pad", default: false))
  },
  "Celu": { node throws(Fault) in Celu(alpha: try node.float("alpha", default: 1)) },
  "Clip": { node throws(Fault) in
    node.opset < 11 ? Clip(min: try node.float("min"), max: try node.float("max")) : Clip()
  },
  "Conv": { node throws(Fault) in
    Conv(
      kernelShape: try node.ints("kernel_shape"), strides: try node.ints("strides"),
      pads: try node.ints("pads"), dilations: try node.ints("dilations"),
      group: try node.int("group", default: 1), autoPad: try node.autoPad())
  },
  "ConvTranspose": { node throws(Fault) in
    ConvTranspose(
      kernelShape: try node.ints("kernel_shape"), strides: try node.ints("strides"),
      pads: try node.ints("pads"), dilations: try node.ints("dilations"),
      group: try node.int("group", default: 1), autoPad: try node.autoPad(),
      outputPadding: try node.ints("output_padding"), outputShape: try node.ints("output_shape"))
  },
  "Elu": { node throws(Fault) in Elu(alpha: try node.float("alpha", default: 1)) },
  "Erf": { _ in Erf() },
  "Gelu": { node throws(Fault) in
    let approximate = try node.string("approximate", default: "none")
    guard let approximation = Gelu.Approximation(rawValue: approximate) else {
      throw node.invalid("approximate is \(approximate), but must be none or tanh")
    }
    return Gelu(approximate: approximation)
  },
  "Gemm": { node throws(Fault) in
    Gemm(
      alpha: try node.float("alpha", default: 1), beta: try node.float("beta", default: 1),
      transA: try node.bool("transA", default: false),
      transB: try node.bool("transB", default: false))
  },
  "GlobalAveragePool": { _ in GlobalAveragePool() },
  "GlobalLpPool": { node throws(Fault) in GlobalLpPool(p: try node.int("p", default: 2)) },
  "GlobalMaxPool": { _ in GlobalMaxPool() },
  "HardSigmoid": { node throws(Fault) in
    HardSigmoid(
      alpha: try node.float("alpha", default: 0.2), beta: try node.float("beta", default: 0.5))
  },
  "HardSwish": { _ in HardSwish() },
  "LeakyRelu": { node throws(Fault) in
    LeakyRelu(alpha: try node.float("alpha", default: 0.01))
  },
  "LpPool": { node throws(Fault) in
    LpPool(
      kernelShape: try node.kernelShape(), p: try node.int("p", default: 2),
      strides: try node.ints("strides"), pads: try node.ints("pads"),
      dilations: try node.ints("dilations"), autoPad: try node.autoPad(),
      ceilMode: try node.bool("ceil_mode", default: false))
  },
  "MaxPool": { node throws(Fault) in
    MaxPool(
      kernelShape: try node.kernelShape(), strides: try node.ints("strides"),
      pads: try node.ints("pads"), dilations: try node.ints("dilations"),
      autoPad: try node.autoPad(), ceilMode: try node.bool("ceil_mode", default: false),
      storageOrder: try node.bool("storage_order", default: false) ? .columnMajor : .rowMajor,
      hasIndices: node.outputCount > 1)
  },
  "Mish": { _ in Mish() },
  "Relu": { _ in Relu() },
  "Selu": { node throws(Fault) in
    Selu(
      alpha: try node.float("alpha", default: 1.673_263_2),
      gamma: try node.float("gamma", default: 1.050_701))
  },
  "Shrink": { node throws(Fault) in
    Shrink(bias: try node.float("bias", default: 0), lambd: try node.float("lambd", default: 0.5))
  },
  "Sigmoid": { _ in Sigmoid() },
  "Softplus": { _ in Softplus() },
  "Softsign": { _ in Softsign() },
  "Swish": { node throws(Fault) in Swish(alpha: try node.float("alpha", default: 1)) },
  "Tanh": { _ in Tanh() },
  "ThresholdedRelu": { node throws(Fault) in
    ThresholdedRelu(alpha: try node.float("alpha", default: 1))
  },
]

extension NodeAttributes {
  /// The `kernel_shape` of a pooling, which has no default.
  fileprivate func kernelShape() throws(Fault) -> [Int] {
    guard let kernelShape = try ints("kernel_shape") else {
      throw invalid("attribute kernel_shape is missing: export the model again")
    }
    return kernelShape
  }

  fileprivate func autoPad() throws(Fault) -> AutoPad {
    let name = try string("auto_pad", default: "NOTSET")
    switch name {
    case "NOTSET", "": return .notSet
    case "SAME_UPPER": return .sameUpper
    case "SAME_LOWER": return .sameLower
    case "VALID": return .valid
    default:
      throw invalid("auto_pad is \(name), but must be NOTSET, SAME_UPPER, SAME_LOWER or VALID")
    }
  }
}
