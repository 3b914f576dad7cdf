import Faults
import Graphs
import Kernels

/// Convolution, pooling, normalisation, matrix products, activations and softmax.
let neuralNetworkOperators: [String: OperatorBuilder] = [
  "AveragePool": { node throws(Fault) in
    try node.averagePool()
  },
  "BatchNormalization": { node throws(Fault) in
    let trains = try node.bool("training_mode", default: node.opset < 14 && node.outputCount > 1)
    if trains {
      return TrainingBatchNormalization(
        epsilon: try node.float("epsilon", default: 1e-5),
        momentum: try node.float("momentum", default: 0.9))
    }
    let spatial = try node.bool("spatial", default: true)
    return BatchNormalization(
      epsilon: try node.float("epsilon", default: 1e-5), spatial: spatial || node.opset >= 9)
  },
  "Celu": { node throws(Fault) in Celu(alpha: try node.float("alpha", default: 1)) },
  "Clip": { node throws(Fault) in
    node.opset < 11 ? Clip(min: try node.float("min"), max: try node.float("max")) : Clip()
  },
  "Col2Im": { node throws(Fault) in
    Col2Im(
      dilations: try node.ints("dilations"), pads: try node.ints("pads"),
      strides: try node.ints("strides"))
  },
  "Conv": { node throws(Fault) in try node.conv() },
  "ConvTranspose": { node throws(Fault) in
    ConvTranspose(
      kernelShape: try node.ints("kernel_shape"), strides: try node.ints("strides"),
      pads: try node.ints("pads"), dilations: try node.ints("dilations"),
      group: try node.int("group", default: 1), autoPad: try node.autoPad(),
      outputPadding: try node.ints("output_padding"), outputShape: try node.ints("output_shape"))
  },
  "Dropout": { node in
    Dropout(hasMask: node.outputCount > 1, masksWithData: node.opset < 10)
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
  "GroupNormalization": { node throws(Fault) in
    guard let numGroups = try node.int("num_groups") else {
      throw node.invalid("attribute num_groups is missing: export the model again")
    }
    return GroupNormalization(
      numGroups: numGroups, epsilon: try node.float("epsilon", default: 1e-5),
      scalesGroups: node.opset < 21)
  },
  "HardSigmoid": { node throws(Fault) in
    HardSigmoid(
      alpha: try node.float("alpha", default: 0.2), beta: try node.float("beta", default: 0.5))
  },
  "HardSwish": { _ in HardSwish() },
  "Hardmax": { node throws(Fault) in
    Hardmax(axis: try node.softmaxAxis(), flattens: node.opset < 13)
  },
  "InstanceNormalization": { node throws(Fault) in
    InstanceNormalization(epsilon: try node.float("epsilon", default: 1e-5))
  },
  "LRN": { node throws(Fault) in
    guard let size = try node.int("size") else {
      throw node.invalid("attribute size is missing: export the model again")
    }
    return LRN(
      size: size, alpha: try node.float("alpha", default: 1e-4),
      beta: try node.float("beta", default: 0.75), bias: try node.float("bias", default: 1))
  },
  "LayerNormalization": { node throws(Fault) in
    LayerNormalization(
      axis: try node.int("axis", default: -1), epsilon: try node.float("epsilon", default: 1e-5),
      outputCount: node.outputCount)
  },
  "LeakyRelu": { node throws(Fault) in
    LeakyRelu(alpha: try node.float("alpha", default: 0.01))
  },
  "LogSoftmax": { node throws(Fault) in
    LogSoftmax(axis: try node.softmaxAxis(), flattens: node.opset < 13)
  },
  "LpNormalization": { node throws(Fault) in
    LpNormalization(axis: try node.int("axis", default: -1), p: try node.int("p", default: 2))
  },
  "LpPool": { node throws(Fault) in
    LpPool(
      kernelShape: try node.kernelShape(), p: try node.int("p", default: 2),
      strides: try node.ints("strides"), pads: try node.ints("pads"),
      dilations: try node.ints("dilations"), autoPad: try node.autoPad(),
      ceilMode: try node.bool("ceil_mode", default: false))
  },
  "MatMul": { _ in MatMul() },
  "MaxPool": { node throws(Fault) in
    MaxPool(
      kernelShape: try node.kernelShape(), strides: try node.ints("strides"),
      pads: try node.ints("pads"), dilations: try node.ints("dilations"),
      autoPad: try node.autoPad(), ceilMode: try node.bool("ceil_mode", default: false),
      storageOrder: try node.bool("storage_order", default: false) ? .columnMajor : .rowMajor,
      hasIndices: node.outputCount > 1)
  },
  "MeanVarianceNormalization": { node throws(Fault) in
    MeanVarianceNormalization(axes: try node.ints("axes") ?? [0, 2, 3])
  },
  "Mish": { _ in Mish() },
  "PRelu": { _ in PRelu() },
  "RMSNormalization": { node throws(Fault) in
    RMSNormalization(
      axis: try node.int("axis", default: -1), epsilon: try node.float("epsilon", default: 1e-5))
  },
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
  "Softmax": { node throws(Fault) in
    Softmax(axis: try node.softmaxAxis(), flattens: node.opset < 13)
  },
  "Softplus": { _ in Softplus() },
  "Softsign": { _ in Softsign() },
  "Swish": { node throws(Fault) in Swish(alpha: try node.float("alpha", default: 1)) },
  "Tanh": { _ in Tanh() },
  "ThresholdedRelu": { node throws(Fault) in
    ThresholdedRelu(alpha: try node.float("alpha", default: 1))
  },
]

extension NodeAttributes {
  /// The window attributes of a convolution.
  func conv() throws(Fault) -> Conv {
    Conv(
      kernelShape: try ints("kernel_shape"), strides: try ints("strides"),
      pads: try ints("pads"), dilations: try ints("dilations"),
      group: try int("group", default: 1), autoPad: try autoPad())
  }

  /// The `kernel_shape` of a pooling, which has no default.
  fileprivate func kernelShape() throws(Fault) -> [Int] {
    guard let kernelShape = try ints("kernel_shape") else {
      throw invalid("attribute kernel_shape is missing: export the model again")
    }
    return kernelShape
  }

  /// The axis of a softmax, whose default changed with its meaning.
  fileprivate func softmaxAxis() throws(Fault) -> Int {
    try int("axis", default: opset < 13 ? 1 : -1)
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

extension NodeAttributes {
  func averagePool() throws(Fault) -> AveragePool {
    AveragePool(
      kernelShape: try kernelShape(), strides: try ints("strides"),
      pads: try ints("pads"), dilations: try ints("dilations"),
      autoPad: try autoPad(), ceilMode: try bool("ceil_mode", default: false),
      countIncludePad: try bool("count_include_pad", default: false))
  }
}
