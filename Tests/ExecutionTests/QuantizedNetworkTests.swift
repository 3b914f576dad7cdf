import Execution
import Graphs
import InfercamTestSupport
import Tensors
import Testing

/// Networks of operators between roundings to 8-bit grids.
struct QuantizedNetworkTests {
  @Test(arguments: 0..<24)
  func `the plan has the integers of the reference functions, for any batch`(seed: Int) throws {
    var networks = RandomQuantizedNetworks(seed: UInt64(seed))
    let (graph, results) = try networks.make(blocks: 8)
    #expect(graph.nodes.contains { $0.op is QuantizedOperator })
    let fast = try Network(graph, results: results, kernels: .auto)
    let reference = try Network(graph, results: results, kernels: .blas)
    var random = SeededTensors(seed: 3)
    let images = (0..<3).map { _ in random.uniform(fast.inputShape, in: -2...2, of: Float.self) }
    let expected = try images.map { try run(reference, [$0], results)[0] }
    #expect(try run(fast, images, results) == expected)
    #expect(try images.map { try run(fast, [$0], results)[0] } == expected)
    // The inner values differ from image to image.
    #expect(Set(expected.map { $0[1] }).count > 1)
  }

  /// The results of each image.
  private func run(
    _ network: Network, _ images: [Tensor], _ results: [ValueID]
  ) throws -> [[[Float]]] {
    let workspace = network.makeWorkspace(maximumBatch: images.count)
    for (index, image) in images.enumerated() { workspace.setInput(image, image: index) }
    try network.run(images: images.count, in: workspace)
    return images.indices.map { image in
      results.map { workspace.result($0, image: image).elements(of: Float.self) }
    }
  }
}

/// Grows random networks of convolutions, additions and poolings between roundings.
private struct RandomQuantizedNetworks {
  private var random: SeededTensors
  private var builder = GraphBuilder()
  private var count = 0
  private var planes: [(value: ValueID, scale: Float, shape: Shape)] = []

  init(seed: UInt64) {
    random = SeededTensors(seed: seed)
  }

  /// A network prepared to run, its scores and an inner value.
  mutating func make(blocks: Int) throws -> (graph: Graph, results: [ValueID]) {
    let shape: Shape = [1, 3, random.integer(in: 9...20), random.integer(in: 9...30)]
    append(builder.input("image", shape), shape, scale: 0.016)
    convolve(channels: random.integer(in: 4...40), kernel: 3, stride: 1)
    for _ in 0..<blocks {
      switch random.integer(in: 0...6) {
      case 0, 1: convolve(channels: random.integer(in: 1...70), kernel: 1, stride: 1)
      case 2: convolve(channels: random.integer(in: 1...40), kernel: 3, stride: 2)
      case 3: convolve(channels: planes[planes.count - 1].shape[1], kernel: 3, isDepthwise: true)
      case 4: convolve(channels: planes[planes.count - 1].shape[1], kernel: 5, isDepthwise: true)
      case 5: add()
      default: pool()
      }
    }
    let kept = planes[random.integer(in: 1...planes.count - 1)].value
    let last = planes[planes.count - 1]
    append(node(GlobalAveragePool(), [last.value]), [1, last.shape[1], 1, 1], scale: last.scale)
    let rows = node(Flatten(), [planes[planes.count - 1].value])
    let scores = node(
      Gemm(transB: true), [rows, weights([10, last.shape[1]], scale: 0.01)])
    let output = rounded(scores, scale: last.scale * 0.3, zero: 128)
    let graph = try builder.finish(outputs: [output]).specialized(keep: [kept])
    return (graph.optimized(keep: [kept]), [output, kept])
  }

  private mutating func convolve(
    channels: Int, kernel: Int, stride: Int = 1, isDepthwise: Bool = false
  ) {
    let (value, scale, shape) = planes[planes.count - 1]
    guard shape[2] >= kernel, shape[3] >= kernel else { return }
    let pad = kernel / 2
    let group = isDepthwise ? shape[1] : 1
    let conv = Conv(
      kernelShape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad],
      group: group)
    let inputs = shape[1] / group
    let step: Float = 0.02 / Float(inputs * kernel * kernel).squareRoot()
    let bias = Tensor(
      (0..<channels).map { _ in Int32(random.integer(in: -3000...3000)) }, shape: [channels])
    let sums = builder.node(
      DequantizeLinear(),
      [constant(bias), constant(Tensor(scalar: scale * step))], output: unusedName())
    let output = node(
      conv, [value, weights([channels, inputs, kernel, kernel], scale: step), sums])
    let bounded = random.integer(in: 0...1) == 0 ? output : node(Relu(), [output])
    append(
      bounded, [1, channels, (shape[2] - 1) / stride + 1, (shape[3] - 1) / stride + 1],
      scale: scale * 0.9)
  }

  private mutating func add() {
    let (value, scale, shape) = planes[planes.count - 1]
    let others = planes.dropLast().filter { $0.shape == shape }
    guard let other = others.last else { return convolve(channels: shape[1], kernel: 1) }
    append(node(Add(), [value, other.value]), shape, scale: scale * 1.3)
  }

  private mutating func pool() {
    let (value, scale, shape) = planes[planes.count - 1]
    guard shape[2] >= 3, shape[3] >= 3 else { return }
    let pooled = node(MaxPool(kernelShape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1]), [value])
    planes.append((pooled, scale, [1, shape[1], (shape[2] - 1) / 2 + 1, (shape[3] - 1) / 2 + 1]))
  }

  private mutating func append(_ value: ValueID, _ shape: Shape, scale: Float) {
    let zero = UInt8(random.integer(in: 0...1) * 128)
    planes.append((rounded(value, scale: scale, zero: zero), scale, shape))
  }

  private mutating func rounded(_ value: ValueID, scale: Float, zero: UInt8) -> ValueID {
    let parameters = [constant(Tensor(scalar: scale)), constant(Tensor(scalar: zero))]
    return node(DequantizeLinear(), [node(QuantizeLinear(), [value] + parameters)] + parameters)
  }

  private mutating func weights(_ shape: Shape, scale: Float) -> ValueID {
    let isAsymmetric = random.integer(in: 0...3) == 0
    let integers = Tensor(
      (0..<shape.elementCount).map { _ in UInt8(random.integer(in: 0...255)) }, shape: shape)
    let zero = Tensor(scalar: UInt8(isAsymmetric ? 90 : 128))
    return node(
      DequantizeLinear(), [constant(integers), constant(Tensor(scalar: scale)), constant(zero)])
  }

  private mutating func node(_ op: any Operator, _ inputs: [ValueID]) -> ValueID {
    builder.node(op, inputs, output: unusedName())
  }

  private mutating func constant(_ tensor: Tensor) -> ValueID {
    builder.constant(unusedName(), tensor)
  }

  private mutating func unusedName() -> String {
    count += 1
    return "v\(count)"
  }
}
