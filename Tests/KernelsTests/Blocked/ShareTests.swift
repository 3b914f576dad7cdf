import InfercamTestSupport
import Kernels
import Testing

/// Threads that divide the outputs of a kernel write the bits of one thread.
struct ShareTests {
  static let convolutions: [BlockedConvolutionCase] =
    BlockedBitIdentityTests.cases + [
      // The last rows of the output begin below the image.
      .init(channels: (16, 40), size: (4, 5), pads: (1, 1, 3, 1)),
      .init(channels: (40, 40), size: (3, 9), groups: 20),
      .init(channels: (96, 24), size: (30, 11), strides: (2, 1), pads: (0, 1, 1, 1)),
      .init(channels: (16, 200), size: (5, 5), algorithm: .winograd),
    ]

  @Test(arguments: InstructionSet.available, convolutions)
  func `the shares of a convolution make up the whole`(
    set: InstructionSet, convolution: BlockedConvolutionCase
  ) throws {
    var cases = [convolution]
    if set == .best, hasBF16, ConvolutionKernel.supportsBF16(convolution.geometry),
      convolution.algorithm == .direct
    {
      cases.append(convolution)
      cases[1].algorithm = .bf16
    }
    for convolution in cases {
      let kernel = convolution.makeKernel(try set.kernels, activation: .silu)
      let images = 2
      let input = BlockedActivations(random: convolution.inputLayout, images: images, seed: 5)
      let residual = BlockedActivations(random: convolution.outputLayout, images: images, seed: 6)
      func run(_ shares: [Share]) -> BlockedActivations {
        let output = BlockedActivations(convolution.outputLayout, images: images)
        for share in shares {
          convolution.run(
            kernel, input.view, output.view, residual: residual.view, images: images,
            share: share)
        }
        return output
      }
      let whole = run([.whole])
      for count in 2...5 {
        let parts = run((0..<count).reversed().map { Share(index: $0, count: count) })
        #expect(parts.keepsHalo && whole.arena.hasBits(of: parts.arena), "\(count) threads")
      }
    }
  }

  @Test(arguments: InstructionSet.available, [(197, 64, 96), (1, 200, 1000), (3, 33, 50)])
  func `the shares of a matrix product make up the whole`(
    set: InstructionSet, extents: (rows: Int, inner: Int, columns: Int)
  ) throws {
    let (rows, inner, columns) = extents
    let weights = randomFloats(inner * columns, seed: 1)
    let bias = randomFloats(columns, seed: 2)
    for roundsToBF16 in set == .best && hasBF16 ? [false, true] : [false] {
      let kernel = try weights.withUnsafeBufferPointer { weights in
        try bias.withUnsafeBufferPointer { bias in
          RowMatrixKernel(
            inner: inner, columns: columns, weights: weights, transposed: false, bias: bias,
            activation: .relu, roundsToBF16: roundsToBF16, kernels: try set.kernels)
        }
      }
      let input = GuardedFloats(randomFloats(rows * inner, seed: 3))
      let residual = GuardedFloats(randomFloats(rows * columns, seed: 4))
      func run(_ shares: [Share]) -> GuardedFloats {
        let output = GuardedFloats(count: rows * columns)
        for share in shares {
          kernel.run(
            input: RowsView(base: input.base, rows: rows, columns: inner),
            output: RowsView(base: output.base, rows: rows, columns: columns),
            residual: RowsView(base: residual.base, rows: rows, columns: columns), share: share)
        }
        return output
      }
      let whole = run([.whole])
      for count in 2...5 {
        let parts = run((0..<count).map { Share(index: $0, count: count) })
        #expect(parts.isIntact && whole.hasBits(of: parts), "\(count) threads")
      }
    }
  }

  @Test(arguments: [1, 2, 3, 5])
  func `every row belongs to one share`(count: Int) {
    for (total, unit) in [(0, 1), (1, 1), (7, 1), (13, 4), (100, 32), (3, 16)] {
      let ranges = (0..<count).map { Share(index: $0, count: count).range(of: total, unit: unit) }
      #expect(ranges.flatMap(Array.init) == Array(0..<total))
      #expect(ranges.allSatisfy { $0.isEmpty || $0.lowerBound % unit == 0 })
    }
  }
}
