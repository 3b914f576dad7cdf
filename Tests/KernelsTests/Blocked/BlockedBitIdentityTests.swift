import Kernels
import Testing

struct BlockedBitIdentityTests {
  static let cases: [BlockedConvolutionCase] = [
    .init(channels: (64, 48), size: (14, 14), kernel: (1, 1), pads: (0, 0, 0, 0)),
    .init(channels: (96, 40), size: (7, 7), kernel: (1, 1), pads: (0, 0, 0, 0)),
    .init(channels: (144, 32), size: (1, 1), kernel: (1, 1), pads: (0, 0, 0, 0)),
    .init(channels: (64, 64), size: (14, 15)),
    .init(channels: (32, 64), size: (15, 28), strides: (2, 2)),
    .init(channels: (64, 64), size: (9, 10), groups: 4),
    .init(channels: (48, 48), size: (9, 13), kernel: (5, 5), pads: (2, 2, 2, 2), groups: 48),
    .init(channels: (64, 64), size: (14, 15), algorithm: .winograd),
    .init(channels: (24, 40), size: (7, 7), algorithm: .winograd),
    .init(channels: (20, 48), size: (21, 18), pads: (0, 1, 2, 0), algorithm: .winograd),
  ]

  @Test(arguments: InstructionSet.available, cases)
  func `an image gives the same bits alone and in any place of a batch`(
    set: InstructionSet, convolution: BlockedConvolutionCase
  ) throws {
    let images = 8
    let kernel = convolution.makeKernel(try set.kernels, activation: .silu)
    let input = BlockedActivations(random: convolution.inputLayout, images: images, seed: 5)
    let residual = BlockedActivations(random: convolution.outputLayout, images: images, seed: 6)
    func run(_ spans: [Range<Int>]) -> BlockedActivations {
      let output = BlockedActivations(convolution.outputLayout, images: images)
      for span in spans {
        convolution.run(
          kernel, input.view.image(span.lowerBound), output.view.image(span.lowerBound),
          residual: residual.view.image(span.lowerBound), images: span.count)
      }
      return output
    }
    let whole = run([0..<8])
    #expect(whole.arena.hasBits(of: run((0..<8).map { $0..<$0 + 1 }).arena))
    #expect(whole.arena.hasBits(of: run([0..<4, 4..<8]).arena))
    #expect(whole.arena.hasBits(of: run([0..<3, 3..<8]).arena))
  }

  @Test(arguments: InstructionSet.available, cases)
  func `the halo of the buffers changes no bit`(
    set: InstructionSet, convolution: BlockedConvolutionCase
  ) throws {
    let kernels = try set.kernels
    func run(_ convolution: BlockedConvolutionCase) -> [Float] {
      let layout = convolution.inputLayout
      let plain = randomFloats(layout.channels * layout.height * layout.width, seed: 8)
      let input = BlockedActivations(random: layout, images: 1, seed: 9)
      kernels.reorder(nchw: plain, to: input.view, images: 1)
      let output = BlockedActivations(convolution.outputLayout, images: 1)
      convolution.run(
        convolution.makeKernel(kernels, activation: .relu), input.view, output.view, images: 1)
      return output.positions().map { output[$0.image, $0.c, $0.y, $0.x] }
    }
    var wide = convolution
    wide.extraHalo = Halo(top: 1, left: 2, bottom: 3, right: 4)
    #expect(run(convolution).map(\.bitPattern) == run(wide).map(\.bitPattern))
  }

  @Test(arguments: InstructionSet.available)
  func `a row of a matrix product does not depend on the number of rows`(
    set: InstructionSet
  ) throws {
    let (inner, columns, rows) = (100, 70, 31)
    let weights = randomFloats(inner * columns, seed: 1)
    let kernel = try weights.withUnsafeBufferPointer {
      RowMatrixKernel(
        inner: inner, columns: columns, weights: $0, transposed: true, activation: .gelu,
        kernels: try set.kernels)
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
}
