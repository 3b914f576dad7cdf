import Kernels
import Tensors

extension Graph {
  /// Returns the graph with QuantizeLinear and the DequantizeLinear nodes that read it as one step,
  /// when they have the same single scale and zero point.
  ///
  /// Keeps every value's bits.
  public func joiningQuantization(keep: Set<ValueID> = []) -> Graph {
    var rewriter = Rewriter(self, keep: keep)
    var restored: [ValueID: ValueID] = [:]
    for index in rewriter.indices {
      guard let (x, grid) = rewriter.quantizedPair(index),
        let integers = rewriter.node(index).inputs[0]
      else { continue }
      let output = rewriter.node(index).outputs[0]
      if let earlier = restored[integers], !rewriter.protected.contains(output) {
        rewriter.remove(index)
        rewriter.substitute(output, by: earlier)
      } else {
        rewriter.replace(index, by: QuantizeDequantize(grid: grid), [x])
        restored[integers] = output
      }
    }
    return rewriter.finish()
  }
}

extension Rewriter {
  /// What a DequantizeLinear restores, with the numbers it may become.
  fileprivate func quantizedPair(_ index: Int) -> (x: ValueID, grid: QuantizationGrid)? {
    let node = node(index)
    guard node.op is DequantizeLinear, let integers = node.inputs[0],
      let producer = producer(of: integers), self.node(producer).op is QuantizeLinear,
      let x = self.node(producer).inputs[0], type(x)?.dtype == .float32,
      type(node.outputs[0])?.dtype == .float32, let dtype = type(integers)?.dtype,
      let down = parameters(self.node(producer)), let up = parameters(node), down == up,
      let range = dtype.quantizedRange
    else { return nil }
    return (
      x,
      QuantizationGrid(
        scale: down.scale, lowest: range.lowerBound - down.zeroPoint,
        highest: range.upperBound - down.zeroPoint, zeroPoint: down.zeroPoint)
    )
  }

  /// The constant parameters of a node that has one scale.
  private func parameters(_ node: Node) -> QuantizationParameters? {
    guard node.inputs.count >= 2, let scale = constant(node.inputs[1]), scale.dtype == .float32,
      scale.elementCount == 1, scale.shape.rank <= 1
    else { return nil }
    var zeroPoint = 0
    if node.inputs.count > 2, let input = node.inputs[2] {
      guard let constant = constant(input), constant.elementCount == 1,
        let wide = try? cast(constant.aligned(), to: .int64)
      else { return nil }
      zeroPoint = Int(wide.elements(of: Int64.self)[0])
    }
    return QuantizationParameters(scale: scale.elements(of: Float.self)[0], zeroPoint: zeroPoint)
  }
}

private struct QuantizationParameters: Equatable {
  let scale: Float
  let zeroPoint: Int
}

extension DType {
  /// The integers of a type of at most 16 bits.
  fileprivate var quantizedRange: ClosedRange<Int>? {
    switch self {
    case .int8: -128...127
    case .uint8: 0...255
    case .int16: -32_768...32_767
    case .uint16: 0...65_535
    default: nil
    }
  }
}
