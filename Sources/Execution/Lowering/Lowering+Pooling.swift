import Faults
import Graphs
import Kernels
import Tensors

extension Lowering {
  /// Emits a pooling over planes; false when the node is none that a kernel computes.
  mutating func lowerPooling(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    guard let value = node.inputs.first ?? nil, graph.isPlanes(value),
      graph[value].constant == nil
    else { return false }
    let shape = graph.knownType(value).shape
    switch node.op {
    case let pool as MaxPool where node.outputs.count == 1:
      guard let window = try? pool.geometry(input: shape) else { return false }
      emitWindowPool(node, value, PoolGeometry(window, countIncludePad: false), isMaximum: true)
    case let pool as AveragePool:
      guard let window = try? pool.geometry(input: shape) else { return false }
      emitWindowPool(
        node, value, PoolGeometry(window, countIncludePad: pool.countIncludePad),
        isMaximum: false)
    case is GlobalAveragePool:
      emitGlobalAverage(node, value)
    case let mean as ReduceMean:
      guard (try? mean.reducedAxes(graph.facts(of: node))) == [2, 3] else { return false }
      emitGlobalAverage(node, value)
    default: return false
    }
    return true
  }

  private mutating func emitWindowPool(
    _ node: Node, _ value: ValueID, _ geometry: PoolGeometry, isMaximum: Bool
  ) {
    let input = want(value, .blocked)
    let output = Form(value: node.outputs[0], layout: .blocked)
    let kernels = kernels
    emit(
      Operation(inputs: [input], outputs: [output]) { (bindings) throws(Fault) in
        let (x, z) = (bindings.planes(input), bindings.planes(output))
        return Step(dividing: .floats(x.layout.blockedImageFloats)) {
          (images, arena, share) throws(Fault) in
          let (from, to) = (x.view(arena, images.lowerBound), z.view(arena, images.lowerBound))
          if isMaximum {
            kernels.maxPool(
              geometry, input: from, output: to, images: images.count, share: share)
          } else {
            kernels.averagePool(
              geometry, input: from, output: to, images: images.count, share: share)
          }
        }
      })
  }

  private mutating func emitGlobalAverage(_ node: Node, _ value: ValueID) {
    let input = want(value, .blocked)
    let output = Form(value: node.outputs[0], layout: .plain)
    let channels = graph.knownType(value).shape[1]
    let kernels = kernels
    emit(
      Operation(inputs: [input], outputs: [output]) { (bindings) throws(Fault) in
        let x = bindings.planes(input)
        let z = bindings.rows(output, columns: channels)
        return Step(dividing: .floats(x.layout.blockedImageFloats)) {
          (images, arena, share) throws(Fault) in
          kernels.globalAveragePool(
            input: x.view(arena, images.lowerBound), output: z.stacked(arena, images),
            images: images.count, share: share)
        }
      })
  }
}

extension PoolGeometry {
  /// The window of a pooling over two axes.
  init(_ window: WindowGeometry, countIncludePad: Bool) {
    let (rows, columns) = (window.axes[0], window.axes[1])
    self.init(
      kernel: (rows.kernel, columns.kernel), strides: (rows.stride, columns.stride),
      dilations: (rows.dilation, columns.dilation),
      pads: Halo(
        top: rows.padBegin, left: columns.padBegin, bottom: rows.padEnd, right: columns.padEnd),
      countIncludePad: countIncludePad)
  }
}
