import InfercamTestSupport
import Kernels
import Testing

struct ByteConvolutionTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var channels: (Int, Int)
    var size: (Int, Int)
    var kernel: (Int, Int) = (1, 1)
    var stride = 1
    var dilation = 1
    var groups = 1
    var pad = 0
    var images = 2
    /// Bounds of the weights without zero points.
    var weights = -128...127

    var testDescription: String {
      "\(channels) \(size) k\(kernel) s\(stride) d\(dilation) g\(groups) p\(pad) \(weights)"
    }

    var output: (height: Int, width: Int) {
      func extent(_ size: Int, _ kernel: Int) -> Int {
        (size + 2 * pad - (kernel - 1) * dilation - 1) / stride + 1
      }
      return (extent(size.0, kernel.0), extent(size.1, kernel.1))
    }

    var geometry: ConvolutionGeometry {
      ConvolutionGeometry(
        inputChannels: channels.0, outputChannels: channels.1, groups: groups, kernel: kernel,
        strides: (stride, stride), dilations: (dilation, dilation), padTop: pad, padLeft: pad)
    }
  }

  static let cases: [Case] = [
    Case(channels: (3, 16), size: (9, 11), kernel: (3, 3), stride: 2, pad: 1),
    Case(channels: (32, 32), size: (7, 7)),
    Case(channels: (24, 144), size: (5, 13), images: 3),
    Case(channels: (147, 41), size: (1, 1), images: 5),
    Case(channels: (20, 33), size: (9, 30), kernel: (3, 3), pad: 1),
    Case(channels: (16, 48), size: (12, 12), kernel: (1, 1), stride: 2),
    Case(channels: (17, 5), size: (8, 9), kernel: (2, 3), dilation: 2, pad: 2),
    Case(channels: (32, 64), size: (6, 7), kernel: (3, 3), groups: 4, pad: 1),
    Case(channels: (40, 20), size: (5, 5), groups: 5),
    Case(channels: (48, 48), size: (9, 14), kernel: (3, 3), groups: 48, pad: 1),
    Case(channels: (35, 35), size: (10, 11), kernel: (3, 3), stride: 2, groups: 35, pad: 1),
    Case(channels: (16, 16), size: (11, 9), kernel: (5, 5), groups: 16, pad: 2),
    Case(channels: (16, 16), size: (14, 9), kernel: (3, 2), stride: 3, groups: 16, pad: 1),
    Case(channels: (37, 40), size: (6, 7), kernel: (3, 3), pad: 1, weights: -255...255),
    Case(
      channels: (18, 18), size: (6, 7), kernel: (3, 3), groups: 18, pad: 1, weights: -255...255),
  ]

  @Test(arguments: ByteInstructionSet.available, cases)
  func `sums are exact and rounded half to even`(set: ByteInstructionSet, c: Case) throws {
    var random = SeededTensors(seed: 11)
    let taps = c.channels.0 / c.groups * c.kernel.0 * c.kernel.1
    let weights = (0..<c.channels.1 * taps).map { _ in Int16(random.integer(in: c.weights)) }
    let bias = (0..<c.channels.1).map { _ in Int32(random.integer(in: -20_000...20_000)) }
    // Halves are frequent with factors that are powers of two.
    let factors = (0..<c.channels.1).map { Float($0 % 3 == 0 ? 0x1p-8 : 0.000_37 * Double($0 + 1)) }
    let grid = QuantizationGrid(scale: 0.1, lowest: -100, highest: 155)
    let zero: UInt8 = 77
    let kernel = try weights.withUnsafeBufferPointer {
      ByteConvolutionKernel(
        c.geometry, weights: $0, bias: bias, factors: factors, zeroByte: zero, grid: grid,
        range: -90...155, kernels: try set.kernels)
    }
    let halo = c.geometry.requiredHalo(input: c.size, output: c.output)
    let layout = ActivationLayout(
      channels: c.channels.0, height: c.size.0, width: c.size.1, halo: halo)
    let input = ByteActivations(random: layout, images: c.images, zero: zero, seed: 5)
    let output = ByteActivations(
      ActivationLayout(
        channels: c.channels.1, height: c.output.height, width: c.output.width,
        halo: Halo(top: 1, left: 2, bottom: 0, right: 1)), images: c.images)
    kernel.run(input: input.view, output: output.view, images: c.images)
    #expect(output.keepsSurroundings)
    #expect(output.elements == expected(c, input, zero, weights, bias, factors))
  }

  private func expected(
    _ c: Case, _ input: ByteActivations, _ zero: UInt8, _ weights: [Int16], _ bias: [Int32],
    _ factors: [Float]
  ) -> [UInt8] {
    var result: [UInt8] = []
    let (inputs, outputs) = (c.channels.0 / c.groups, c.channels.1 / c.groups)
    for image in 0..<c.images {
      for o in 0..<c.channels.1 {
        for y in 0..<c.output.height {
          for x in 0..<c.output.width {
            var sum = Int(bias[o])
            for k in 0..<inputs {
              for ky in 0..<c.kernel.0 {
                for kx in 0..<c.kernel.1 {
                  let row = y * c.stride + ky * c.dilation - c.pad
                  let column = x * c.stride + kx * c.dilation - c.pad
                  guard (0..<c.size.0).contains(row), (0..<c.size.1).contains(column) else {
                    continue
                  }
                  let value = Int(input[image, o / outputs * inputs + k, row, column])
                  let weight = weights[((o * inputs + k) * c.kernel.0 + ky) * c.kernel.1 + kx]
                  sum += (value - Int(zero)) * Int(weight)
                }
              }
            }
            let scaled = min(max(-90, Float(sum) * factors[o]), 155)
            result.append(UInt8(scaled.rounded(.toNearestOrEven) + 100))
          }
        }
      }
    }
    return result
  }
}
