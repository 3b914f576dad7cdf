import Execution
import Graphs
import InfercamTestSupport
import Tensors
import Testing

/// Inverted residual blocks, whose inner activations never exist as a whole.
struct StripTests {
  struct Block: CustomTestStringConvertible, Sendable {
    var size = (height: 40, width: 37)
    var channels = (input: 20, wide: 72, output: 24)
    var kernel = 3
    var stride = 1
    var dilation = 1
    /// Top, left, bottom, right.
    var pads = [1, 1, 1, 1]
    var projects = true
    var hasResidual = false
    /// Whether the block reads the image itself, by a convolution of 3x3 with stride 2.
    var isStem = false
    /// Whether the maximum is taken over the windows.
    var pools = false

    var testDescription: String {
      "\(channels) @\(size) k\(kernel) s\(stride) d\(dilation) \(pads)"
        + (projects ? "" : " without projection") + (hasResidual ? " residual" : "")
        + (isStem ? " stem" : "") + (pools ? " pooled" : "")
    }
  }

  static let blocks: [Block] = [
    Block(), Block(hasResidual: true), Block(stride: 2), Block(projects: false),
    Block(size: (15, 14), channels: (16, 400, 32), hasResidual: true),
    Block(size: (57, 20), kernel: 5, pads: [2, 2, 2, 2], projects: false),
    Block(size: (33, 44), kernel: 5, stride: 2, pads: [1, 2, 2, 1]),
    Block(size: (61, 30), kernel: 3, stride: 3, pads: [0, 0, 0, 0]),
    Block(size: (40, 40), kernel: 3, dilation: 2, pads: [2, 2, 2, 2]),
    Block(size: (50, 31), kernel: 7, pads: [3, 3, 3, 3], hasResidual: true),
    Block(size: (48, 30), kernel: 2, stride: 4, pads: [1, 1, 0, 0]),
    Block(size: (161, 120), channels: (3, 32, 16), isStem: true),
    Block(size: (150, 133), channels: (3, 40, 16), stride: 2, projects: false, isStem: true),
    Block(
      size: (161, 120), channels: (3, 64, 16), stride: 2, projects: false, isStem: true,
      pools: true),
    Block(
      size: (150, 133), channels: (3, 40, 16), stride: 2, pads: [0, 0, 1, 1], isStem: true,
      pools: true),
    Block(
      size: (140, 120), channels: (3, 40, 16), kernel: 2, stride: 2, pads: [0, 0, 0, 0],
      isStem: true, pools: true),
    Block(size: (41, 40), kernel: 5, pads: [2, 2, 2, 2], hasResidual: true, pools: true),
  ]

  @Test(arguments: blocks)
  func `strips have the bits of whole images`(block: Block) throws {
    let (graph, scores, inner) = try network(block)
    // Values that are read afterwards exist as a whole, so nothing is computed in strips.
    var random = SeededTensors(seed: 8)
    let fast = try Network(graph, results: scores, kernels: .auto)
    let images = (0..<3).map { _ in random.uniform(fast.inputShape, of: Float.self) }
    let strips = try fast.outputs(of: images, scores)
    let whole = try Network(graph, results: scores + inner, kernels: .auto)
      .outputs(of: images, scores)
    #expect(strips == whole)
    for threads in 2...4 {
      #expect(try fast.outputs(of: images, scores, threads: threads) == whole)
    }
    let reference = try Network(graph, results: scores, kernels: .blas)
      .outputs(of: images, scores)
    for (found, expected) in zip(strips, reference) {
      let scale = expected.map(abs).max() ?? 0
      let error = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
      #expect(scale > 0.01 && error <= 1e-5 * scale)
    }
  }

  @Test(arguments: [blocks[1], blocks[4], blocks[6], blocks[11]])
  func `strips need less memory than whole images`(block: Block) throws {
    let (graph, scores, inner) = try network(block)
    let strips = try Network(graph, results: scores, kernels: .auto)
    let whole = try Network(graph, results: scores + inner, kernels: .auto)
    let less = strips.makeWorkspace(maximumBatch: 1).byteCount
    let more = whole.makeWorkspace(maximumBatch: 1).byteCount
    #expect(less < more)
  }

  /// The block between an image and its mean, with the values that strips would not keep.
  private func network(
    _ block: Block
  ) throws -> (graph: Graph, results: [ValueID], inner: [ValueID]) {
    var random = SeededTensors(seed: 3)
    var builder = GraphBuilder()
    func weight(_ shape: Shape) -> ValueID {
      let bound = 1.7 / Double(shape.dimensions.dropFirst().reduce(1, *)).squareRoot()
      return builder.constant(
        "w\(random.integer(in: 0...1 << 40))",
        random.uniform(shape, in: -bound...bound, of: Float.self))
    }
    func bias(_ count: Int) -> ValueID {
      builder.constant(
        "b\(random.integer(in: 0...1 << 40))",
        random.uniform([count], in: 0.1...0.5, of: Float.self))
    }
    let (input, wide, output) = block.channels
    let image = builder.input(
      "image", [1, block.isStem ? 3 : 4, block.size.height, block.size.width])
    let before =
      block.isStem
      ? image
      : builder.node(
        Relu(),
        [
          builder.node(
            Conv(kernelShape: [1, 1]), [image, weight([input, 4, 1, 1]), bias(input)],
            output: "narrow")
        ], output: "before")
    let expand =
      block.isStem
      ? Conv(kernelShape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1])
      : Conv(kernelShape: [1, 1])
    let side = block.isStem ? 3 : 1
    let expanded = builder.node(
      Clip(min: 0, max: 6),
      [
        builder.node(
          expand, [before, weight([wide, input, side, side]), bias(wide)], output: "expand")
      ], output: "expanded")
    let sides = [block.kernel, block.kernel]
    let strides = [block.stride, block.stride]
    let filtered =
      block.pools
      ? builder.node(
        MaxPool(kernelShape: sides, strides: strides, pads: block.pads), [expanded],
        output: "filtered")
      : builder.node(
        Relu(),
        [
          builder.node(
            Conv(
              kernelShape: sides, strides: strides, pads: block.pads,
              dilations: [block.dilation, block.dilation], group: wide),
            [expanded, weight([wide, 1, block.kernel, block.kernel]), bias(wide)],
            output: "filter")
        ], output: "filtered")
    var last = filtered
    if block.projects {
      let target = block.hasResidual ? input : output
      last = builder.node(
        Conv(kernelShape: [1, 1]), [filtered, weight([target, wide, 1, 1]), bias(target)],
        output: "project")
      if block.hasResidual { last = builder.node(Add(), [last, before], output: "sum") }
    }
    // One more reader in blocks, so that the result lies as in a network.
    let scores = builder.node(GlobalAveragePool(), [last], output: "scores")
    let graph = try builder.finish(outputs: [scores, last]).specialized()
    return (graph, [scores, last], [expanded, filtered])
  }
}
