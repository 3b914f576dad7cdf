import InfercamTestSupport
import Kernels
import Testing

struct WinogradKernelTests {
  static let cases: [BlockedConvolutionCase] = [
    .init(channels: (16, 16), size: (4, 4)),
    .init(channels: (16, 32), size: (7, 7), images: 8),
    .init(channels: (17, 33), size: (6, 15), images: 3),
    .init(channels: (64, 48), size: (14, 14), images: 3),
    .init(channels: (24, 16), size: (5, 13), images: 9),
    .init(channels: (16, 16), size: (2, 3), images: 90),
    .init(channels: (40, 24), size: (13, 5)),
    .init(channels: (1, 5), size: (9, 1)),
    .init(channels: (3, 64), size: (1, 30)),
    .init(channels: (32, 16), size: (8, 12), pads: (0, 0, 0, 0), images: 2),
    .init(channels: (20, 16), size: (9, 10), pads: (2, 0, 1, 2)),
    .init(channels: (24, 80), size: (3, 3), pads: (4, 4, 3, 3), images: 2),
    .init(
      channels: (48, 64), size: (10, 29), extraHalo: .init(top: 2, left: 3, bottom: 4, right: 1)),
    .init(channels: (130, 32), size: (30, 31), images: 2),
    .init(channels: (272, 16), size: (8, 8), images: 4),
    .init(channels: (600, 40), size: (7, 7), images: 5),
  ].map { (convolution: BlockedConvolutionCase) in
    var convolution = convolution
    convolution.algorithm = .winograd
    return convolution
  }

  @Test(arguments: InstructionSet.available, cases)
  func `tiles of 4x4 equal the direct sum`(
    set: InstructionSet, convolution: BlockedConvolutionCase
  ) throws {
    convolution.check(try set.kernels, largest: 3e-5, rms: 3e-6)
  }

  @Test(arguments: InstructionSet.available, 0..<12)
  func `random shapes equal the direct sum`(set: InstructionSet, seed: Int) throws {
    var random = SeededTensors(seed: UInt64(seed))
    let pads = (0..<4).map { _ in random.integer(in: 0...2) }
    let convolution = BlockedConvolutionCase(
      channels: (random.integer(in: 1...90), random.integer(in: 1...90)),
      size: (random.integer(in: 3...20), random.integer(in: 3...20)),
      pads: (pads[0], pads[1], pads[2], pads[3]), images: [1, 3, 8][seed % 3],
      extraHalo: Halo(
        top: random.integer(in: 0...1), left: random.integer(in: 0...2),
        bottom: random.integer(in: 0...2), right: random.integer(in: 0...1)),
      algorithm: .winograd)
    convolution.check(try set.kernels, limit: 600, largest: 3e-5, rms: 3e-6)
  }

  /// The values of rectified activations and of weights that keep their variance, as in networks.
  @Test(arguments: InstructionSet.available, [64, 256, 512])
  func `the rounding error stays near that of the direct sum`(
    set: InstructionSet, channels: Int
  ) throws {
    var errors: [ErrorMeter] = []
    for algorithm in [ConvolutionKernel.Algorithm.direct, .winograd] {
      let convolution = BlockedConvolutionCase(
        channels: (channels, 32), size: (12, 12), algorithm: algorithm)
      let input = BlockedActivations(
        random: convolution.inputLayout, images: 1, seed: 3, in: 0...1)
      let output = BlockedActivations(convolution.outputLayout, images: 1)
      convolution.run(
        convolution.makeKernel(try set.kernels), input.view, output.view, images: 1)
      var error = ErrorMeter()
      let (weights, bias) = (convolution.weights, convolution.bias)
      for position in output.positions(limit: 2000) {
        error.add(
          output[0, position.c, position.y, position.x],
          convolution.reference(
            weights: weights, bias: bias, at: position, input: input.padded))
      }
      errors.append(error)
    }
    #expect(errors[1].largest < 1.5e-5 && errors[1].rms < 2.5e-6)
    #expect(errors[1].rms < 12 * errors[0].rms)
  }

  @Test func `the algorithm follows from the shape of the layer`() {
    func fastest(
      _ input: Int, _ output: Int, _ side: Int,
      _ change: (inout ConvolutionGeometry) -> Void = { _ in }
    ) -> ConvolutionKernel.Algorithm {
      var geometry = ConvolutionGeometry(
        inputChannels: input, outputChannels: output, kernel: (3, 3), padTop: 1, padLeft: 1)
      change(&geometry)
      return ConvolutionKernel.fastest(geometry, output: (side, side))
    }
    for (channels, side) in [(16, 56), (64, 28), (256, 14), (512, 7), (48, 13)] {
      #expect(fastest(channels, channels, side) == .winograd)
    }
    #expect(fastest(3, 64, 112) == .direct && fastest(64, 8, 112) == .direct)
    #expect(fastest(64, 64, 3) == .direct && fastest(64, 64, 4) == .winograd)
    #expect(fastest(64, 64, 28) { $0.strideHeight = 2 } == .direct)
    #expect(fastest(64, 64, 28) { $0.dilationWidth = 2 } == .direct)
    #expect(fastest(64, 64, 28) { $0.groups = 2 } == .direct)
    #expect(fastest(64, 64, 28) { $0.kernelWidth = 1 } == .direct)
  }
}
