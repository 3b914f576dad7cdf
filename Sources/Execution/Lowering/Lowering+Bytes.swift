import Faults
import Graphs
import Kernels
import Tensors

extension Lowering {
  /// Emits an operation on numbers of 8-bit grids as bytes; false when the node is none.
  mutating func lowerBytes(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    guard let value = node.inputs.first ?? nil, grids[node.outputs[0]] != nil else { return false }
    switch node.op {
    case is QuantizeDequantize:
      guard isReadAsBytes(node.outputs[0]) else { return false }
      // The rounding is what turns any other layout into bytes.
      let source: Layout = exists(value, .blocked) ? .blocked : .plain
      emit(
        rounding(want(value, source), to: Form(value: node.outputs[0], layout: .bytes)))
      return true
    case let op as QuantizedOperator: return lowerQuantized(node, op)
    case let pool as MaxPool where node.outputs.count == 1: return lowerMaxPool(node, pool, value)
    case is RoundedResult:
      emitByteView(want(value, .bytes), node)
      return true
    default: return node.op.isView && lowerByteView(node, value)
    }
  }

  /// Whether an operator on integers reads the value.
  private func isReadAsBytes(_ value: ValueID) -> Bool {
    consumers[value.index].contains { index in
      let node = graph.nodes[index]
      if node.op is QuantizedOperator || node.op is RoundedResult { return true }
      return (node.op.isView || node.op is MaxPool) && grids[node.outputs[0]] != nil
        && isReadAsBytes(node.outputs[0])
    }
  }

  private mutating func lowerQuantized(_ node: Node, _ op: QuantizedOperator) -> Bool {
    let values = node.inputs.compactMap(\.self).filter { graph[$0].constant == nil }
    guard values.count == op.inputs.count, values.allSatisfy({ grids[$0] != nil }) else {
      return false
    }
    switch op.base {
    case is Conv, is Gemm, is MatMul: return lowerProduct(node, op, values[0])
    case is Add:
      lowerSum(node, op, values)
      return true
    case is GlobalAveragePool:
      lowerMean(node, op, values[0])
      return true
    default: return false
    }
  }

  private mutating func lowerProduct(
    _ node: Node, _ op: QuantizedOperator, _ value: ValueID
  ) -> Bool {
    guard let weights = op.weights, let grid = grids[value],
      let product = byteProduct(op.base, weights.integers, graph.knownType(value).shape)
    else { return false }
    let kernels = kernels.bytes
    let input = want(value, .bytes)
    let output = Form(value: node.outputs[0], layout: .bytes)
    emit(
      Operation(
        inputs: [input], outputs: [output], halos: [product.halo]
      ) { (bindings) throws(Fault) in
        let kernel = product.weights.withElements(of: Int16.self) { elements in
          ByteConvolutionKernel(
            product.geometry, weights: elements, bias: weights.bias, factors: op.factors,
            zeroByte: grid.zeroByte, grid: op.output, range: op.range, kernels: kernels)
        }
        let (from, to) = (bindings.bytes(input), bindings.bytes(output))
        return Step { (images, arena) throws(Fault) in
          let first = images.lowerBound
          kernel.run(
            input: from.view(arena, first), output: to.view(arena, first), images: images.count)
        }
      })
    return true
  }

  /// A product as a convolution over planes, with weights [M, C / groups, kH, kW].
  private func byteProduct(
    _ op: any Operator, _ weights: Tensor, _ input: Shape
  ) -> (geometry: ConvolutionGeometry, halo: Halo, weights: Tensor)? {
    if let conv = op as? Conv {
      guard let (geometry, halo) = planeGeometry(conv, input: input, weight: weights.shape) else {
        return nil
      }
      return (geometry, halo, weights)
    }
    guard input.rank == 2 else { return nil }
    let isTransposed = (op as? Gemm)?.transB ?? false
    let rows = isTransposed ? weights : weights.transposedMatrix()
    let geometry = ConvolutionGeometry(
      inputChannels: rows.shape[1], outputChannels: rows.shape[0], kernel: (1, 1))
    return (geometry, .none, rows)
  }

  private mutating func lowerSum(_ node: Node, _ op: QuantizedOperator, _ values: [ValueID]) {
    let kernels = kernels.bytes
    let inputs = values.map { want($0, .bytes) }
    let output = Form(value: node.outputs[0], layout: .bytes)
    // What is overwritten keeps its halo, which must mean zero to the result too.
    let overwritten = op.inputs.firstIndex { $0.zeroByte == op.output.zeroByte }
    emit(
      Operation(
        inputs: inputs, outputs: [output],
        sharing: overwritten.map { .inPlace(input: $0) } ?? .none
      ) { (bindings) throws(Fault) in
        let (a, b) = (bindings.bytes(inputs[0]), bindings.bytes(inputs[1]))
        let z = bindings.bytes(output)
        return Step { (images, arena) throws(Fault) in
          let first = images.lowerBound
          kernels.add(
            a.view(arena, first), of: op.inputs[0], b.view(arena, first), of: op.inputs[1],
            onto: op.output, range: op.range, output: z.view(arena, first), images: images.count)
        }
      })
  }

  private mutating func lowerMean(_ node: Node, _ op: QuantizedOperator, _ value: ValueID) {
    let kernels = kernels.bytes
    let (input, output) = (want(value, .bytes), Form(value: node.outputs[0], layout: .bytes))
    emit(
      Operation(inputs: [input], outputs: [output]) { (bindings) throws(Fault) in
        let (x, z) = (bindings.bytes(input), bindings.bytes(output))
        return Step { (images, arena) throws(Fault) in
          let first = images.lowerBound
          kernels.globalAverage(
            x.view(arena, first), of: op.inputs[0], onto: op.output, range: op.range,
            output: z.view(arena, first), images: images.count)
        }
      })
  }

  private mutating func lowerMaxPool(_ node: Node, _ pool: MaxPool, _ value: ValueID) -> Bool {
    guard exists(value, .bytes),
      let window = try? pool.geometry(input: graph.knownType(value).shape),
      window.axes.count == 2, window.axes.allSatisfy(\.everyWindowMeetsInput)
    else { return false }
    let geometry = PoolGeometry(window, countIncludePad: false)
    let kernels = kernels.bytes
    let (input, output) = (want(value, .bytes), Form(value: node.outputs[0], layout: .bytes))
    emit(
      Operation(inputs: [input], outputs: [output]) { (bindings) throws(Fault) in
        let (x, z) = (bindings.bytes(input), bindings.bytes(output))
        return Step { (images, arena) throws(Fault) in
          let first = images.lowerBound
          kernels.maxPool(
            geometry, input: x.view(arena, first), output: z.view(arena, first),
            images: images.count)
        }
      })
    return true
  }

  /// A new shape of a single pixel.
  private mutating func lowerByteView(_ node: Node, _ value: ValueID) -> Bool {
    guard exists(value, .bytes), node.outputs.count == 1,
      let from = graph.knownType(value).shape.bytePlanes,
      let to = graph.knownType(node.outputs[0]).shape.bytePlanes, from == to
    else { return false }
    emitByteView(want(value, .bytes), node)
    return true
  }

  /// The same bytes under another name.
  private mutating func emitByteView(_ input: Form, _ node: Node) {
    let output = Form(value: node.outputs[0], layout: .bytes)
    emit(
      Operation(
        inputs: [input], outputs: [output], sharing: .view
      ) { (bindings) throws(Fault) in
        if bindings.coincide(input, output) { return nil }
        let (x, z) = (bindings.bytes(input), bindings.bytes(output))
        return Step { (images, arena) throws(Fault) in
          for image in images { x.view(arena, image).copyPixels(to: z.view(arena, image)) }
        }
      })
  }

  /// The copy of a value into bytes, or from bytes.
  func byteReorder(_ input: Form, to output: Form) -> Operation {
    guard let grid = grids[input.value] else {
      preconditionFailure("\(graph[input.value].name) has no grid of bytes")
    }
    if output.layout == .bytes { return rounding(input, to: output) }
    let kernels = kernels.bytes
    let isBlocked = output.layout == .blocked
    return Operation(inputs: [input], outputs: [output]) { (bindings) throws(Fault) in
      let x = bindings.bytes(input)
      if isBlocked {
        let z = bindings.planes(output)
        return Step { (images, arena) throws(Fault) in
          kernels.dequantize(
            x.view(arena, images.lowerBound), of: grid,
            output: z.view(arena, images.lowerBound), images: images.count)
        }
      }
      let z = bindings.place(output)
      return Step { (images, arena) throws(Fault) in
        for image in images {
          kernels.dequantize(
            x.view(arena, image), of: grid, nchw: arena.pointer(z, image: image), images: 1)
        }
      }
    }
  }

  /// The rounding of plain or blocked numbers to the grid of the output.
  private func rounding(_ input: Form, to output: Form) -> Operation {
    guard let grid = grids[output.value] else {
      preconditionFailure("\(graph[output.value].name) has no grid of bytes")
    }
    let kernels = kernels.bytes
    return Operation(inputs: [input], outputs: [output]) { (bindings) throws(Fault) in
      let z = bindings.bytes(output)
      if input.layout == .blocked {
        let x = bindings.planes(input)
        return Step { (images, arena) throws(Fault) in
          kernels.quantize(
            x.view(arena, images.lowerBound), to: grid,
            output: z.view(arena, images.lowerBound), images: images.count)
        }
      }
      let x = bindings.place(input)
      return Step { (images, arena) throws(Fault) in
        for image in images {
          kernels.quantize(
            nchw: arena.pointer(x, image: image), to: grid, output: z.view(arena, image),
            images: 1)
        }
      }
    }
  }
}

extension ByteView {
  /// Copies the pixels of an image; the halo stays as it is.
  fileprivate func copyPixels(to other: ByteView) {
    for block in 0..<layout.blockCount {
      for row in 0..<layout.height {
        other.row(row, block: block)
          .update(from: self.row(row, block: block), count: layout.width * ActivationLayout.block)
      }
    }
  }

  /// The first pixel of a row of a block.
  private func row(_ row: Int, block: Int) -> UnsafeMutablePointer<UInt8> {
    let halo = layout.halo
    let columns = halo.left + layout.width + halo.right
    let rows = block * (halo.top + layout.height + halo.bottom) + halo.top + row
    return base + (rows * columns + halo.left) * ActivationLayout.block
  }
}

extension Tensor {
  /// The int16 matrix with rows and columns exchanged.
  fileprivate func transposedMatrix() -> Tensor {
    let (rows, columns) = (shape[0], shape[1])
    let result = Tensor(uninitialized: dtype, [columns, rows])
    withElements(of: Int16.self) { from in
      result.withMutableElements(of: Int16.self) { to in
        for row in 0..<rows {
          for column in 0..<columns { to[column * rows + row] = from[row * columns + column] }
        }
      }
    }
    return result
  }
}

extension WindowAxis {
  /// Whether no window lies wholly in the padding.
  fileprivate var everyWindowMeetsInput: Bool {
    (0..<output).allSatisfy { place in
      (0..<kernel).contains { (0..<input).contains(place * stride + $0 * dilation - padBegin) }
    }
  }
}
