import Faults
import Graphs
import Kernels
import Tensors

/// A convolution that a kernel over planes can compute.
struct LowerableConvolution {
  let input: ValueID
  let weight: ValueID
  let bias: ValueID?
  let geometry: ConvolutionGeometry
  /// The zeros the input needs around it.
  let halo: Halo
  /// Extents of the output's planes.
  let output: (height: Int, width: Int)

  /// Products of one image, summed directly.
  var multiplications: Int {
    let taps = geometry.kernelHeight * geometry.kernelWidth
    return output.height * output.width * geometry.outputChannels
      * (geometry.inputChannels / geometry.groups) * taps
  }
}

extension Lowering {
  /// The convolution of a node, when it is two-dimensional over planes with constant weights.
  func convolution(_ node: Node) -> LowerableConvolution? {
    guard let conv = node.op as? Conv, node.inputs.count >= 2, let input = node.inputs[0],
      let weight = node.inputs[1], graph.isPlanes(input), graph.floats(weight) != nil,
      let (geometry, halo) = planeGeometry(
        conv, input: graph.knownType(input).shape, weight: graph.knownType(weight).shape)
    else { return nil }
    let bias = node.inputs.count > 2 ? node.inputs[2] : nil
    if bias != nil, graph.floats(bias) == nil { return nil }
    let output = graph.knownType(node.outputs[0]).shape
    return LowerableConvolution(
      input: input, weight: weight, bias: bias, geometry: geometry, halo: halo,
      output: (output[2], output[3]))
  }

  /// How a convolution of planes in blocks is summed, from its shape and the options alone.
  ///
  /// Fewer products of float32 beat as many of bf16.
  func algorithm(
    _ geometry: ConvolutionGeometry, output: (height: Int, width: Int)
  ) -> ConvolutionKernel.Algorithm {
    if numerics == .fast, ConvolutionKernel.fastest(geometry, output: output) == .winograd {
      return .winograd
    }
    return roundsToBF16 && ConvolutionKernel.supportsBF16(geometry) ? .bf16 : .direct
  }

  /// The geometry of a two-dimensional convolution, with the halo its input needs.
  func planeGeometry(
    _ conv: Conv, input: Shape, weight: Shape
  ) -> (geometry: ConvolutionGeometry, halo: Halo)? {
    guard let resolved = try? conv.geometry(input: input, weight: weight),
      resolved.window.axes.count == 2
    else { return nil }
    let (rows, columns) = (resolved.window.axes[0], resolved.window.axes[1])
    let geometry = ConvolutionGeometry(
      inputChannels: resolved.inputChannels, outputChannels: resolved.outputChannels,
      groups: resolved.group, kernel: (rows.kernel, columns.kernel),
      strides: (rows.stride, columns.stride), dilations: (rows.dilation, columns.dilation),
      padTop: rows.padBegin, padLeft: columns.padBegin)
    guard ConvolutionKernel.isSupported(geometry) else { return nil }
    let halo = geometry.requiredHalo(
      input: (rows.input, columns.input), output: (rows.output, columns.output))
    return (geometry, halo)
  }

  /// Emits a convolution with what is fused to it.
  mutating func lowerConvolution(_ fusion: Fusion) {
    let node = graph.nodes[fusion.root]
    guard let convolution = convolution(node) else { return lowerMatrix(fusion) }
    let isPlanar =
      exists(convolution.input, .planar)
      && ConvolutionKernel.isSupported(convolution.geometry, source: .planar)
    let source = ConvolutionKernel.Source(isPlanar: isPlanar)
    let algorithm =
      isPlanar ? .direct : algorithm(convolution.geometry, output: convolution.output)
    let input = want(convolution.input, isPlanar ? .planar : .blocked)
    let residual = fusion.residual.map { want($0, .blocked) }
    let output = Form(value: fusion.output, layout: .blocked)
    let (graph, kernels, activation) = (graph, kernels, fusion.activation)
    emit(
      Operation(
        inputs: [input] + (residual.map { [$0] } ?? []), outputs: [output],
        halos: [convolution.halo] + (residual == nil ? [] : [.none]),
        sharing: residual == nil ? .none : .inPlace(input: 1),
        scratchFloats: ConvolutionKernel.scratchFloatCount(
          convolution.geometry, algorithm: algorithm)
      ) { (bindings) throws(Fault) in
        let kernel = ConvolutionKernel(
          convolution, graph: graph, activation: activation, source: source,
          algorithm: algorithm, kernels: kernels)
        let scratch =
          algorithm == .winograd
          ? bindings.place(Form(value: output.value, layout: .scratch)) : nil
        let (from, to) = (bindings.planes(input), bindings.planes(output))
        let addend = residual.map { bindings.planes($0) }
        return Step(dividing: .multiplications(convolution.multiplications)) {
          (images, arena, share) throws(Fault) in
          let first = images.lowerBound
          if isPlanar {
            kernel.run(
              input: from.planar(arena, first), output: to.view(arena, first),
              residual: addend?.view(arena, first), images: images.count, share: share)
          } else {
            kernel.run(
              input: from.view(arena, first), output: to.view(arena, first),
              residual: addend?.view(arena, first), images: images.count,
              scratch: scratch.map { arena.scratch($0, share) }, share: share)
          }
        }
      })
  }
}

extension ConvolutionKernel.Source {
  fileprivate init(isPlanar: Bool) {
    self = isPlanar ? .planar : .blocked
  }
}

extension ConvolutionKernel {
  convenience init(
    _ convolution: LowerableConvolution, graph: Graph, activation: FusedActivation,
    source: Source, algorithm: Algorithm, kernels: BlockedKernels
  ) {
    guard let weight = graph.floats(convolution.weight) else {
      preconditionFailure("the weights of a lowered convolution are constant")
    }
    let bias = graph.floats(convolution.bias)
    defer { withExtendedLifetime((weight, bias)) {} }
    self.init(
      convolution.geometry, weights: weight.floatBuffer, bias: bias?.floatBuffer,
      activation: activation, source: source, algorithm: algorithm, kernels: kernels)
  }
}

extension Tensor {
  /// The elements of an aligned float32 tensor; valid while the tensor is kept alive.
  var floatBuffer: UnsafeBufferPointer<Float> {
    precondition(dtype == .float32 && isAligned)
    return UnsafeBufferPointer(
      start: base.assumingMemoryBound(to: Float.self), count: elementCount)
  }
}
