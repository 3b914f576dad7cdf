import Faults
import Graphs
import Kernels
import Tensors

extension Lowering {
  /// Emits an operation on the rows of token matrices; false when the node is none.
  mutating func lowerRows(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    guard let value = node.inputs.first ?? nil, graph[value].constant == nil,
      graph.knownType(value).dtype == .float32, graph.knownType(value).shape.elementCount > 0
    else { return false }
    switch node.op {
    case let norm as LayerNormalization: return lowerLayerNormalization(node, norm, value)
    case let softmax as Softmax: return lowerSoftmax(node, softmax, value)
    case let transpose as Transpose: return lowerTranspose(node, transpose, value)
    default: return false
    }
  }

  private mutating func lowerLayerNormalization(
    _ node: Node, _ norm: LayerNormalization, _ value: ValueID
  ) -> Bool {
    let shape = graph.knownType(value).shape
    let columns = shape[shape.rank - 1]
    guard node.outputs.count == 1, norm.axis == -1 || norm.axis == shape.rank - 1,
      node.inputs.count >= 2, let scale = graph.floats(node.inputs[1]),
      scale.elementCount == columns
    else { return false }
    let shift = node.inputs.count > 2 ? graph.floats(node.inputs[2]) : nil
    if node.inputs.count > 2, node.inputs[2] != nil, shift?.elementCount != columns {
      return false
    }
    emitRows(node, value) { [kernels, epsilon = norm.epsilon] x, z, share in
      kernels.layerNorm(
        x, scale: scale.floatBuffer.baseAddress, shift: shift?.floatBuffer.baseAddress,
        epsilon: epsilon, output: z, share: share)
      withExtendedLifetime((scale, shift)) {}
    }
    return true
  }

  private mutating func lowerSoftmax(
    _ node: Node, _ softmax: Softmax, _ value: ValueID
  ) -> Bool {
    let shape = graph.knownType(value).shape
    let axis = softmax.axis < 0 ? softmax.axis + shape.rank : softmax.axis
    let row = shape.dimensions[axis...].reduce(1, *)
    guard softmax.flattens || row == shape[axis] else { return false }
    emitRows(node, value, columns: row) { [kernels] x, z, share in
      kernels.softmax(x, output: z, share: share)
    }
    return true
  }

  private mutating func emitRows(
    _ node: Node, _ value: ValueID, columns: Int? = nil,
    _ compute: @escaping @Sendable (RowsView, RowsView, Share) -> Void
  ) {
    let (input, output) = (want(value, .plain), Form(value: node.outputs[0], layout: .plain))
    emit(
      Operation(
        inputs: [input], outputs: [output], sharing: .inPlace(input: 0)
      ) { (bindings) throws(Fault) in
        let x = bindings.rows(input, columns: columns)
        let z = bindings.rows(output, columns: columns)
        return Step(dividing: .floats(x.rows * x.columns)) {
          (images, arena, share) throws(Fault) in
          for image in images { compute(x.view(arena, image), z.view(arena, image), share) }
        }
      })
  }

  /// A transposition between planes and token rows is a reorder of blocks.
  private mutating func lowerTranspose(
    _ node: Node, _ transpose: Transpose, _ value: ValueID
  ) -> Bool {
    let result = node.outputs[0]
    let kernels = kernels
    if transpose.perm == [0, 2, 3, 1], graph.isPlanes(value), exists(value, .blocked) {
      let (input, output) = (want(value, .blocked), Form(value: result, layout: .plain))
      emit(
        Operation(inputs: [input], outputs: [output]) { (bindings) throws(Fault) in
          let (x, z) = (bindings.planes(input), bindings.rows(output))
          return Step { (images, arena) throws(Fault) in
            for image in images {
              kernels.reorder(x.view(arena, image), to: z.view(arena, image), images: 1)
            }
          }
        })
      return true
    }
    if transpose.perm == [0, 3, 1, 2], graph.isPlanes(result) {
      let (input, output) = (want(value, .plain), Form(value: result, layout: .blocked))
      emit(
        Operation(inputs: [input], outputs: [output]) { (bindings) throws(Fault) in
          let (x, z) = (bindings.rows(input), bindings.planes(output))
          return Step { (images, arena) throws(Fault) in
            for image in images {
              kernels.reorder(x.view(arena, image), to: z.view(arena, image), images: 1)
            }
          }
        })
      return true
    }
    return false
  }

  /// Emits a node that only renames the shape of plain elements.
  mutating func lowerView(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    guard node.op.isView, node.outputs.count == 1, let value = node.inputs[0],
      graph[value].constant == nil
    else { return false }
    let (input, output) = (want(value, .plain), Form(value: node.outputs[0], layout: .plain))
    let byteCount = graph.knownType(value).byteCount
    emit(
      Operation(
        inputs: [input], outputs: [output], sharing: .view
      ) { (bindings) throws(Fault) in
        if bindings.coincide(input, output) { return nil }
        let (from, to) = (bindings.place(input), bindings.place(output))
        return Step { (images, arena) throws(Fault) in
          for image in images {
            UnsafeMutableRawPointer(arena.pointer(to, image: image)).copyMemory(
              from: arena.pointer(from, image: image), byteCount: byteCount)
          }
        }
      })
    return true
  }
}

extension TensorType {
  var byteCount: Int { shape.elementCount * dtype.byteSize }
}
