import Faults
import Graphs
import Kernels
import Tensors

/// A convolution with a large output, the depthwise one or the pooling that reads it, and perhaps a
/// convolution of single pixels after that: an inverted residual block, or the stem of a network.
struct StripChain {
  enum Filter {
    case depthwise(Fusion)
    case maximum(node: Int)
  }

  let expand: Fusion
  let filter: Filter
  let project: Fusion?

  /// The node in whose place the chain is computed.
  var position: Int { project?.position ?? filterPosition }
  /// Where its other parts would have been.
  var otherPositions: [Int] {
    [expand.position] + (project == nil ? [] : [filterPosition])
  }

  private var filterPosition: Int {
    switch filter {
    case .depthwise(let fusion): fusion.position
    case .maximum(let node): node
    }
  }
}

extension Lowering {
  /// Finds the chains that are worth computing in strips of rows, by the position of their last node.
  ///
  /// The widened activations of a strip stay in the second-level cache; whole ones would not. From
  /// the shapes alone.
  func stripChains(_ fusions: [Int: Fusion]) -> [Int: StripChain] {
    var chains: [Int: StripChain] = [:]
    var taken: Set<Int> = []
    for root in fusions.keys.sorted() where !taken.contains(root) {
      guard let expand = fusions[root], expand.residual == nil,
        let wide = convolution(graph.nodes[root]), widens(wide),
        let next = soleConsumer(of: expand.output),
        let (filter, output) = stripFilter(next, of: expand.output, fusions)
      else { continue }
      var project: Fusion?
      if let last = soleConsumer(of: output), let fusion = fusions[last], fusion.root == last,
        let narrow = convolution(graph.nodes[last]), narrow.input == output,
        narrow.geometry.isPointwise
      {
        project = fusion
      }
      let chain = StripChain(expand: expand, filter: filter, project: project)
      chains[chain.position] = chain
      taken.formUnion([root, next])
      if let project { taken.insert(project.root) }
    }
    return chains
  }

  /// The node as the filter of a chain, and its output.
  private func stripFilter(
    _ index: Int, of value: ValueID, _ fusions: [Int: Fusion]
  ) -> (filter: StripChain.Filter, output: ValueID)? {
    let node = graph.nodes[index]
    if let fusion = fusions[index], let filter = convolution(node) {
      guard fusion.root == index, fusion.residual == nil, filter.input == value,
        filter.geometry.isDepthwise, filter.geometry.padTop < filter.geometry.kernelHeight
      else { return nil }
      return (.depthwise(fusion), fusion.output)
    }
    guard let windows = poolWindows(node) else { return nil }
    let height = graph.knownType(value).shape[2]
    guard windows.padTop < windows.reach,
      (windows.output.height - 1) * windows.stride - windows.padTop < height
    else { return nil }
    return (.maximum(node: index), node.outputs[0])
  }

  /// Whether the output of a convolution is too large for the cache, and its weights are not.
  private func widens(_ convolution: LowerableConvolution) -> Bool {
    let (geometry, output) = (convolution.geometry, convolution.output)
    let isStem = exists(convolution.input, .planar) && geometry.groups == 1
    // The last row of the output must begin inside the image.
    let height = graph.knownType(convolution.input).shape[2]
    guard isStem || geometry.isPointwise, output.height >= 14, output.width >= 14,
      (output.height - 1) * geometry.strideHeight < height
    else { return false }
    let bytes = 4 * geometry.outputChannels * output.height * output.width
    return bytes >= 256 << 10 && bytes >= 2 * 4 * geometry.inputChannels * geometry.outputChannels
  }

  private func poolWindows(_ node: Node) -> StripWindows? {
    guard let pool = node.op as? MaxPool, node.outputs.count == 1, let value = node.inputs[0],
      let window = try? pool.geometry(input: graph.knownType(value).shape),
      window.axes.count == 2
    else { return nil }
    let (rows, columns) = (window.axes[0], window.axes[1])
    return StripWindows(
      reach: (rows.kernel - 1) * rows.dilation + 1, stride: rows.stride, padTop: rows.padBegin,
      left: 0, right: 0, output: (rows.output, columns.output))
  }

  private func windows(of filter: StripChain.Filter) -> StripWindows {
    switch filter {
    case .depthwise(let fusion):
      guard let filter = convolution(graph.nodes[fusion.root]) else { break }
      let geometry = filter.geometry
      return StripWindows(
        reach: (geometry.kernelHeight - 1) * geometry.dilationHeight + 1,
        stride: geometry.strideHeight, padTop: geometry.padTop, left: filter.halo.left,
        right: filter.halo.right, output: filter.output)
    case .maximum(let node):
      guard let windows = poolWindows(graph.nodes[node]) else { break }
      return windows
    }
    preconditionFailure("the filter of a chain of strips has windows")
  }

  /// Emits a chain as one operation.
  mutating func lowerStrips(_ chain: StripChain) {
    guard let expand = convolution(graph.nodes[chain.expand.root]) else {
      preconditionFailure("a chain of strips begins with a convolution")
    }
    let isPlanar = exists(expand.input, .planar)
    let input = want(expand.input, isPlanar ? .planar : .blocked)
    let residual = (chain.project?.residual).map { want($0, .blocked) }
    let last =
      switch chain.filter {
      case .depthwise(let fusion): fusion.output
      case .maximum(let node): graph.nodes[node].outputs[0]
      }
    let output = Form(value: chain.project?.output ?? last, layout: .blocked)
    let shape = StripShape(
      wide: (expand.geometry.outputChannels, expand.output.height, expand.output.width),
      windows: windows(of: chain.filter), keepsNarrow: chain.project == nil)
    let lowering = self
    emit(
      Operation(
        inputs: [input] + (residual.map { [$0] } ?? []), outputs: [output],
        halos: [expand.halo] + (residual == nil ? [] : [.none]),
        sharing: residual == nil ? .none : .inPlace(input: 1), scratchFloats: shape.scratchFloats
      ) { (bindings) throws(Fault) in
        let strips = try lowering.stripConvolution(chain, shape, isPlanar: isPlanar)
        let (from, to) = (bindings.planes(input), bindings.planes(output))
        let addend = residual.map { bindings.planes($0) }
        let scratch = bindings.place(Form(value: output.value, layout: .scratch))
        return Step(dividing: .multiplications(.max)) { (images, arena, share) throws(Fault) in
          for image in images {
            strips.run(
              input: isPlanar
                ? .planar(from.planar(arena, image)) : .blocked(from.view(arena, image)),
              output: to.view(arena, image), residual: addend?.view(arena, image),
              scratch: arena.scratch(scratch, share), share: share)
          }
        }
      })
  }

  /// Packs the weights of a chain.
  private func stripConvolution(
    _ chain: StripChain, _ shape: StripShape, isPlanar: Bool
  ) throws(Fault) -> StripConvolution {
    func kernel(_ fusion: Fusion, isPlanar: Bool = false) -> ConvolutionKernel {
      guard let convolution = convolution(graph.nodes[fusion.root]) else {
        preconditionFailure("a fusion of a chain of strips is a convolution")
      }
      return ConvolutionKernel(
        convolution, graph: graph, activation: fusion.activation,
        source: isPlanar ? .planar : .blocked,
        algorithm: !isPlanar && convolution.geometry.isPointwise
          ? algorithm(convolution.geometry, output: convolution.output) : .direct,
        kernels: kernels)
    }
    let filter: StripConvolution.Filter
    switch chain.filter {
    case .depthwise(let fusion): filter = .depthwise(kernel(fusion))
    case .maximum(let node):
      guard let pool = graph.nodes[node].op as? MaxPool, let value = graph.nodes[node].inputs[0]
      else { preconditionFailure("\(graph.nodes[node].name) was taken for a pooling") }
      let window = try pool.geometry(input: graph.knownType(value).shape)
      filter = .maximum(PoolGeometry(window, countIncludePad: false))
    }
    return StripConvolution(
      expand: kernel(chain.expand, isPlanar: isPlanar), filter: filter,
      project: chain.project.map { kernel($0) }, shape: shape, kernels: kernels)
  }
}

extension ConvolutionGeometry {
  /// Whether it is a product of each pixel with one matrix.
  fileprivate var isPointwise: Bool {
    groups == 1 && kernelHeight == 1 && kernelWidth == 1 && strideHeight == 1 && strideWidth == 1
      && padTop == 0 && padLeft == 0
  }
}
