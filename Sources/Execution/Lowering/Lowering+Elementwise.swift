import Faults
import Graphs
import Kernels
import Tensors

/// An elementwise operation of two values.
struct LowerableBinary {
  enum Operands {
    /// Two values of one shape.
    case alike(ValueID, ValueID)
    /// Planes and one number per channel: a constant, or a value [1, C, 1, 1].
    case perChannel(ValueID, ValueID)
    /// Rows and one constant number per column.
    case perColumn(ValueID, ValueID)
  }

  let operation: BinaryOperation
  let operands: Operands
}

extension Lowering {
  /// The elementwise operation of a node, when a kernel computes it.
  func binary(_ node: Node) -> LowerableBinary? {
    guard let operation = BinaryOperation(node.op), node.inputs.count == 2,
      let a = node.inputs[0], let b = node.inputs[1],
      graph.knownType(a).dtype == .float32
    else { return nil }
    let (isConstantA, isConstantB) = (graph[a].constant != nil, graph[b].constant != nil)
    if !isConstantA, !isConstantB, graph.knownType(a) == graph.knownType(b) {
      let needsPlain = operation == .divide
      if needsPlain, graph.isPlanes(a) { return nil }
      return LowerableBinary(operation: operation, operands: .alike(a, b))
    }
    let isCommutative = operation == .add || operation == .multiply
    guard isCommutative || operation == .subtract else { return nil }
    for (x, y) in isCommutative ? [(a, b), (b, a)] : [(a, b)] where graph[x].constant == nil {
      if operation == .subtract, graph[y].constant == nil { continue }
      if isPerChannel(y, of: x) {
        return LowerableBinary(operation: operation, operands: .perChannel(x, y))
      }
      if isPerColumn(y, of: x) {
        return LowerableBinary(operation: operation, operands: .perColumn(x, y))
      }
    }
    return nil
  }

  private func isPerChannel(_ vector: ValueID, of planes: ValueID) -> Bool {
    guard graph.isPlanes(planes), graph.knownType(vector).dtype == .float32 else { return false }
    let channels = graph.knownType(planes).shape[1]
    let shape = graph.knownType(vector).shape
    if graph[vector].constant != nil, shape.elementCount == 1 { return shape.rank <= 4 }
    let expected: [Shape] = [[1, channels, 1, 1], [channels, 1, 1]]
    return expected.contains(shape)
  }

  private func isPerColumn(_ vector: ValueID, of rows: ValueID) -> Bool {
    guard !graph.isPlanes(rows), graph[vector].constant != nil else { return false }
    let (shape, extents) = (graph.knownType(rows).shape, graph.knownType(vector).shape)
    guard let columns = shape.dimensions.last, extents.rank <= shape.rank,
      graph.floats(vector) != nil, shape.elementCount > 0
    else { return false }
    return extents.elementCount == 1
      || (extents.elementCount == columns && extents.dimensions.last == columns)
  }

  /// Emits an elementwise operation with the activation fused to it.
  mutating func lowerBinary(_ fusion: Fusion) {
    let node = graph.nodes[fusion.root]
    guard let binary = binary(node) else {
      preconditionFailure("\(node.name) was taken for an elementwise operation")
    }
    switch binary.operands {
    case .alike(let a, let b):
      let isBlocked = graph.isPlanes(a) && (exists(a, .blocked) || exists(b, .blocked))
      let layout: Layout = isBlocked ? .blocked : .plain
      emit(
        alike(
          binary.operation, want(a, layout), want(b, layout),
          Form(value: fusion.output, layout: layout), fusion.activation))
    case .perChannel(let planes, let vector):
      let isConstant = graph[vector].constant != nil
      emit(
        perChannel(
          binary.operation, want(planes, .blocked),
          isConstant ? nil : want(vector, .plain), constant: graph.floats(vector),
          Form(value: fusion.output, layout: .blocked), fusion.activation))
    case .perColumn(let rows, let vector):
      guard let constant = graph.floats(vector) else { return }
      emit(
        perColumn(
          binary.operation, want(rows, .plain), constant,
          Form(value: fusion.output, layout: .plain), fusion.activation))
    }
  }

  private func alike(
    _ operation: BinaryOperation, _ a: Form, _ b: Form, _ output: Form,
    _ activation: FusedActivation
  ) -> Operation {
    let kernels = kernels
    return Operation(
      inputs: [a, b], outputs: [output], sharing: .inPlace(input: 0)
    ) { (bindings) throws(Fault) in
      if output.layout == .blocked {
        let (x, y, z) = (bindings.planes(a), bindings.planes(b), bindings.planes(output))
        return Step(dividing: .floats(x.layout.blockedImageFloats)) {
          (images, arena, share) throws(Fault) in
          let first = images.lowerBound
          kernels.binary(
            operation, x.view(arena, first), y.view(arena, first), output: z.view(arena, first),
            activation: activation, images: images.count, share: share)
        }
      }
      let (x, y, z) = (bindings.rows(a), bindings.rows(b), bindings.rows(output))
      return Step(dividing: .floats(x.rows * x.columns)) { (images, arena, share) throws(Fault) in
        for image in images {
          kernels.binary(
            operation, x.view(arena, image), y.view(arena, image), output: z.view(arena, image),
            activation: activation, share: share)
        }
      }
    }
  }

  private func perChannel(
    _ operation: BinaryOperation, _ planes: Form, _ vector: Form?,
    constant: Tensor?, _ output: Form, _ activation: FusedActivation
  ) -> Operation {
    let channels = graph.knownType(planes.value).shape[1]
    let numbers = constant.map { operation.applied(to: $0, count: channels) }
    let isScale = operation == .multiply
    let kernels = kernels
    return Operation(
      inputs: [planes] + (vector.map { [$0] } ?? []), outputs: [output],
      sharing: .inPlace(input: 0)
    ) { (bindings) throws(Fault) in
      let (x, z) = (bindings.planes(planes), bindings.planes(output))
      let place = vector.map { bindings.place($0) }
      return Step(dividing: .floats(x.layout.blockedImageFloats)) {
        (images, arena, share) throws(Fault) in
        let first = images.lowerBound
        let operand: ChannelVector
        if let place {
          operand = ChannelVector(
            base: arena.pointer(place, image: first), imageStride: arena.imageStride(place))
        } else if let numbers, let base = numbers.floatBuffer.baseAddress {
          operand = ChannelVector(base: base)
        } else {
          return
        }
        kernels.affine(
          x.view(arena, first), scale: isScale ? operand : nil, shift: isScale ? nil : operand,
          output: z.view(arena, first), activation: activation, images: images.count, share: share)
        withExtendedLifetime(numbers) {}
      }
    }
  }

  private func perColumn(
    _ operation: BinaryOperation, _ rows: Form, _ constant: Tensor,
    _ output: Form, _ activation: FusedActivation
  ) -> Operation {
    let columns = graph.knownType(rows.value).shape.dimensions.last ?? 1
    let numbers = operation.applied(to: constant, count: columns)
    let isScale = operation == .multiply
    let kernels = kernels
    return Operation(
      inputs: [rows], outputs: [output], sharing: .inPlace(input: 0)
    ) { (bindings) throws(Fault) in
      let (x, z) = (bindings.rows(rows), bindings.rows(output))
      return Step(dividing: .floats(x.rows * x.columns)) { (images, arena, share) throws(Fault) in
        let operand = numbers.floatBuffer.baseAddress
        for image in images {
          kernels.affine(
            x.view(arena, image), scale: isScale ? operand : nil, shift: isScale ? nil : operand,
            output: z.view(arena, image), activation: activation, share: share)
        }
        withExtendedLifetime(numbers) {}
      }
    }
  }
}

extension Lowering {
  /// The per-channel scale and shift of a BatchNormalization over planes.
  func normalization(_ node: Node) -> BatchNormalization? {
    guard let op = node.op as? BatchNormalization, node.inputs.count >= 5,
      let input = node.inputs[0], graph.isPlanes(input),
      node.inputs[1...4].allSatisfy({ graph.floats($0) != nil })
    else { return nil }
    return op
  }

  /// Emits a BatchNormalization with the activation fused to it.
  mutating func lowerNormalization(_ fusion: Fusion) {
    let node = graph.nodes[fusion.root]
    guard let op = normalization(node), let value = node.inputs[0],
      let gamma = graph.floats(node.inputs[1]), let beta = graph.floats(node.inputs[2]),
      let mean = graph.floats(node.inputs[3]), let variance = graph.floats(node.inputs[4])
    else { preconditionFailure("\(node.name) was taken for a normalisation") }
    var scales: [Float] = []
    var shifts: [Float] = []
    for channel in 0..<gamma.elementCount {
      let deviation = (Double(variance.floatBuffer[channel]) + Double(op.epsilon)).squareRoot()
      let scale = Double(gamma.floatBuffer[channel]) / deviation
      scales.append(Float(scale))
      shifts.append(
        Float(Double(beta.floatBuffer[channel]) - Double(mean.floatBuffer[channel]) * scale))
    }
    withExtendedLifetime((gamma, beta, mean, variance)) {}
    let (input, output) = (want(value, .blocked), Form(value: fusion.output, layout: .blocked))
    let (scale, shift) = (
      Tensor(scales, shape: [scales.count]), Tensor(shifts, shape: [shifts.count])
    )
    let (kernels, activation) = (kernels, fusion.activation)
    emit(
      Operation(
        inputs: [input], outputs: [output], sharing: .inPlace(input: 0)
      ) { (bindings) throws(Fault) in
        let (x, z) = (bindings.planes(input), bindings.planes(output))
        return Step(dividing: .floats(x.layout.blockedImageFloats)) {
          (images, arena, share) throws(Fault) in
          let first = images.lowerBound
          kernels.affine(
            x.view(arena, first),
            scale: scale.floatBuffer.baseAddress.map { ChannelVector(base: $0) },
            shift: shift.floatBuffer.baseAddress.map { ChannelVector(base: $0) },
            output: z.view(arena, first), activation: activation, images: images.count, share: share
          )
          withExtendedLifetime((scale, shift)) {}
        }
      })
  }

  /// Emits a bare activation; false when the node is none that a kernel computes.
  mutating func lowerActivation(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    guard let activation = FusedActivation(node, in: graph), let value = node.inputs[0],
      graph.knownType(value).dtype == .float32, graph[value].constant == nil,
      graph.knownType(value).shape.elementCount > 0
    else { return false }
    let isBlocked = graph.isPlanes(value) && exists(value, .blocked)
    let input = want(value, isBlocked ? .blocked : .plain)
    let output = Form(value: node.outputs[0], layout: input.layout)
    let kernels = kernels
    emit(
      Operation(
        inputs: [input], outputs: [output], sharing: .inPlace(input: 0)
      ) { (bindings) throws(Fault) in
        if isBlocked {
          let (x, z) = (bindings.planes(input), bindings.planes(output))
          return Step(dividing: .floats(x.layout.blockedImageFloats)) {
            (images, arena, share) throws(Fault) in
            let first = images.lowerBound
            kernels.affine(
              x.view(arena, first), output: z.view(arena, first), activation: activation,
              images: images.count, share: share)
          }
        }
        let (x, z) = (bindings.rows(input), bindings.rows(output))
        return Step(dividing: .floats(x.rows * x.columns)) { (images, arena, share) throws(Fault) in
          for image in images {
            kernels.activate(
              activation, x.view(arena, image), output: z.view(arena, image), share: share)
          }
        }
      })
    return true
  }
}

extension BinaryOperation {
  /// The kernel's operation for an ONNX operator.
  fileprivate init?(_ op: any Operator) {
    switch op {
    case is Add: self = .add
    case is Sub: self = .subtract
    case is Mul: self = .multiply
    case is Div: self = .divide
    case is Max: self = .maximum
    case is Min: self = .minimum
    default: return nil
    }
  }

  /// A constant operand spread over `count` numbers, negated for a subtraction.
  fileprivate func applied(to constant: Tensor, count: Int) -> Tensor {
    let numbers = constant.elements(of: Float.self)
    let spread = numbers.count == 1 ? [Float](repeating: numbers[0], count: count) : numbers
    return Tensor(self == .subtract ? spread.map { -$0 } : spread, shape: [count])
  }
}
