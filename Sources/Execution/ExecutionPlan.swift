import Faults
import Graphs
import Kernels
import Tensors
import Workers

/// A graph compiled for one sample: kernels with packed weights, and who shares memory with whom.
///
/// Immutable, so that workers share it. Every image of a batch is a sample of its own: no step mixes
/// images, and no kernel's arithmetic depends on how many there are.
final class ExecutionPlan: Sendable {
  let graph: Graph
  let input: Form
  private let bindings: Bindings
  private let early: Schedule
  private let late: Schedule
  private let slots: [Slot]

  /// Compiles the graph.
  /// - Parameters:
  ///   - graph: specialised, with one input.
  ///   - results: values that are read after a run.
  init(
    _ graph: Graph, results: [ValueID], kernels: BlockedKernels, numerics: Numerics,
    roundsToBF16: Bool
  ) throws(Fault) {
    guard graph.inputs.count == 1, let value = graph.inputs.first?.value else {
      throw Fault(
        .modelInvalid,
        "the model has \(graph.inputs.count) inputs: an image classifier has exactly one")
    }
    let input = Form(value: value, layout: Self.inputLayout(of: value, in: graph))
    var lowering = Lowering(
      graph: graph, keep: Set(results), kernels: kernels, numerics: numerics,
      roundsToBF16: roundsToBF16)
    lowering.run(inputs: [input])
    let operations = lowering.operations
    let split = Self.split(operations, graph)
    let assignment = SlotAssignment(
      operations: operations, inputs: [input],
      results: results.filter { graph[$0].constant == nil }
        .map { Form(value: $0, layout: .plain) },
      split: split, types: graph.knownType)
    let bindings = Bindings(graph: graph, places: assignment.places, halos: assignment.halos)
    let grids = lowering.grids
    var steps: (early: [Step], late: [Step]) = ([], [])
    for (index, operation) in operations.enumerated() {
      guard let step = try operation.makeStep(bindings) else { continue }
      let halos = Self.haloSteps(operation, bindings, kernels, grids)
      if index < split {
        steps.early += halos + [step]
      } else {
        steps.late += halos + [step]
      }
    }
    self.graph = graph
    self.input = input
    self.bindings = bindings
    self.early = Schedule(steps.early)
    self.late = Schedule(steps.late)
    self.slots = assignment.slots
  }

  /// The memory layout for a batch that several threads may compute together.
  func arenaLayout(batch: Int, threads: Int) -> ArenaLayout {
    ArenaLayout(slots: slots, batch: batch, threads: threads)
  }

  /// Computes the results of the images whose inputs lie in the arena.
  ///
  /// The early steps, whose activations are large, run image by image to stay in cache; the late
  /// ones, whose weights are large, on all images together.
  /// - Parameter team: threads that divide each step; which one computes a number does not change it.
  func run(images: Int, in arena: Arena, team: Team? = nil) throws(Fault) {
    guard let team, team.count > 1 else {
      for image in 0..<images {
        for step in early.steps { try step.run(image..<image + 1, arena, .whole) }
      }
      for step in late.steps { try step.run(0..<images, arena, .whole) }
      return
    }
    // Safety: the threads write disjoint parts of the arena between two meetings.
    nonisolated(unsafe) let arena = arena
    let failure = Monitor<Fault?>(nil)
    team.run { [self] index in
      let member = Member(team: team, index: index, arena: arena, failure: failure)
      for image in 0..<images { member.run(early, image..<image + 1) }
      member.run(late, 0..<images)
    }
    if let fault = failure.withLock({ $0 }) { throw fault }
  }

  /// Where the planes of the input image are written.
  var inputPlanes: PlanesAt { bindings.planes(input) }

  /// The place and type of a result.
  func result(_ value: ValueID) -> (place: Place, type: TensorType) {
    let form = Form(value: value, layout: .plain)
    return (bindings.place(form), graph.knownType(value))
  }

  /// Planar when convolutions of a whole image are all that reads the input, else plain.
  private static func inputLayout(of value: ValueID, in graph: Graph) -> Layout {
    guard graph.isPlanes(value), graph.knownType(value).shape[1] <= 4 else { return .plain }
    let readers = graph.consumers()[value.index].map { graph.nodes[$0] }
    let areConvolutions = readers.allSatisfy { node in
      (node.op as? Conv)?.group == 1 && node.inputs[0] == value
    }
    return areConvolutions && !readers.isEmpty ? .planar : .plain
  }

  /// The first operation after which planes stay small enough for a batch to share the cache.
  private static func split(_ operations: [Operation], _ graph: Graph) -> Int {
    let largest = operations.lastIndex { operation in
      operation.outputs.contains { form in
        guard form.layout == .blocked || form.layout == .bytes,
          let planes = graph.knownType(form.value).shape.bytePlanes
        else { return false }
        return planes.height * planes.width > imageByImagePixels
      }
    }
    return largest.map { $0 + 1 } ?? 0
  }

  /// Planes of more pixels than this are computed image by image.
  private static let imageByImagePixels = 14 * 14

  /// Steps that zero the halos of what an operation writes, unless it overwrites an input, whose halo
  /// is zero already.
  private static func haloSteps(
    _ operation: Operation, _ bindings: Bindings, _ kernels: BlockedKernels,
    _ grids: [ValueID: QuantizationGrid]
  ) -> [Step] {
    operation.outputs.compactMap { output in
      var overwrites = false
      if case .inPlace(let position) = operation.sharing {
        overwrites = bindings.coincide(operation.inputs[position], output)
      }
      if output.layout == .bytes, let grid = grids[output.value] {
        let (bytes, kernels) = (bindings.bytes(output), kernels.bytes)
        guard bytes.layout.halo != .none, !overwrites else { return nil }
        return Step(isAside: true) { (images, arena) throws(Fault) in
          kernels.fillHalo(
            bytes.view(arena, images.lowerBound), grid: grid, images: images.count)
        }
      }
      guard output.layout == .blocked else { return nil }
      let planes = bindings.planes(output)
      guard planes.layout.halo != .none, !overwrites else { return nil }
      return Step(isAside: true) { (images, arena) throws(Fault) in
        kernels.zeroHalo(planes.view(arena, images.lowerBound), images: images.count)
      }
    }
  }
}
