import Faults
import Graphs
import Kernels
import Tensors

extension Lowering {
  /// Emits a node that runs its reference function, image by image, on plain tensors.
  mutating func lowerReference(_ index: Int) {
    let node = graph.nodes[index]
    let values = node.inputs.compactMap(\.self)
    let inputs = Set(values.filter { graph[$0].constant == nil }).sorted()
      .map { want($0, .plain) }
    let outputs = node.outputs.map { Form(value: $0, layout: .plain) }
    var constants: [ValueID: Tensor] = [:]
    for value in values { constants[value] = graph[value].constant?.aligned() }
    let fixed = constants
    emit(
      Operation(inputs: inputs, outputs: outputs) { (bindings) throws(Fault) in
        let operands = node.inputs.map { value in
          value.map { id in
            ReferenceOperand(
              constant: fixed[id], type: bindings.type(id),
              place: fixed[id] == nil
                ? bindings.place(Form(value: id, layout: .plain)) : nil)
          }
        }
        let results = outputs.map { (place: bindings.place($0), type: bindings.type($0.value)) }
        if let stack = MatrixStack(node, operands: operands, results: results) {
          return stack.step
        }
        return Step { (images, arena) throws(Fault) in
          for image in images {
            do throws(Fault) {
              try node.op.evaluate(
                operands.map { $0?.tensor(arena, image) },
                into: results.map { arena.tensor($0.place, type: $0.type, image: image) })
            } catch {
              throw error.prefixed("node \(node.name)").adding("node", .string(node.name))
            }
          }
        }
      })
  }

  /// The copy of a value from one layout into another.
  func reorder(_ input: Form, to output: Form) -> Operation {
    if input.layout == .bytes || output.layout == .bytes {
      return byteReorder(input, to: output)
    }
    let kernels = kernels
    let plainRead = graph.knownType(input.value)
    return Operation(
      inputs: [input], outputs: [output], sharing: .view
    ) { (bindings) throws(Fault) in
      if bindings.coincide(input, output) { return nil }
      let (from, to) = (bindings.place(input), bindings.place(output))
      switch (input.layout, output.layout) {
      case (.plain, .blocked):
        let planes = bindings.planes(output)
        return Step(dividing: .floats(planes.layout.blockedImageFloats)) {
          (images, arena, share) throws(Fault) in
          for image in images {
            kernels.reorder(
              nchw: arena.pointer(from, image: image), to: planes.view(arena, image), images: 1,
              share: share)
          }
        }
      case (.plain, .planar):
        let planes = bindings.planes(output)
        return Step { (images, arena) throws(Fault) in
          for image in images {
            kernels.reorder(
              nchw: arena.pointer(from, image: image), to: planes.planar(arena, image), images: 1)
          }
        }
      case (.blocked, .plain):
        let planes = bindings.planes(input)
        return Step(dividing: .floats(planes.layout.blockedImageFloats)) {
          (images, arena, share) throws(Fault) in
          for image in images {
            kernels.reorder(
              planes.view(arena, image), toNCHW: arena.pointer(to, image: image), images: 1,
              share: share)
          }
        }
      case (.planar, .plain):
        let planes = bindings.planes(input)
        return Step { (images, arena) throws(Fault) in
          for image in images {
            planes.planar(arena, image).copyInterior(to: arena.pointer(to, image: image))
          }
        }
      default:
        preconditionFailure("no reorder of \(plainRead) \(input.layout) > \(output.layout)")
      }
    }
  }
}

/// An input of a reference function: a constant, or a plain value in the arena.
struct ReferenceOperand: Sendable {
  let constant: Tensor?
  let type: TensorType
  let place: Place?

  func tensor(_ arena: Arena, _ image: Int) -> Tensor? {
    constant ?? place.map { arena.tensor($0, type: type, image: image) }
  }
}

extension PlanarView {
  /// Writes the planes without their halo, [C, H, W].
  fileprivate func copyInterior(to target: UnsafeMutablePointer<Float>) {
    let halo = layout.halo
    let rowFloats = halo.left + layout.width + halo.right
    let planeFloats = (halo.top + layout.height + halo.bottom) * rowFloats
    for channel in 0..<layout.channels {
      for row in 0..<layout.height {
        let source = base + (channel * planeFloats + (halo.top + row) * rowFloats + halo.left)
        (target + (channel * layout.height + row) * layout.width)
          .update(from: source, count: layout.width)
      }
    }
  }
}
