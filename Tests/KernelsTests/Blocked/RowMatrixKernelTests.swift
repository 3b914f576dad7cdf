import Kernels
import Testing

struct RowMatrixKernelTests {
  static let shapes: [(rows: Int, inner: Int, columns: Int)] = [
    (1, 1, 1), (1, 64, 1000), (3, 17, 16), (8, 100, 33), (14, 48, 48), (15, 30, 7), (29, 256, 65),
    (197, 64, 96), (2, 1280, 10), (700, 600, 20), (61, 1021, 130),
  ]

  @Test(arguments: InstructionSet.available, shapes)
  func `a matrix product equals the direct sum`(
    set: InstructionSet, shape: (rows: Int, inner: Int, columns: Int)
  ) throws {
    let (rows, inner, columns) = shape
    for transposed in [false, true] {
      let weights = randomFloats(inner * columns, seed: 1)
      let bias = randomFloats(columns, seed: 2)
      let kernel = try weights.withUnsafeBufferPointer { weights in
        try bias.withUnsafeBufferPointer { bias in
          RowMatrixKernel(
            inner: inner, columns: columns, weights: weights, transposed: transposed, bias: bias,
            activation: .leakyRelu(alpha: 0.5), kernels: try set.kernels)
        }
      }
      // Rows further apart than their columns, so that the gap shows a stray write.
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
            sum += Double(input.base[row * inputStride + k]) * Double(weight)
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
  }

  @Test(arguments: InstructionSet.available, [(5, 48), (1, 64), (197, 32), (20, 17)])
  func `a packed activation multiplies as a constant does`(
    set: InstructionSet, shape: (inner: Int, columns: Int)
  ) throws {
    let (rows, inner, columns) = (9, shape.inner, shape.columns)
    let kernels = try set.kernels
    let weights = randomFloats(inner * columns, seed: 1)
    let input = GuardedFloats(randomFloats(rows * inner, seed: 2))
    let operand = RowsView(base: input.base, rows: rows, columns: inner)
    for transposed in [false, true] {
      let constant = weights.withUnsafeBufferPointer {
        RowMatrixKernel(
          inner: inner, columns: columns, weights: $0, transposed: transposed, kernels: kernels)
      }
      let expected = GuardedFloats(count: rows * columns)
      constant.run(
        input: operand, output: RowsView(base: expected.base, rows: rows, columns: columns))
      let memory = GuardedFloats(count: PackedMatrix.floatCount(inner: inner, columns: columns))
      let packed = PackedMatrix(
        packing: weights, inner: inner, columns: columns, innerStride: transposed ? 1 : columns,
        columnStride: transposed ? inner : 1, into: memory.base)
      let output = GuardedFloats(count: rows * columns)
      kernels.multiply(
        operand, packed, output: RowsView(base: output.base, rows: rows, columns: columns))
      #expect(output.isIntact && memory.isIntact && output.hasBits(of: expected))
    }
  }

  @Test func `no rows are no work`() {
    let weights: [Float] = [1, 2]
    let kernel = weights.withUnsafeBufferPointer {
      RowMatrixKernel(inner: 1, columns: 2, weights: $0, transposed: false)
    }
    let memory = GuardedFloats(count: 2)
    kernel.run(
      input: RowsView(base: memory.base, rows: 0, columns: 1),
      output: RowsView(base: memory.base, rows: 0, columns: 2))
    #expect(memory.elements == [GuardedFloats.untouched, GuardedFloats.untouched])
  }
}
