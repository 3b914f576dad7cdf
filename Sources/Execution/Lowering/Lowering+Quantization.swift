import Faults
import Graphs
import Kernels

extension Lowering {
  /// Emits a rounding of planes to quantised numbers; false when the value is not in blocks.
  mutating func lowerQuantization(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    guard let rounding = node.op as? QuantizeDequantize, let value = node.inputs[0],
      graph.isPlanes(value), exists(value, .blocked)
    else { return false }
    let input = want(value, .blocked)
    let output = Form(value: node.outputs[0], layout: .blocked)
    let kernels = kernels
    emit(
      Operation(
        inputs: [input], outputs: [output], sharing: .inPlace(input: 0)
      ) { (bindings) throws(Fault) in
        let (x, z) = (bindings.planes(input), bindings.planes(output))
        return Step { (images, arena) throws(Fault) in
          let first = images.lowerBound
          kernels.round(
            x.view(arena, first), to: rounding.grid, output: z.view(arena, first),
            images: images.count)
        }
      })
    return true
  }
}
