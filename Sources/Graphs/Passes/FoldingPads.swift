import Faults
import Kernels
import Tensors

extension Graph {
  /// Returns the graph with zero padding folded into the Conv or AveragePool that reads it.
  ///
  /// Keeps every value's bits but for the sign of zeros. An AveragePool must count its pads, or have
  /// none of its own; then it counts the folded ones.
  public func foldingPads(keep: Set<ValueID> = []) -> Graph {
    var rewriter = Rewriter(self, keep: keep)
    for index in rewriter.indices {
      guard let pads = rewriter.spatialZeroPads(rewriter.node(index)),
        let reader = rewriter.onlyReader(of: rewriter.node(index).outputs[0]),
        let input = rewriter.node(index).inputs[0],
        let op = rewriter.op(of: reader, paddedBy: pads)
      else { continue }
      let inputs = [input] + rewriter.node(reader).inputs.dropFirst()
      guard rewriter.fits(op, inputs, outputsOf: reader) else { continue }
      rewriter.replace(reader, by: op, inputs)
      rewriter.remove(index)
    }
    return rewriter.finish()
  }
}

/// Pads of the spatial axes, begins and ends apart.
private struct SpatialPads {
  var begins: [Int]
  var ends: [Int]

  /// The ONNX order, on top of the pads a window has of its own.
  func added(to axes: [WindowAxis]) -> [Int] {
    zip(begins, axes).map { $0 + $1.padBegin } + zip(ends, axes).map { $0 + $1.padEnd }
  }
}

extension Rewriter {
  /// The pads of a Pad node that adds constant zeros around [N, C, spatial...].
  fileprivate func spatialZeroPads(_ node: Node) -> SpatialPads? {
    guard let pad = node.op as? Pad, pad.mode == .constant,
      let amounts = try? pad.amounts(facts(node.inputs))
    else { return nil }
    var value = Double(pad.value)
    if node.inputs.count > 2, let given = node.inputs[2] {
      guard let scalar = constant(given)?.scalar else { return nil }
      value = scalar
    }
    let (before, after) = amounts
    guard value == 0, before.count >= 3, (before + after).allSatisfy({ $0 >= 0 }),
      before[0] == 0, before[1] == 0, after[0] == 0, after[1] == 0
    else { return nil }
    return SpatialPads(begins: Array(before[2...]), ends: Array(after[2...]))
  }

  /// The reader's operator with these pads on top of its own, when it treats both alike.
  fileprivate func op(of reader: Int, paddedBy pads: SpatialPads) -> (any Operator)? {
    let node = node(reader)
    guard let padded = node.inputs[0].flatMap({ type($0)?.shape }) else { return nil }
    switch node.op {
    case var conv as Conv:
      guard node.inputs.count > 1, let weight = node.inputs[1].flatMap({ type($0)?.shape }),
        let geometry = try? conv.geometry(input: padded, weight: weight)
      else { return nil }
      conv.pads = pads.added(to: geometry.window.axes)
      conv.autoPad = .notSet
      return conv
    case var pool as AveragePool:
      guard let geometry = try? pool.geometry(input: padded), !pool.ceilMode else { return nil }
      let hasPads = geometry.axes.contains { $0.padBegin + $0.padEnd > 0 }
      guard pool.countIncludePad || !hasPads else { return nil }
      pool.pads = pads.added(to: geometry.axes)
      pool.autoPad = .notSet
      pool.countIncludePad = true
      return pool
    default: return nil
    }
  }
}
