public import Faults
import Tensors

extension Graph {
  /// Returns the graph with Float16 constants, inputs and casts as Float32, types inferred anew.
  ///
  /// Conversions of weights are exact; sums and products are then rounded to Float32 instead of
  /// Float16, so results are nearer to the true ones than those of a Float16 run.
  /// - Throws: `Fault` with code `model.invalid` when the wider graph has no consistent types.
  public func widenedToFloat32(keep: Set<ValueID> = []) throws(Fault) -> Graph {
    var graph = self
    for index in graph.values.indices {
      guard let constant = graph.values[index].constant, constant.dtype == .float16 else {
        continue
      }
      let wide = Tensor(constant.elements(of: Float16.self).map(Float.init), shape: constant.shape)
      graph.values[index].constant = wide
      graph.values[index].type = wide.type
    }
    for index in graph.inputs.indices where graph.inputs[index].dtype == .float16 {
      graph.inputs[index].dtype = .float32
    }
    for index in graph.nodes.indices {
      switch graph.nodes[index].op {
      case let cast as Cast where cast.to == .float16: graph.nodes[index].op = Cast(to: .float32)
      case let filled as ConstantOfShape where filled.value.dtype == .float16:
        graph.nodes[index].op = ConstantOfShape(
          value: Tensor(
            filled.value.elements(of: Float16.self).map(Float.init), shape: filled.value.shape))
      default: break
      }
    }
    var shapes: [ValueID: Shape] = [:]
    for input in inputs { shapes[input.value] = self[input.value].type?.shape }
    return try graph.specialized(inputShapes: shapes, keep: keep)
  }
}
