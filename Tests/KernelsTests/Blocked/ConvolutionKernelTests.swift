import InfercamTestSupport
import Kernels
import Testing

struct ConvolutionKernelTests {
  static let dense: [BlockedConvolutionCase] = [
    .init(channels: (16, 16), size: (5, 7)),
    .init(channels: (1, 5), size: (9, 1)),
    .init(channels: (3, 16), size: (4, 13)),
    .init(channels: (5, 1), size: (3, 3), images: 3),
    .init(channels: (17, 24), size: (6, 15)),
    .init(channels: (24, 17), size: (7, 10), strides: (2, 2)),
    .init(channels: (32, 40), size: (8, 23), strides: (2, 1), pads: (1, 0, 1, 2)),
    .init(
      channels: (40, 48), size: (10, 29), extraHalo: .init(top: 2, left: 3, bottom: 4, right: 1)),
    .init(channels: (48, 64), size: (3, 50), dilations: (2, 3), pads: (2, 3, 2, 3), images: 2),
    .init(channels: (64, 112), size: (14, 14), kernel: (1, 1), pads: (0, 0, 0, 0), images: 3),
    .init(channels: (112, 144), size: (7, 7), kernel: (1, 1), pads: (0, 0, 0, 0), images: 8),
    .init(
      channels: (144, 24), size: (5, 6), kernel: (1, 1), pads: (0, 0, 0, 0),
      extraHalo: .init(top: 1, left: 1, bottom: 1, right: 1)),
    .init(channels: (64, 48), size: (9, 9), kernel: (1, 1), strides: (2, 2), pads: (0, 0, 0, 0)),
    .init(channels: (33, 20), size: (1, 1), kernel: (1, 1), pads: (0, 0, 0, 0), images: 19),
    .init(channels: (16, 32), size: (6, 6), kernel: (1, 1), pads: (1, 2, 1, 2)),
    .init(channels: (8, 8), size: (12, 12), kernel: (4, 4), strides: (4, 4), pads: (0, 0, 0, 0)),
    .init(channels: (20, 16), size: (9, 9), kernel: (1, 7), pads: (0, 3, 0, 3)),
    .init(channels: (20, 16), size: (9, 9), kernel: (7, 1), pads: (3, 0, 3, 0)),
    .init(channels: (3, 4), size: (40, 38), kernel: (32, 32), pads: (0, 0, 0, 0)),
    .init(channels: (256, 64), size: (30, 31), images: 2),
    .init(channels: (512, 32), size: (20, 400), kernel: (1, 1), pads: (0, 0, 0, 0)),
  ]

  @Test(arguments: InstructionSet.available, dense)
  func `a dense convolution equals the direct sum`(
    set: InstructionSet, convolution: BlockedConvolutionCase
  ) throws {
    convolution.check(try set.kernels)
  }

  static let grouped: [BlockedConvolutionCase] = [
    .init(channels: (32, 32), size: (6, 7), groups: 8),
    .init(channels: (64, 64), size: (5, 5), groups: 2),
    .init(channels: (96, 96), size: (5, 9), groups: 4, images: 2),
    .init(channels: (128, 128), size: (4, 7), groups: 32),
    .init(channels: (48, 72), size: (6, 6), strides: (2, 2), groups: 3),
    .init(channels: (40, 20), size: (6, 6), groups: 5),
    .init(channels: (58, 58), size: (6, 6), kernel: (1, 1), pads: (0, 0, 0, 0), groups: 2),
    .init(channels: (12, 24), size: (6, 6), groups: 12),
    .init(channels: (104, 104), size: (5, 17), groups: 13, images: 2),
    .init(channels: (48, 48), size: (9, 28), strides: (2, 2), groups: 24),
    .init(
      channels: (24, 24), size: (8, 11), kernel: (3, 2), dilations: (1, 2), pads: (1, 0, 1, 2),
      groups: 3, extraHalo: .init(top: 1, left: 0, bottom: 2, right: 1)),
    .init(channels: (20, 20), size: (6, 6), kernel: (5, 5), pads: (2, 2, 2, 2), groups: 5),
    .init(channels: (240, 240), size: (7, 7), groups: 10),
  ]

  @Test(arguments: InstructionSet.available, grouped)
  func `a grouped convolution reads only its group`(
    set: InstructionSet, convolution: BlockedConvolutionCase
  ) throws {
    convolution.check(try set.kernels)
  }

  static let depthwise: [BlockedConvolutionCase] =
    [3, 5, 7].flatMap { size in
      [1, 2].flatMap { stride in
        [(16, 1), (17, 7), (24, 14), (5, 50), (40, 23)].map { channels, width in
          BlockedConvolutionCase(
            channels: (channels, channels), size: (6, width), kernel: (size, size),
            strides: (stride, stride), pads: (size / 2, size / 2, size / 2, size / 2),
            groups: channels, images: channels == 16 ? 2 : 1,
            extraHalo: Halo(top: 0, left: stride - 1, bottom: 1, right: 2))
        }
      }
    } + [
      .init(channels: (24, 24), size: (9, 9), dilations: (2, 2), pads: (2, 2, 2, 2), groups: 24),
      .init(channels: (24, 24), size: (9, 9), strides: (1, 3), groups: 24),
      .init(channels: (32, 32), size: (9, 11), kernel: (1, 4), pads: (0, 1, 0, 2), groups: 32),
      .init(channels: (32, 32), size: (9, 11), kernel: (3, 3), strides: (2, 1), groups: 32),
      .init(
        channels: (20, 20), size: (8, 8), kernel: (3, 3), dilations: (2, 1), pads: (2, 1, 2, 1),
        groups: 20),
    ]

  @Test(arguments: InstructionSet.available, depthwise)
  func `a depthwise convolution equals the direct sum`(
    set: InstructionSet, convolution: BlockedConvolutionCase
  ) throws {
    convolution.check(try set.kernels)
  }

  static let planar: [BlockedConvolutionCase] = [
    .init(
      channels: (3, 64), size: (30, 31), kernel: (7, 7), strides: (2, 2), pads: (3, 3, 3, 3),
      images: 2),
    .init(channels: (3, 32), size: (32, 45), strides: (2, 2), pads: (0, 0, 1, 1)),
    .init(channels: (1, 24), size: (28, 28), kernel: (5, 5), pads: (2, 2, 2, 2), images: 3),
    .init(channels: (4, 17), size: (9, 14), dilations: (1, 2), pads: (1, 2, 1, 2)),
    .init(channels: (3, 96), size: (32, 32), kernel: (4, 4), strides: (4, 4), pads: (0, 0, 0, 0)),
    .init(
      channels: (3, 48), size: (64, 48), kernel: (16, 16), strides: (16, 16), pads: (0, 0, 0, 0)),
  ]

  @Test(arguments: InstructionSet.available, planar)
  func `planes convolve as blocks do`(set: InstructionSet, convolution: BlockedConvolutionCase)
    throws
  {
    let kernels = try set.kernels
    let layout = convolution.inputLayout
    let plain = randomFloats(
      convolution.images * layout.channels * layout.height * layout.width, seed: 3)
    let planes = GuardedFloats(count: convolution.images * layout.planarImageFloats)
    let input = PlanarView(base: planes.base, layout: layout)
    kernels.reorder(nchw: plain, to: input, images: convolution.images)
    let output = BlockedActivations(convolution.outputLayout, images: convolution.images)
    convolution.makeKernel(kernels, source: .planar).run(
      input: input, output: output.view, images: convolution.images)
    #expect(output.keepsHalo && planes.isIntact)
    let (weights, bias) = (convolution.weights, convolution.bias)
    var comparison = ErrorMeter()
    for position in output.positions(limit: 1500) {
      let reference = convolution.reference(weights: weights, bias: bias, at: position) {
        image, c, y, x in
        guard y >= 0, y < layout.height, x >= 0, x < layout.width else { return 0 }
        return Double(plain[((image * layout.channels + c) * layout.height + y) * layout.width + x])
      }
      comparison.add(output[position.image, position.c, position.y, position.x], reference)
    }
    #expect(comparison.largest < 1e-5 && comparison.rms < 2e-6)
  }

  @Test(arguments: [1, 6])
  func `no images are no work`(size: Int) {
    let convolution = BlockedConvolutionCase(
      channels: (16, 16), size: (size, size), kernel: (1, 1), pads: (0, 0, 0, 0))
    let input = BlockedActivations(random: convolution.inputLayout, images: 1, seed: 1)
    let output = BlockedActivations(convolution.outputLayout, images: 1)
    convolution.makeKernel(.best).run(input: input.view, output: output.view, images: 0)
    #expect(output[0, 3, 0, 0] == GuardedFloats.untouched)
  }

  @Test func `kernels that cannot be are refused`() {
    func isSupported(_ change: (inout ConvolutionGeometry) -> Void) -> Bool {
      var geometry = ConvolutionGeometry(inputChannels: 8, outputChannels: 8, kernel: (3, 3))
      change(&geometry)
      return ConvolutionKernel.isSupported(geometry)
    }
    #expect(isSupported { _ in })
    #expect(!isSupported { $0.groups = 3 })
    #expect(!isSupported { $0.groups = 0 })
    #expect(!isSupported { $0.kernelHeight = 1025 })
    #expect(!isSupported { $0.kernelWidth = .max })
    #expect(!isSupported { $0.padTop = -1 })
    #expect(!isSupported { $0.strideWidth = 0 })
    let grouped = ConvolutionGeometry(
      inputChannels: 8, outputChannels: 8, groups: 2, kernel: (3, 3))
    #expect(!ConvolutionKernel.isSupported(grouped, source: .planar))
  }
}
