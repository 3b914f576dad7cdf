import Faults
import Graphs
import Kernels
import Tensors

/// Turns a specialised graph into operations: one kernel each, in the layouts the kernels want, with
/// reorders where layouts meet.
///
/// A node without a kernel of its own runs its reference function on plain tensors.
struct Lowering {
  let graph: Graph
  let keep: Set<ValueID>
  let kernels: BlockedKernels
  let numerics: Numerics
  /// Whether products are of bf16 where a kernel does that.
  let roundsToBF16: Bool
  let consumers: [[Int]]
  /// The grids of the values that may exist as bytes.
  let grids: [ValueID: QuantizationGrid]
  private(set) var operations: [Operation] = []
  /// The layouts in which each value exists so far.
  private var layouts: [ValueID: Set<Layout>] = [:]
  /// Nodes that an operation of another node computes.
  private var absorbed: Set<Int> = []

  init(
    graph: Graph, keep: Set<ValueID>, kernels: BlockedKernels, numerics: Numerics,
    roundsToBF16: Bool
  ) {
    self.graph = graph
    self.keep = keep.union(graph.outputs)
    self.kernels = kernels
    self.numerics = numerics
    self.roundsToBF16 = roundsToBF16
    self.consumers = graph.consumers()
    self.grids = graph.byteGrids().filter { graph.knownType($0.key).shape.bytePlanes != nil }
  }

  /// Lowers every node.
  /// - Parameter inputs: the layout each graph input is written in.
  mutating func run(inputs: [Form]) {
    for form in inputs { layouts[form.value, default: []].insert(form.layout) }
    let fusions = FusionFinder(graph: graph, keep: keep).find(
      isRoot: { [self] in isFusionRoot($0) }, takesResidual: { [self] in takesResidual($0) },
      biasCount: { [self] in $0.op is MatMul ? matrix($0)?.columns : nil })
    var atPosition: [Int: Fusion] = [:]
    for fusion in fusions.values {
      atPosition[fusion.position] = fusion
      absorbed.formUnion(fusion.nodes.filter { $0 != fusion.position })
    }
    let chains = stripChains(fusions)
    absorbed.formUnion(chains.values.flatMap(\.otherPositions))
    for index in graph.nodes.indices where !absorbed.contains(index) {
      if let chain = chains[index] {
        lowerStrips(chain)
      } else if let fusion = atPosition[index] {
        lower(fusion)
      } else {
        lower(node: index)
      }
    }
    for value in keep.sorted() where graph[value].constant == nil { want(value, .plain) }
  }

  /// Adds an operation whose inputs exist.
  mutating func emit(_ operation: Operation) {
    for form in operation.outputs { layouts[form.value, default: []].insert(form.layout) }
    operations.append(operation)
  }

  /// Marks nodes as computed by the operation of another node.
  mutating func absorb(_ nodes: [Int]) {
    absorbed.formUnion(nodes)
  }

  /// Whether the value exists in the layout already.
  func exists(_ value: ValueID, _ layout: Layout) -> Bool {
    layouts[value]?.contains(layout) ?? false
  }

  /// The form of a value in a layout; reorders it when it does not exist yet.
  @discardableResult
  mutating func want(_ value: ValueID, _ layout: Layout) -> Form {
    let form = Form(value: value, layout: layout)
    guard !exists(value, layout) else { return form }
    guard let source = source(of: value, for: layout) else {
      want(value, .plain)
      return want(value, layout)
    }
    emit(reorder(Form(value: value, layout: source), to: form))
    return form
  }

  /// The layout to reorder a value from, or `nil` when only plain elements could be.
  private func source(of value: ValueID, for layout: Layout) -> Layout? {
    let candidates: [Layout] =
      switch layout {
      case .plain: [.blocked, .bytes, .planar]
      case .blocked: [.bytes, .plain]
      case .bytes: [.blocked, .plain]
      case .planar: [.plain]
      case .scratch: []
      }
    return candidates.first { exists(value, $0) }
  }

  /// The only node that reads a value, unless the value must survive.
  func soleConsumer(of value: ValueID) -> Int? {
    guard !keep.contains(value), consumers[value.index].count == 1 else { return nil }
    return consumers[value.index][0]
  }

  private mutating func lower(_ fusion: Fusion) {
    let node = graph.nodes[fusion.root]
    switch node.op {
    case is Conv: lowerConvolution(fusion)
    case is Gemm, is MatMul: lowerMatrix(fusion)
    case is BatchNormalization: lowerNormalization(fusion)
    default: lowerBinary(fusion)
    }
  }

  private mutating func lower(node index: Int) {
    let lowered =
      lowerBytes(index) || lowerActivation(index) || lowerPooling(index) || lowerChannels(index)
      || lowerRows(index) || lowerView(index) || lowerQuantization(index)
    if !lowered { lowerReference(index) }
  }

  private func isFusionRoot(_ node: Node) -> Bool {
    convolution(node) != nil || matrix(node) != nil || normalization(node) != nil
      || binary(node) != nil
  }

  private func takesResidual(_ node: Node) -> Bool {
    convolution(node) != nil || matrix(node) != nil
  }
}
