import Graphs
import InfercamTestSupport
import Tensors

/// Grows random convolutional networks of the building blocks that real ones are made of.
struct RandomNetworks {
  private var random: SeededTensors
  private var builder = GraphBuilder()
  private var count = 0
  /// Values that later blocks may read: planes, with their shape.
  private var planes: [(value: ValueID, shape: Shape)] = []

  init(seed: UInt64) {
    random = SeededTensors(seed: seed)
  }

  /// A network over a small RGB image, its scores and some of its inner values.
  mutating func make(blocks: Int) throws -> (graph: Graph, results: [ValueID]) {
    let side = random.integer(in: 9...33)
    let shape: Shape = [1, 3, side, side + random.integer(in: 0...5)]
    planes = [(builder.input("image", shape), shape)]
    convolve(channels: random.integer(in: 4...40), kernel: 3, stride: 1)
    for _ in 0..<blocks { addBlock() }
    let last = planes[planes.count - 1]
    let pooled = node(GlobalAveragePool(), [last.value])
    let rows = node(Flatten(), [pooled])
    let weight = constant([10, last.shape[1]])
    let scores = node(Gemm(transB: true), [rows, weight, constant([10])])
    var results = [scores]
    for _ in 0..<2 {
      let kept = planes[random.integer(in: 1...planes.count - 1)].value
      if !results.contains(kept) { results.append(kept) }
    }
    return (try builder.finish(outputs: [scores]).specialized(keep: Set(results)), results)
  }

  private mutating func addBlock() {
    switch random.integer(in: 0...11) {
    case 0, 1: convolve(channels: random.integer(in: 1...70), kernel: 1, stride: 1)
    case 2: convolve(channels: random.integer(in: 1...50), kernel: 3, stride: 1)
    case 3: convolve(channels: random.integer(in: 1...4) * 16, kernel: 3, stride: 2)
    case 4: convolveDepthwise()
    case 5: addResidual()
    case 6, 7: concatenate()
    case 8: split()
    case 9: pool()
    case 10: squeezeAndExcite()
    default: shuffle()
    }
  }

  private mutating func convolve(channels: Int, kernel: Int, stride: Int, group: Int = 1) {
    let (value, shape) = planes[planes.count - 1]
    guard shape[2] >= kernel, shape[3] >= kernel else { return }
    let pad = kernel / 2
    let weight = constant([channels, shape[1] / group, kernel, kernel])
    let conv = Conv(
      kernelShape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad],
      group: group)
    let output = node(conv, [value, weight, constant([channels])])
    let extents = [2, 3].map { (shape[$0] + 2 * pad - kernel) / stride + 1 }
    finish(output, [1, channels, extents[0], extents[1]])
  }

  private mutating func convolveDepthwise() {
    let channels = planes[planes.count - 1].shape[1]
    convolve(
      channels: channels, kernel: random.integer(in: 1...2) * 2 + 1, stride: 1, group: channels)
  }

  /// Adds an activation, or a normalisation, or nothing.
  private mutating func finish(_ value: ValueID, _ shape: Shape) {
    var value = value
    switch random.integer(in: 0...5) {
    case 0, 1: value = node(Relu(), [value])
    case 2: value = node(Clip(min: 0, max: 6), [value])
    case 3: value = node(Mul(), [value, node(Sigmoid(), [value])])
    case 4:
      let channels = shape[1]
      value = node(
        BatchNormalization(),
        [
          value, constant([channels]), constant([channels]), constant([channels]),
          constant([channels], in: 0.5...1.5),
        ])
    default: break
    }
    planes.append((value, shape))
  }

  private mutating func addResidual() {
    let (value, shape) = planes[planes.count - 1]
    guard let other = planes.dropLast().last(where: { $0.shape == shape }) else { return }
    finish(node(Add(), [value, other.value]), shape)
  }

  private mutating func concatenate() {
    let shape = planes[planes.count - 1].shape
    let alike = planes.suffix(6).filter { $0.shape[2] == shape[2] && $0.shape[3] == shape[3] }
    let channels = alike.reduce(0) { $0 + $1.shape[1] }
    guard channels < 400 else { return }
    let output = node(Concat(axis: 1), alike.map(\.value))
    planes.append((output, [1, channels, shape[2], shape[3]]))
  }

  private mutating func split() {
    let (value, shape) = planes[planes.count - 1]
    guard shape[1] > 2 else { return }
    let first = random.integer(in: 0...1) == 0 ? shape[1] / 2 : min(16, shape[1] - 1)
    count += 1
    let parts = builder.node(
      Split(axis: 1, split: [first, shape[1] - first], numOutputs: 2), [value],
      outputs: ["left\(count)", "right\(count)"], name: "split\(count)")
    planes.append((parts[0], [1, first, shape[2], shape[3]]))
    planes.append((parts[1], [1, shape[1] - first, shape[2], shape[3]]))
  }

  private mutating func pool() {
    let (value, shape) = planes[planes.count - 1]
    guard shape[2] >= 4, shape[3] >= 4 else { return }
    let pads = [1, 0, 0, 1]
    let op: any Operator =
      random.integer(in: 0...1) == 0
      ? MaxPool(kernelShape: [3, 3], strides: [2, 2], pads: pads)
      : AveragePool(
        kernelShape: [3, 3], strides: [1, 1], pads: pads,
        countIncludePad: random.integer(in: 0...1) == 0)
    let stride = op is MaxPool ? 2 : 1
    let extents = [2, 3].map { (shape[$0] + 1 - 3) / stride + 1 }
    planes.append((node(op, [value]), [1, shape[1], extents[0], extents[1]]))
  }

  private mutating func squeezeAndExcite() {
    let (value, shape) = planes[planes.count - 1]
    let pooled = node(GlobalAveragePool(), [value])
    let inner = random.integer(in: 1...20)
    let down = node(Conv(), [pooled, constant([inner, shape[1], 1, 1]), constant([inner])])
    let up = node(
      Conv(), [node(Relu(), [down]), constant([shape[1], inner, 1, 1]), constant([shape[1]])])
    planes.append((node(Mul(), [value, node(Sigmoid(), [up])]), shape))
  }

  private mutating func shuffle() {
    let (value, shape) = planes[planes.count - 1]
    guard shape[1] % 2 == 0 else { return }
    let grouped = ints([1, 2, shape[1] / 2, shape[2], shape[3]])
    let transposed = node(
      Transpose(perm: [0, 2, 1, 3, 4]), [node(Reshape(), [value, grouped])])
    planes.append((node(Reshape(), [transposed, ints(shape.dimensions)]), shape))
  }

  private mutating func node(_ op: any Operator, _ inputs: [ValueID]) -> ValueID {
    count += 1
    return builder.node(op, inputs, output: "v\(count)")
  }

  /// Weights that keep the magnitude of what passes through.
  private mutating func constant(
    _ shape: Shape, in range: ClosedRange<Double>? = nil
  ) -> ValueID {
    count += 1
    let fan = shape.rank > 1 ? shape.dimensions.dropFirst().reduce(1, *) : 1
    let bound = 1.7 / Double(fan).squareRoot()
    return builder.constant(
      "w\(count)", random.uniform(shape, in: range ?? -bound...bound, of: Float.self))
  }

  private mutating func ints(_ values: [Int]) -> ValueID {
    count += 1
    return builder.constant("i\(count)", Tensor(values.map(Int64.init), shape: [values.count]))
  }
}
