public import Faults

extension WindowGeometry {
  /// Resolves the window of a transposed convolution: `input` of each axis is the extent of Y,
  /// `output` that of X.
  ///
  /// - Parameters:
  ///   - extents: the spatial extents of X.
  ///   - outputPadding: what is added at the end of each axis of Y.
  ///   - outputShape: the spatial extents of Y, from which the pads follow.
  /// - Throws: `Fault` with code `model.invalid` when an attribute is out of range or Y is empty.
  public init(
    transposing extents: [Int], kernel: [Int], attributes: Attributes, outputPadding: [Int]?,
    outputShape: [Int]?
  ) throws(Fault) {
    let rank = try Self.checkedRank(extents)
    try Attributes.check("kernel_shape", kernel, count: rank, minimum: 1)
    let (strides, pads, dilations) = try attributes.resolved(rank: rank)
    let outputPadding = outputPadding ?? [Int](repeating: 0, count: rank)
    try Attributes.check("output_padding", outputPadding, count: rank, minimum: 0)
    // The extents of N and C may precede the spatial ones.
    let outputShape = outputShape.map { $0.count == rank + 2 ? Array($0.dropFirst(2)) : $0 }
    if let outputShape {
      try Attributes.check("output_shape", outputShape, count: rank, minimum: 1)
    }
    var axes: [WindowAxis] = []
    for axis in 0..<rank {
      let reach = (kernel[axis] - 1) * dilations[axis] + 1
      let full = try Self.fullExtent(
        extents[axis], stride: strides[axis], reach: reach, padding: outputPadding[axis])
      var (begin, end) = (pads[axis], pads[axis + rank])
      var output = full - begin - end
      switch attributes.autoPad {
      case .notSet: output = outputShape?[axis] ?? output
      case .valid: output = outputShape?[axis] ?? full
      case .sameUpper, .sameLower: output = outputShape?[axis] ?? extents[axis] * strides[axis]
      }
      if outputShape != nil || attributes.autoPad != .notSet {
        let total = max(0, full - output)
        begin = attributes.autoPad == .sameUpper ? total / 2 : total - total / 2
        end = total - begin
      }
      guard output >= 1, output <= Int(Int32.max) else {
        throw Fault(
          .modelInvalid,
          "pads of \(begin) and \(end) leave an output extent of \(output), outside "
            + "1...\(Int32.max)")
      }
      axes.append(
        WindowAxis(
          input: output, kernel: kernel[axis], stride: strides[axis], dilation: dilations[axis],
          padBegin: begin, padEnd: end, output: extents[axis]))
    }
    try self.init(checking: axes)
  }

  /// The extent of Y before pads are taken off.
  private static func fullExtent(
    _ extent: Int, stride: Int, reach: Int, padding: Int
  ) throws(Fault) -> Int {
    let (spread, overflow) = (extent - 1).multipliedReportingOverflow(by: stride)
    let (sum, sumOverflow) = spread.addingReportingOverflow(reach)
    guard !overflow, !sumOverflow, sum <= Int(Int32.max) * 4 else {
      throw Fault(
        .modelInvalid, "a stride of \(stride) over \(extent) elements makes the output too large")
    }
    return sum + padding
  }
}
