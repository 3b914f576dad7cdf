public import Faults
public import Graphs
import Kernels
public import Tensors
import Workers

/// A classifier's graph made ready to run on batches of images.
///
/// Immutable, so that workers share it; each of them runs it on a workspace of its own.
public final class Network: Sendable {
  /// The graph that runs, specialised for one sample.
  public let graph: Graph
  /// The values that can be read after a run.
  public let results: [ValueID]
  private let plan: ExecutionPlan?
  private let executor: ReferenceExecutor?

  /// Compiles a graph.
  /// - Parameters:
  ///   - graph: specialised for one sample, with one float32 input [1, C, H, W].
  ///   - results: values that are read after a run.
  ///   - numerics: how the project's own kernels sum.
  ///   - precision: what they multiply.
  ///   - instructionSet: whose kernels `auto` takes, one of `MachineProfile.instructionSets`; `nil`
  ///     for the best.
  /// - Throws: `Fault` with code `model.invalid` when the graph has not exactly one such input,
  ///   `param.out_of_range` where the processor lacks the kernels.
  public init(
    _ graph: Graph, results: [ValueID], kernels: KernelChoice, numerics: Numerics = .fast,
    precision: Precision = .float32, instructionSet: String? = nil
  ) throws(Fault) {
    let own = try kernels.table(instructionSet, precision)
    guard graph.inputs.count == 1, let input = graph.inputs.first,
      graph.knownType(input.value).dtype == .float32
    else {
      throw Fault(
        .modelInvalid,
        "an image classifier has one float32 input, this model has \(graph.inputs.count) inputs")
    }
    self.graph = graph
    self.results = results
    if let own {
      self.plan = try ExecutionPlan(
        graph, results: results, kernels: own, numerics: numerics,
        roundsToBF16: precision == .bf16)
      self.executor = nil
    } else {
      self.plan = nil
      self.executor = ReferenceExecutor(graph)
    }
  }

  /// The shape of one sample's input, [1, C, H, W].
  public var inputShape: Shape { graph.knownType(graph.inputs[0].value).shape }

  /// Allocates the memory one worker needs for batches of up to `maximumBatch` images.
  /// - Parameter threads: how many threads work on each batch together, without effect on any bit of
  ///   the results; the reference functions take one.
  public func makeWorkspace(maximumBatch: Int, threads: Int = 1) -> Workspace {
    precondition(maximumBatch > 0 && threads > 0)
    if let plan {
      let arena = Arena(layout: plan.arenaLayout(batch: maximumBatch, threads: threads))
      return Workspace(
        self, .arena(arena, plan), maximumBatch, threads > 1 ? Team(threads: threads) : nil)
    }
    let inputs = (0..<maximumBatch).map { _ in Tensor(zeros: .float32, inputShape) }
    return Workspace(self, .tensors(inputs), maximumBatch)
  }

  /// Computes the results of the first `images` inputs of the workspace.
  public func run(images: Int, in workspace: Workspace) throws(Fault) {
    precondition(workspace.network === self && images <= workspace.maximumBatch)
    switch workspace.memory {
    case .arena(let arena, let plan):
      try plan.run(images: images, in: arena, team: workspace.team)
    case .tensors(let inputs):
      guard let executor else { return }
      var outputs: [[ValueID: Tensor]] = []
      for input in inputs.prefix(images) {
        outputs.append(
          try executor.run(inputs: [graph.inputs[0].value: input], keep: Set(results)))
      }
      workspace.outputs = outputs
    }
  }
}

/// The activations of one worker.
public final class Workspace {
  /// The largest batch it has room for.
  public let maximumBatch: Int
  let network: Network
  let memory: Memory
  let team: Team?
  var outputs: [[ValueID: Tensor]] = []

  enum Memory {
    case arena(Arena, ExecutionPlan)
    case tensors([Tensor])
  }

  init(_ network: Network, _ memory: Memory, _ maximumBatch: Int, _ team: Team? = nil) {
    self.network = network
    self.memory = memory
    self.maximumBatch = maximumBatch
    self.team = team
  }

  /// Bytes of activations.
  public var byteCount: Int {
    switch memory {
    case .arena(let arena, _): arena.storage.byteCount
    case .tensors(let inputs): inputs.reduce(0) { $0 + $1.byteCount }
    }
  }

  /// Where the input of an image is to be written; what lay there is zeroed.
  ///
  /// The pointer is valid until the workspace is released; the elements until the next run.
  public func inputTarget(image: Int) -> InputTarget {
    precondition(image < maximumBatch)
    switch memory {
    case .arena(let arena, let plan):
      let planes = plan.inputPlanes
      let base = arena.pointer(planes.place, image: image)
      let halo = plan.input.layout == .planar ? planes.layout.halo : .none
      let rowStride = halo.left + planes.layout.width + halo.right
      let planeStride = (halo.top + planes.layout.height + halo.bottom) * rowStride
      base.update(repeating: 0, count: planes.layout.channels * planeStride)
      return InputTarget(
        base: base + halo.top * rowStride + halo.left, planeStride: planeStride,
        rowStride: rowStride)
    case .tensors(let inputs):
      let shape = inputs[image].shape
      return InputTarget(
        base: inputs[image].base.assumingMemoryBound(to: Float.self),
        planeStride: shape[2] * shape[3], rowStride: shape[3])
    }
  }

  /// Writes a plain input tensor [1, C, H, W] or [C, H, W] for an image.
  public func setInput(_ tensor: Tensor, image: Int) {
    let shape = network.inputShape
    precondition(tensor.elementCount == shape.elementCount && tensor.dtype == .float32)
    let target = inputTarget(image: image)
    tensor.aligned().withElements(of: Float.self) { source in
      guard shape.rank == 4, let start = source.baseAddress else {
        for (index, value) in source.enumerated() { target.base[index] = value }
        return
      }
      for channel in 0..<shape[1] {
        for row in 0..<shape[2] {
          (target.base + channel * target.planeStride + row * target.rowStride)
            .update(from: start + (channel * shape[2] + row) * shape[3], count: shape[3])
        }
      }
    }
  }

  /// A result of the last run for one image; shares the workspace's memory until the next run.
  public func result(_ value: ValueID, image: Int) -> Tensor {
    if let constant = network.graph[value].constant { return constant.aligned() }
    switch memory {
    case .arena(let arena, let plan):
      let (place, type) = plan.result(value)
      return arena.tensor(place, type: type, image: image)
    case .tensors:
      guard image < outputs.count, let tensor = outputs[image][value] else {
        preconditionFailure("the workspace has no result for image \(image)")
      }
      return tensor
    }
  }
}

/// The planes of one input image in a workspace.
public struct InputTarget {
  /// The first pixel of the first channel.
  public let base: UnsafeMutablePointer<Float>
  /// Floats from one channel to the next.
  public let planeStride: Int
  /// Floats from one row to the next; pixels of a row lie side by side.
  public let rowStride: Int
}
