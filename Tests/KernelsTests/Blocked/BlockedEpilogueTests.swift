import Kernels
import Testing

#if canImport(Glibc)
import Glibc
#endif

extension FusedActivation {
  static let examples: [FusedActivation] = [
    .none, .relu, .clip(low: -0.5, high: 6), .leakyRelu(alpha: 0.1), .sigmoid, .silu,
    .hardSigmoid(alpha: 0.2, beta: 0.5), .hardSwish, .gelu, .geluTanh, .tanh, .elu(alpha: 0.7),
  ]

  /// The function in double precision.
  func reference(_ x: Double) -> Double {
    switch self {
    case .none: x
    case .relu: max(x, 0)
    case .clip(let low, let high): min(max(x, Double(low)), Double(high))
    case .leakyRelu(let alpha): x < 0 ? Double(alpha) * x : x
    case .sigmoid: 1 / (1 + exp(-x))
    case .silu: x / (1 + exp(-x))
    case .hardSigmoid(let alpha, let beta): min(max(Double(alpha) * x + Double(beta), 0), 1)
    case .hardSwish: x * min(max(x / 6 + 0.5, 0), 1)
    case .gelu: x * 0.5 * erfc(-x / 2.0.squareRoot())
    case .geluTanh: x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .tanh: Glibc.tanh(x)
    case .elu(let alpha): x < 0 ? Double(alpha) * expm1(x) : x
    }
  }
}

extension FusedActivation {
  /// Straight lines cancel where they cross zero, GELU in its left tail.
  fileprivate var absoluteTolerance: Double {
    switch self {
    case .hardSigmoid, .hardSwish: 4e-7
    case .gelu: 1e-6
    case .geluTanh: 1e-9
    default: 1e-34
    }
  }
}

struct BlockedEpilogueTests {
  @Test(arguments: InstructionSet.available, FusedActivation.examples)
  func `an activation is accurate over its whole range`(
    set: InstructionSet, activation: FusedActivation
  ) throws {
    var inputs = (-4000...4000).map { Float($0) / 200 }
    for step in 0...1200 {
      let magnitude = Float(exp2(Double(step) / 10 - 110))
      inputs += [magnitude, -magnitude]
    }
    let input = GuardedFloats(inputs)
    let output = GuardedFloats(count: inputs.count)
    try set.kernels.activate(
      activation, RowsView(base: input.base, rows: 1, columns: inputs.count),
      output: RowsView(base: output.base, rows: 1, columns: inputs.count))
    #expect(output.isIntact)
    for (x, y) in zip(inputs, output.elements) {
      let reference = activation.reference(Double(x))
      let error = abs(Double(y) - reference)
      #expect(
        error <= 2e-6 * abs(reference) + activation.absoluteTolerance,
        "\(activation) of \(x) is \(y)")
    }
  }

  @Test(arguments: InstructionSet.available, FusedActivation.examples)
  func `an activation keeps NaN and bounds infinity`(
    set: InstructionSet, activation: FusedActivation
  ) throws {
    let input = GuardedFloats([.nan, .infinity, -.infinity, 1e30, -1e30, 0, -0.0])
    let output = GuardedFloats(count: 7)
    try set.kernels.activate(
      activation, RowsView(base: input.base, rows: 1, columns: 7),
      output: RowsView(base: output.base, rows: 1, columns: 7))
    let elements = output.elements
    #expect(elements[0].isNaN)
    #expect(elements[1] == Float(activation.reference(.infinity)))
    #expect(abs(elements[3] - Float(activation.reference(1e30))) <= 1e24)
    #expect(elements[4].isFinite && elements[5].isFinite && elements[6].isFinite)
  }

  static let convolutions: [BlockedConvolutionCase] = [
    .init(
      channels: (20, 40), size: (6, 17), extraHalo: .init(top: 1, left: 0, bottom: 2, right: 3)),
    .init(channels: (33, 24), size: (5, 5), kernel: (1, 1), pads: (0, 0, 0, 0), images: 2),
    .init(channels: (24, 24), size: (6, 19), strides: (2, 2), groups: 24),
    .init(channels: (40, 40), size: (5, 9), groups: 10),
    .init(channels: (24, 24), size: (6, 9), kernel: (2, 3), pads: (0, 1, 0, 1), groups: 24),
    .init(
      channels: (20, 40), size: (9, 7), images: 2,
      extraHalo: .init(top: 0, left: 2, bottom: 1, right: 1), algorithm: .winograd),
  ]

  static let orders: [(InstructionSet, Bool)] = InstructionSet.available.flatMap {
    [($0, false), ($0, true)]
  }

  @Test(arguments: orders, convolutions)
  func `residual and activation follow the chosen order`(
    order: (set: InstructionSet, activationFirst: Bool), convolution: BlockedConvolutionCase
  ) throws {
    for activation in FusedActivation.examples {
      let input = BlockedActivations(
        random: convolution.inputLayout, images: convolution.images, seed: 1)
      var layout = convolution.outputLayout
      layout.halo = Halo(top: 2, left: 1, bottom: 0, right: 1)
      let residual = BlockedActivations(random: layout, images: convolution.images, seed: 2)
      let output = BlockedActivations(convolution.outputLayout, images: convolution.images)
      let kernel = convolution.makeKernel(
        try order.set.kernels, activation: activation,
        activationBeforeResidual: order.activationFirst)
      convolution.run(
        kernel, input.view, output.view, residual: residual.view, images: convolution.images)
      #expect(output.keepsHalo)
      let (weights, bias) = (convolution.weights, convolution.bias)
      var comparison = ErrorMeter()
      for position in output.positions(limit: 200) {
        let sum = convolution.reference(
          weights: weights, bias: bias, at: position, input: input.padded)
        let added = Double(residual[position.image, position.c, position.y, position.x])
        let expected =
          order.activationFirst
          ? activation.reference(sum) + added : activation.reference(sum + added)
        comparison.add(output[position.image, position.c, position.y, position.x], expected)
      }
      #expect(comparison.largest < 2e-5, "\(activation)")
    }
  }

  @Test(
    arguments: InstructionSet.available, [ConvolutionKernel.Algorithm.direct, .winograd])
  func `the residual may be the output itself`(
    set: InstructionSet, algorithm: ConvolutionKernel.Algorithm
  ) throws {
    let convolution = BlockedConvolutionCase(
      channels: (16, 48), size: (5, 20), images: 2, algorithm: algorithm)
    let kernel = convolution.makeKernel(try set.kernels, activation: .relu)
    let input = BlockedActivations(random: convolution.inputLayout, images: 2, seed: 1)
    let residual = BlockedActivations(random: convolution.outputLayout, images: 2, seed: 2)
    let apart = BlockedActivations(convolution.outputLayout, images: 2)
    for output in [apart, residual] {
      convolution.run(kernel, input.view, output.view, residual: residual.view, images: 2)
    }
    #expect(apart.arena.hasBits(of: residual.arena))
  }
}
