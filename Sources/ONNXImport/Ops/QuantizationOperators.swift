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
]

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
