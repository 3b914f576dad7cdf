import InfercamTestSupport
import Kernels
import Testing

/// Products of bf16 against sums in double of operands rounded by the definition.
@Suite(.enabled(if: hasBF16, "needs AVX-512 BF16"))
struct BF16KernelTests {
  static let cases: [BlockedConvolutionCase] = [
    .init(channels: (16, 16), size: (5, 7)),
    .init(channels: (1, 5), size: (9, 1)),
    .init(channels: (5, 1), size: (3, 3), images: 3),
    .init(channels: (17, 33), size: (6, 15), images: 3),
    .init(channels: (24, 17), size: (7, 10), strides: (2, 2)),
    .init(channels: (32, 40), size: (8, 23), strides: (2, 1), pads: (1, 0, 1, 2)),
    .init(channels: (48, 64), size: (3, 50), dilations: (2, 3), pads: (2, 3, 2, 3), images: 2),
    .init(channels: (64, 112), size: (14, 14), kernel: (1, 1), pads: (0, 0, 0, 0), images: 3),
    .init(channels: (112, 144), size: (7, 7), kernel: (1, 1), pads: (0, 0, 0, 0), images: 8),
    .init(
      channels: (144, 24), size: (5, 6), kernel: (1, 1), pads: (0, 0, 0, 0),
      extraHalo: .init(top: 1, left: 1, bottom: 1, right: 1)),
    .init(channels: (64, 48), size: (9, 9), kernel: (1, 1), strides: (2, 2), pads: (0, 0, 0, 0)),
    .init(channels: (72, 48), size: (9, 8), kernel: (1, 1), strides: (2, 3), pads: (1, 2, 0, 1)),
    .init(channels: (33, 20), size: (1, 1), kernel: (1, 1), pads: (0, 0, 0, 0), images: 19),
    .init(channels: (16, 32), size: (6, 6), kernel: (1, 1), pads: (1, 2, 1, 2)),
    .init(channels: (20, 16), size: (9, 9), kernel: (1, 7), pads: (0, 3, 0, 3)),
    .init(channels: (20, 16), size: (9, 9), kernel: (7, 1), strides: (2, 1), pads: (3, 0, 3, 0)),
    // Bands of rows, and pieces of a row.
    .init(channels: (256, 64), size: (30, 31), images: 2),
    .init(channels: (512, 32), size: (20, 400), kernel: (1, 1), pads: (0, 0, 0, 0)),
    .init(channels: (1024, 16), size: (3, 90)),
  ].map { (convolution: BlockedConvolutionCase) in
    var convolution = convolution
    convolution.algorithm = .bf16
    return convolution
  }

  @Test(arguments: cases)
  func `a convolution equals the sum of rounded operands`(
    convolution: BlockedConvolutionCase
  ) throws {
    #expect(ConvolutionKernel.supportsBF16(convolution.geometry))
    let images = convolution.images
    let input = BlockedActivations(random: convolution.inputLayout, images: images, seed: 1)
    let output = BlockedActivations(convolution.outputLayout, images: images)
    convolution.run(
      convolution.makeKernel(.best), input.view, output.view, images: images)
    #expect(output.keepsHalo && input.arena.isIntact)
    let (weights, bias) = (convolution.weights.map(bf16), convolution.bias)
    var comparison = ErrorMeter()
    for position in output.positions(limit: 1500) {
      comparison.add(
        output[position.image, position.c, position.y, position.x],
        convolution.reference(weights: weights, bias: bias, at: position) { image, c, y, x in
          Double(bf16(Float(input.padded(image, c, y, x))))
        })
    }
    #expect(comparison.largest < 1e-5 && comparison.rms < 2e-6)
  }

  @Test(arguments: RowMatrixKernelTests.shapes, [false, true])
  func `a matrix product equals the sum of rounded operands`(
    shape: (rows: Int, inner: Int, columns: Int), transposed: Bool
  ) {
    let (rows, inner, columns) = shape
    let weights = randomFloats(inner * columns, seed: 1)
    let bias = randomFloats(columns, seed: 2)
    let kernel = weights.withUnsafeBufferPointer { weights in
      bias.withUnsafeBufferPointer { bias in
        RowMatrixKernel(
          inner: inner, columns: columns, weights: weights, transposed: transposed, bias: bias,
          activation: .leakyRelu(alpha: 0.5), roundsToBF16: true)
      }
    }
    let (inputStride, stride) = (inner + 3, columns + 5)
    let input = GuardedFloats(randomFloats(rows * inputStride, seed: 3))
    let residual = GuardedFloats(randomFloats(rows * columns, seed: 4))
    let output = GuardedFloats(count: rows * stride)
    kernel.run(
      input: RowsView(base: input.base, rows: rows, columns: inner, rowStride: inputStride),
      output: RowsView(base: output.base, rows: rows, columns: columns, rowStride: stride),
      residual: RowsView(base: residual.base, rows: rows, columns: columns))
    var comparison = ErrorMeter()
    for row in Swift.stride(from: 0, to: rows, by: max(1, rows / 20)) {
      for column in 0..<columns {
        var sum = Double(bias[column]) + Double(residual.base[row * columns + column])
        for k in 0..<inner {
          let weight = weights[transposed ? column * inner + k : k * columns + column]
          sum += Double(bf16(input.base[row * inputStride + k])) * Double(bf16(weight))
        }
        comparison.add(output.base[row * stride + column], sum < 0 ? 0.5 * sum : sum)
      }
    }
    #expect(comparison.largest < 1e-5 && comparison.rms < 2e-6)
    #expect(output.isIntact)
    #expect(
      (0..<rows).allSatisfy { row in
        (columns..<stride).allSatisfy {
          output.base[row * stride + $0] == GuardedFloats.untouched
        }
      })
  }

  @Test(arguments: cases)
  func `an image gives the same bits alone and in any place of a batch`(
    convolution: BlockedConvolutionCase
  ) {
    let images = 5
    let kernel = convolution.makeKernel(.best, activation: .silu)
    let input = BlockedActivations(random: convolution.inputLayout, images: images, seed: 5)
    let residual = BlockedActivations(random: convolution.outputLayout, images: images, seed: 6)
    func run(_ spans: [Range<Int>]) -> GuardedFloats {
      let output = BlockedActivations(convolution.outputLayout, images: images)
      for span in spans {
        convolution.run(
          kernel, input.view.image(span.lowerBound), output.view.image(span.lowerBound),
          residual: residual.view.image(span.lowerBound), images: span.count)
      }
      return output.arena
    }
    let whole = run([0..<5])
    #expect(whole.hasBits(of: run((0..<5).map { $0..<$0 + 1 })))
    #expect(whole.hasBits(of: run([0..<2, 2..<5])))
  }

  @Test func `a row of a matrix product does not depend on the number of rows`() {
    let (inner, columns, rows) = (101, 70, 31)
    let weights = randomFloats(inner * columns, seed: 1)
    let kernel = weights.withUnsafeBufferPointer {
      RowMatrixKernel(
        inner: inner, columns: columns, weights: $0, transposed: true, activation: .gelu,
        roundsToBF16: true)
    }
    let input = GuardedFloats(randomFloats(rows * inner, seed: 2))
    let together = GuardedFloats(count: rows * columns)
    kernel.run(
      input: RowsView(base: input.base, rows: rows, columns: inner),
      output: RowsView(base: together.base, rows: rows, columns: columns))
    let alone = GuardedFloats(count: rows * columns)
    for row in 0..<rows {
      kernel.run(
        input: RowsView(base: input.base + row * inner, rows: 1, columns: inner),
        output: RowsView(base: alone.base + row * columns, rows: 1, columns: columns))
    }
    #expect(together.hasBits(of: alone) && together.isIntact && alone.isIntact)
  }

  @Test func `operands are rounded to nearest, ties to even, and small ones to zero`() {
    let operands: [Float] = [
      1, 0x1.01p0, 0x1.03p0, 0x1.010002p0, -0x1.01p0, 0x1p-130, -0x1.fep127, 3.3e38,
    ]
    let kernel = [Float(1)].withUnsafeBufferPointer {
      RowMatrixKernel(inner: 1, columns: 1, weights: $0, transposed: false, roundsToBF16: true)
    }
    let input = GuardedFloats(operands)
    let output = GuardedFloats(count: operands.count)
    kernel.run(
      input: RowsView(base: input.base, rows: operands.count, columns: 1),
      output: RowsView(base: output.base, rows: operands.count, columns: 1))
    let found = (0..<operands.count).map { output.base[$0] }
    #expect(found == [1, 1, 0x1.04p0, 0x1.02p0, -1, 0, -0x1.fep127, 0x1.fp127])
  }

  @Test func `layers of groups, and windows too large to copy, have no such kernel`() {
    func isSupported(_ change: (inout ConvolutionGeometry) -> Void) -> Bool {
      var geometry = ConvolutionGeometry(inputChannels: 64, outputChannels: 64, kernel: (3, 3))
      change(&geometry)
      return ConvolutionKernel.supportsBF16(geometry)
    }
    #expect(isSupported { _ in })
    #expect(!isSupported { $0.groups = 2 })
    #expect(!isSupported { $0.inputChannels = 20_000 })
    #expect(!isSupported { $0.dilationWidth = 4000 })
    #expect(RowMatrixKernel.supportsBF16(inner: 4096))
    #expect(!RowMatrixKernel.supportsBF16(inner: 1_000_000))
  }
}

/// Rounds to the nearest number of seven fraction bits, ties to even.
private func bf16(_ x: Float) -> Float {
  Float(bitPattern: (x.bitPattern + 0x7FFF + (x.bitPattern >> 16 & 1)) & 0xFFFF_0000)
}

let hasBF16 = BlockedKernels.best.hasBF16
