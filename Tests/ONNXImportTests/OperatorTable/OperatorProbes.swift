import Tensors

@testable import ONNXImport

/// One node for each operator of the table.
let operatorProbes: [OperatorProbe] =
  elementwiseProbes + windowProbes + normalizationProbes + matrixProbes + movementProbes
  + shapeProbes + reductionProbes + quantizationProbes

private func integers(_ values: [Int64]) -> OperatorProbe.Input {
  .fixed(Tensor(values, shape: [values.count]))
}

private let elementwiseProbes: [OperatorProbe] =
  [
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Ceil", "Celu", "Cos",
    "Cosh", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish", "Identity", "IsInf",
    "IsNaN", "LeakyRelu", "Log", "Mish", "Neg", "Not", "Reciprocal", "Relu", "Round", "Selu",
    "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Swish", "Tan",
    "Tanh", "ThresholdedRelu",
  ].map { OperatorProbe($0, [2, 3]) }
  + [
    "Add", "And", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Div", "Equal", "Greater",
    "GreaterOrEqual", "Less", "LessOrEqual", "Max", "Mean", "Min", "Mul", "Or", "Pow", "Sub",
    "Sum", "Xor",
  ].map { OperatorProbe($0, [2, 3], [3]) }
  + [
    OperatorProbe(
      "BitShift", [2, 3], [3], attributes: ["direction": .string("LEFT")]),
    OperatorProbe(
      "Cast", [2, 3], attributes: ["to": .int(DType.float32.rawValue)],
      notes: "to any of these types; no gradient where an integer is on either side"),
    OperatorProbe(
      "CastLike", inputs: [.swept([2, 3]), .typed(.float32, [1])], notes: "as Cast"),
    OperatorProbe("Clip", [2, 3], notes: "limits are attributes before opset 11"),
    OperatorProbe(
      "Dropout", [2, 3], notes: "inference only: a copy; a true training_mode is refused"),
    OperatorProbe(
      "Mod", [2, 3], [3], attributes: ["fmod": .int(1)],
      notes: "floating point needs fmod = 1"),
    OperatorProbe("PRelu", [2, 3], [3]),
    OperatorProbe(
      "Where",
      inputs: [.fixed(Tensor([true, false, true], shape: [3])), .swept([2, 3]), .swept([3])]),
  ]

private let kernel: [String: AttributeValue] = ["kernel_shape": .ints([2, 2])]
private let image: Shape = [1, 4, 4, 4]

private let windowProbes = [
  OperatorProbe("AveragePool", image, attributes: kernel, notes: "1, 2 or 3 spatial axes"),
  OperatorProbe(
    "Col2Im", inputs: [.swept([1, 8, 4]), integers([4, 4]), integers([2, 2])],
    attributes: ["strides": .ints([2, 2])], notes: "constant shapes"),
  OperatorProbe("Conv", image, [2, 4, 2, 2], notes: "1, 2 or 3 spatial axes"),
  OperatorProbe("ConvTranspose", image, [4, 2, 2, 2], notes: "1, 2 or 3 spatial axes"),
  OperatorProbe("GlobalAveragePool", image),
  OperatorProbe("GlobalLpPool", image),
  OperatorProbe("GlobalMaxPool", image),
  OperatorProbe("LpPool", image, attributes: kernel, notes: "1, 2 or 3 spatial axes"),
  OperatorProbe(
    "MaxPool", image, attributes: kernel,
    notes: "1, 2 or 3 spatial axes; the second output holds indices"),
  OperatorProbe(
    "Resize", inputs: [.swept(image), .absent, .fixed(Tensor([Float(1), 1, 2, 2], shape: [4]))],
    notes: "constant scales or sizes; bool with mode nearest only"),
  OperatorProbe(
    "Upsample", inputs: [.swept(image), .fixed(Tensor([Float(1), 1, 2, 2], shape: [4]))],
    notes: "constant scales"),
]

private let normalizationProbes = [
  OperatorProbe(
    "BatchNormalization", image, [4], [4], [4], [4],
    notes: "training_mode of constants only"),
  OperatorProbe("GroupNormalization", image, [4], [4], attributes: ["num_groups": .int(2)]),
  OperatorProbe("Hardmax", [2, 3]),
  OperatorProbe("InstanceNormalization", image, [4], [4]),
  OperatorProbe("LRN", image, attributes: ["size": .int(3)]),
  OperatorProbe("LayerNormalization", [2, 3], [3], [3]),
  OperatorProbe("LogSoftmax", [2, 3]),
  OperatorProbe("LpNormalization", [2, 3]),
  OperatorProbe("MeanVarianceNormalization", image),
  OperatorProbe("RMSNormalization", [2, 3], [3]),
  OperatorProbe("Softmax", [2, 3]),
]

private let matrixProbes = [
  OperatorProbe(
    "Einsum", [2, 3], [3, 4], attributes: ["equation": .string("ij,jk->ik")],
    notes: "a product of two matrices runs as MatMul, gradient included"),
  OperatorProbe("Gemm", [2, 3], [3, 4], [4]),
  OperatorProbe("MatMul", [2, 3], [3, 4]),
]

private let movementProbes = [
  OperatorProbe("Concat", [2, 3], [2, 3], attributes: ["axis": .int(0)]),
  OperatorProbe("DepthToSpace", image, attributes: ["blocksize": .int(2)]),
  OperatorProbe("Expand", inputs: [.swept([3]), integers([2, 3])], notes: "constant shape"),
  OperatorProbe("Flatten", image),
  OperatorProbe("Gather", inputs: [.swept([2, 3]), integers([0])]),
  OperatorProbe(
    "GatherElements", inputs: [.swept([2, 3]), .fixed(Tensor([Int64(0)], shape: [1, 1]))]),
  OperatorProbe("GatherND", inputs: [.swept([2, 3]), .fixed(Tensor([Int64(0)], shape: [1, 1]))]),
  OperatorProbe(
    "Pad", inputs: [.swept([2, 3]), integers([0, 1, 0, 1])],
    notes: "constant pads; modes constant, reflect, edge, wrap"),
  OperatorProbe("Reshape", inputs: [.swept([2, 3]), integers([3, 2])], notes: "constant shape"),
  OperatorProbe(
    "Scatter",
    inputs: [.swept([2, 3]), .fixed(Tensor([Int64(0)], shape: [1, 1])), .swept([1, 1])]),
  OperatorProbe(
    "ScatterElements",
    inputs: [.swept([2, 3]), .fixed(Tensor([Int64(0)], shape: [1, 1])), .swept([1, 1])],
    notes: "reductions none, add, mul, min, max"),
  OperatorProbe(
    "ScatterND",
    inputs: [.swept([2, 3]), .fixed(Tensor([Int64(0)], shape: [1, 1])), .swept([1, 3])],
    notes: "reductions none, add, mul, min, max"),
  OperatorProbe(
    "Slice", inputs: [.swept([2, 3]), integers([0]), integers([1])],
    notes: "constant starts, ends, axes and steps"),
  OperatorProbe("SpaceToDepth", image, attributes: ["blocksize": .int(2)]),
  OperatorProbe("Split", inputs: [.swept([2, 3])], outputs: 2, notes: "constant sizes"),
  OperatorProbe("Squeeze", [1, 3], notes: "constant axes"),
  OperatorProbe("Tile", inputs: [.swept([2, 3]), integers([1, 2])], notes: "constant repeats"),
  OperatorProbe("Transpose", [2, 3]),
  OperatorProbe("Trilu", [3, 3]),
  OperatorProbe("Unsqueeze", inputs: [.swept([3]), integers([0])], notes: "constant axes"),
]

private let shapeProbes = [
  OperatorProbe(
    "Constant", inputs: [], attributes: ["value_int": .int(1)],
    notes: "no strings, no sparse tensors"),
  OperatorProbe("ConstantOfShape", inputs: [integers([2, 3])], notes: "constant shape"),
  OperatorProbe("EyeLike", [2, 3]),
  OperatorProbe("NonZero", [2, 3], notes: "constant input: the shape of the result depends on it"),
  OperatorProbe(
    "OneHot",
    inputs: [
      integers([0, 1]), .fixed(Tensor(scalar: Int64(3))), .swept([2]),
    ], notes: "constant depth"),
  OperatorProbe("Range", [], [], [], notes: "constant inputs"),
  OperatorProbe("Shape", [2, 3]),
  OperatorProbe("Size", [2, 3]),
]

private let reductionProbes =
  [
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
    "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare",
  ].map { OperatorProbe($0, inputs: [.swept([2, 3]), integers([1])], notes: "constant axes") } + [
    OperatorProbe("ArgMax", [2, 3]),
    OperatorProbe("ArgMin", [2, 3]),
    OperatorProbe("CumSum", inputs: [.swept([2, 3]), .fixed(Tensor(scalar: Int64(0)))]),
    OperatorProbe(
      "TopK", inputs: [.swept([2, 3]), integers([1])], outputs: 2, notes: "constant k"),
  ]

private let zeroPoint = OperatorProbe.Input.fixed(Tensor(scalar: UInt8(0)))
private let scale = OperatorProbe.Input.typed(.float32, [])

private func eightBits(_ shape: Shape) -> OperatorProbe.Input { .typed(.uint8, shape) }

private let quantized: [OperatorProbe.Input] = [.swept([2, 3]), scale, zeroPoint]
private let result: [OperatorProbe.Input] = [scale, zeroPoint]

private let quantizationProbes = [
  OperatorProbe(
    "ConvInteger", inputs: [.swept(image), eightBits([2, 4, 2, 2])],
    notes: "int8 and uint8 in any combination; one zero point for w, or one for each filter"),
  OperatorProbe("DynamicQuantizeLinear", [2, 3], notes: "to uint8"),
  OperatorProbe(
    "MatMulInteger", inputs: [.swept([2, 3]), eightBits([3, 4])],
    notes: "int8 and uint8 in any combination; one zero point, or one for each row and column"),
  OperatorProbe(
    "QLinearConv",
    inputs: [
      .swept(image), scale, .swept([]), eightBits([2, 4, 2, 2]), scale, zeroPoint, scale,
      eightBits([]),
    ],
    notes: "int8 and uint8 in any combination; one scale and zero point for w, or one for each "
      + "filter"),
  OperatorProbe(
    "QLinearMatMul",
    inputs: [
      .swept([2, 3]), scale, .swept([]), eightBits([3, 4]), scale, zeroPoint, scale,
      eightBits([]),
    ],
    notes: "int8 and uint8 in any combination; one scale and zero point, or one for each row and "
      + "column"),
  OperatorProbe("com.microsoft::QLinearAdd", inputs: quantized + quantized + result),
  OperatorProbe("com.microsoft::QLinearMul", inputs: quantized + quantized + result),
  OperatorProbe("com.microsoft::QLinearSigmoid", inputs: quantized + result),
  OperatorProbe("com.microsoft::QLinearLeakyRelu", inputs: quantized + result),
  OperatorProbe(
    "com.microsoft::QLinearGlobalAveragePool",
    inputs: [.swept(image), scale, zeroPoint] + result, notes: "not with channels_last"),
  OperatorProbe(
    "com.microsoft::QLinearAveragePool", inputs: [.swept(image), scale, zeroPoint] + result,
    attributes: kernel, notes: "not with channels_last"),
  OperatorProbe(
    "com.microsoft::QLinearConcat", inputs: result + quantized + quantized,
    attributes: ["axis": .int(0)]),
  OperatorProbe(
    "com.microsoft::QGemm",
    inputs: quantized + [eightBits([3, 4]), scale, zeroPoint, .typed(.int32, [4])] + result,
    notes: "quantised results only"),
  OperatorProbe(
    "DequantizeLinear", inputs: [.swept([2, 3]), scale],
    notes: "one scale, one for each channel, or blocks"),
  OperatorProbe(
    "QuantizeLinear", inputs: [.swept([2, 3]), scale],
    notes: "to int8, uint8, int16, uint16; one scale, one for each channel, or blocks"),
]
