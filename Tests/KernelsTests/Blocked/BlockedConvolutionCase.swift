import Kernels
import Testing

/// A convolution with random weights and its reference in double precision.
struct BlockedConvolutionCase: CustomTestStringConvertible, Sendable {
  var channels: (input: Int, output: Int)
  var size: (height: Int, width: Int)
  var kernel: (height: Int, width: Int) = (3, 3)
  var strides: (height: Int, width: Int) = (1, 1)
  var dilations: (height: Int, width: Int) = (1, 1)
  /// Top, left, bottom, right.
  var pads: (Int, Int, Int, Int) = (1, 1, 1, 1)
  var groups = 1
  var images = 1
  /// Halo beyond what the padding needs, and around the output and the residual.
  var extraHalo = Halo.none
  var algorithm = ConvolutionKernel.Algorithm.direct

  var testDescription: String {
    "\(channels.input)>\(channels.output) g\(groups) \(kernel.height)x\(kernel.width) "
      + "s\(strides.height)x\(strides.width) d\(dilations.height)x\(dilations.width) "
      + "@\(size.height)x\(size.width) n\(images) \(algorithm)"
  }

  var outputSize: (height: Int, width: Int) {
    let height = size.height + pads.0 + pads.2 - (kernel.height - 1) * dilations.height - 1
    let width = size.width + pads.1 + pads.3 - (kernel.width - 1) * dilations.width - 1
    return (height / strides.height + 1, width / strides.width + 1)
  }

  var geometry: ConvolutionGeometry {
    ConvolutionGeometry(
      inputChannels: channels.input, outputChannels: channels.output, groups: groups,
      kernel: kernel, strides: strides, dilations: dilations, padTop: pads.0, padLeft: pads.1)
  }

  var inputLayout: ActivationLayout {
    let needed = geometry.requiredHalo(input: size, output: outputSize)
    return ActivationLayout(
      channels: channels.input, height: size.height, width: size.width,
      halo: Halo(
        top: needed.top + extraHalo.top, left: needed.left + extraHalo.left,
        bottom: needed.bottom + extraHalo.bottom, right: needed.right + extraHalo.right))
  }

  var outputLayout: ActivationLayout {
    ActivationLayout(
      channels: channels.output, height: outputSize.height, width: outputSize.width,
      halo: extraHalo)
  }

  var weights: [Float] {
    randomFloats(
      channels.output * (channels.input / groups) * kernel.height * kernel.width, seed: 11)
  }

  var bias: [Float] { randomFloats(channels.output, seed: 12) }

  func makeKernel(
    _ kernels: BlockedKernels, activation: FusedActivation = .none,
    activationBeforeResidual: Bool = false, source: ConvolutionKernel.Source = .blocked
  ) -> ConvolutionKernel {
    weights.withUnsafeBufferPointer { weights in
      bias.withUnsafeBufferPointer { bias in
        ConvolutionKernel(
          geometry, weights: weights, bias: bias, activation: activation,
          activationBeforeResidual: activationBeforeResidual, source: source,
          algorithm: algorithm, kernels: kernels)
      }
    }
  }

  /// Runs the kernel with scratch memory of NaN between guards, so that reading what was not written
  /// shows.
  func run(
    _ kernel: ConvolutionKernel, _ input: BlockedView, _ output: BlockedView,
    residual: BlockedView? = nil, images: Int, share: Share = .whole
  ) {
    let count = ConvolutionKernel.scratchFloatCount(geometry, algorithm: algorithm)
    let scratch = GuardedFloats([Float](repeating: .nan, count: count))
    kernel.run(
      input: input, output: output, residual: residual, images: images, scratch: scratch.base,
      share: share)
    #expect(scratch.isIntact)
  }

  /// bias + the sum over all taps, for one output element.
  func reference(
    weights: [Float], bias: [Float], at position: (image: Int, c: Int, y: Int, x: Int),
    input: (_ image: Int, _ c: Int, _ y: Int, _ x: Int) -> Double
  ) -> Double {
    let perGroup = channels.input / groups
    let first = position.c / (channels.output / groups) * perGroup
    var sum = Double(bias[position.c])
    for c in 0..<perGroup {
      for ky in 0..<kernel.height {
        let y = position.y * strides.height - pads.0 + ky * dilations.height
        for kx in 0..<kernel.width {
          let x = position.x * strides.width - pads.1 + kx * dilations.width
          let weight = ((position.c * perGroup + c) * kernel.height + ky) * kernel.width + kx
          sum += Double(weights[weight]) * input(position.image, first + c, y, x)
        }
      }
    }
    return sum
  }

  /// Runs the kernel and compares about `limit` elements with the reference.
  func check(
    _ kernels: BlockedKernels, limit: Int = 1500, largest: Double = 1e-5, rms: Double = 2e-6
  ) {
    let input = BlockedActivations(random: inputLayout, images: images, seed: 1)
    let output = BlockedActivations(outputLayout, images: images)
    run(makeKernel(kernels), input.view, output.view, images: images)
    #expect(output.keepsHalo && input.arena.isIntact)
    let (weights, bias) = (weights, bias)
    var comparison = ErrorMeter()
    for position in output.positions(limit: limit) {
      comparison.add(
        output[position.image, position.c, position.y, position.x],
        reference(weights: weights, bias: bias, at: position, input: input.padded))
    }
    #expect(comparison.largest < largest && comparison.rms < rms)
  }
}
