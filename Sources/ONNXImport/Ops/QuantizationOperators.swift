import Faults
import Graphs
import Tensors

/// Conversion between floating-point numbers and integers with a scale, and products of the integers.
let quantizationOperators: [String: OperatorBuilder] = [
  "QuantizeLinear": { node throws(Fault) in
    QuantizeLinear(
      axis: try node.int("axis", default: 1), blockSize: try node.int("block_size", default: 0),
      outputDType: try node.outputDType())
  },
  "DequantizeLinear": { node throws(Fault) in
    DequantizeLinear(
      axis: try node.int("axis", default: 1), blockSize: try node.int("block_size", default: 0),
      outputDType: try node.outputDType())
  },
  "DynamicQuantizeLinear": { _ in DynamicQuantizeLinear() },
  "ConvInteger": { node throws(Fault) in ConvInteger(try node.conv()) },
  "MatMulInteger": { _ in MatMulInteger() },
  "QLinearConv": { node throws(Fault) in QLinearConv(try node.conv()) },
  "QLinearMatMul": { _ in QLinearMatMul() },
  "com.microsoft::QLinearAdd": { node throws(Fault) in node.qLinearBinary(Add()) },
  "com.microsoft::QLinearMul": { node throws(Fault) in node.qLinearBinary(Mul()) },
  "com.microsoft::QLinearSigmoid": { node throws(Fault) in node.qLinearUnary(Sigmoid()) },
  "com.microsoft::QLinearLeakyRelu": { node throws(Fault) in
    node.qLinearUnary(LeakyRelu(alpha: try node.float("alpha", default: 0.01)))
  },
  "com.microsoft::QLinearGlobalAveragePool": { node throws(Fault) in
    try node.refuseChannelsLast()
    return node.qLinearUnary(GlobalAveragePool())
  },
  "com.microsoft::QLinearAveragePool": { node throws(Fault) in
    try node.refuseChannelsLast()
    return node.qLinearUnary(try node.averagePool())
  },
  "com.microsoft::QLinearConcat": { node throws(Fault) in
    let operands = stride(from: 2, to: node.inputCount, by: 3).map {
      QuantizedOperand($0, scale: $0 + 1, zeroPoint: $0 + 2)
    }
    guard let axis = try node.int("axis") else { throw node.invalid("the axis is missing") }
    return QLinearOperator(
      node.opType, Concat(axis: axis), operands: operands, scale: 0, zeroPoint: 1)
  },
  "com.microsoft::QGemm": { node throws(Fault) in try node.qGemm() },
]

extension NodeAttributes {
  fileprivate func qLinearUnary(_ base: any Operator) -> QLinearOperator {
    QLinearOperator(
      opType, base, operands: [QuantizedOperand(0, scale: 1, zeroPoint: 2)], scale: 3,
      zeroPoint: 4)
  }

  fileprivate func qLinearBinary(_ base: any Operator) -> QLinearOperator {
    QLinearOperator(
      opType, base,
      operands: [
        QuantizedOperand(0, scale: 1, zeroPoint: 2), QuantizedOperand(3, scale: 4, zeroPoint: 5),
      ], scale: 6, zeroPoint: 7)
  }

  fileprivate func qGemm() throws(Fault) -> QLinearOperator {
    guard inputCount > 7 else {
      throw Fault(
        .modelUnsupportedOperator, "QGemm without the scale of a quantised result is not supported")
    }
    let transB = try bool("transB", default: false)
    let base = Gemm(
      alpha: try float("alpha", default: 1), transA: try bool("transA", default: false),
      transB: transB)
    return QLinearOperator(
      opType, base,
      operands: [
        QuantizedOperand(0, scale: 1, zeroPoint: 2),
        QuantizedOperand(3, scale: 4, zeroPoint: 5, axis: transB ? 0 : 1),
      ], bias: 6, scale: 7, zeroPoint: 8)
  }

  fileprivate func refuseChannelsLast() throws(Fault) {
    if try bool("channels_last", default: false) {
      throw Fault(.modelUnsupportedOperator, "\(opType) with channels_last is not supported")
    }
  }
}

extension NodeAttributes {
  /// The attribute `output_dtype`; `nil` when it is left out or 0.
  fileprivate func outputDType() throws(Fault) -> DType? {
    let number = try int("output_dtype", default: 0)
    guard number != 0 else { return nil }
    guard let dtype = DType(rawValue: number) else {
      throw Fault(
        .modelUnsupportedOperator,
        "\(opType) to element type \(TensorMessage.typeName(number)) is not supported")
    }
    return dtype
  }
}
