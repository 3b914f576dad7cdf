import Kernels
import Testing

#if canImport(Glibc)
import Glibc
#endif

struct RowKernelsTests {
  static let widths = [1, 7, 16, 33, 96, 197, 1000]

  @Test(arguments: InstructionSet.available, widths)
  func `layer normalisation centres and scales each row`(
    set: InstructionSet, width: Int
  ) throws {
    let rows = 3
    let input = GuardedFloats(randomFloats(rows * width, seed: 1, in: 2...5))
    let scale = randomFloats(width, seed: 2)
    let shift = randomFloats(width, seed: 3)
    let output = GuardedFloats(count: rows * width)
    try set.kernels.layerNorm(
      RowsView(base: input.base, rows: rows, columns: width), scale: scale, shift: shift,
      epsilon: 1e-5, output: RowsView(base: output.base, rows: rows, columns: width))
    #expect(output.isIntact)
    for row in 0..<rows {
      let x = (0..<width).map { Double(input.base[row * width + $0]) }
      let mean = x.reduce(0, +) / Double(width)
      let variance = x.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(width)
      for (index, value) in x.enumerated() {
        let expected =
          (value - mean) / (variance + 1e-5).squareRoot() * Double(scale[index])
          + Double(shift[index])
        #expect(abs(Double(output.base[row * width + index]) - expected) < 4e-6)
      }
    }
  }

  @Test(arguments: InstructionSet.available, widths)
  func `a softmax sums to one`(set: InstructionSet, width: Int) throws {
    let rows = 2
    let input = GuardedFloats(randomFloats(rows * width, seed: 1, in: -30...30))
    if width > 7 { input.base[3] = -.infinity }
    let output = GuardedFloats(count: rows * width)
    try set.kernels.softmax(
      RowsView(base: input.base, rows: rows, columns: width),
      output: RowsView(base: output.base, rows: rows, columns: width))
    #expect(output.isIntact)
    for row in 0..<rows {
      let x = (0..<width).map { Double(input.base[row * width + $0]) }
      let top = x.reduce(-.infinity, max)
      let total = x.map { exp($0 - top) }.reduce(0, +)
      for (index, value) in x.enumerated() {
        let expected = exp(value - top) / total
        #expect(abs(Double(output.base[row * width + index]) - expected) <= 5e-6 * expected + 1e-38)
      }
    }
    if width > 7 { #expect(output.base[3] == 0) }
  }

  @Test(arguments: InstructionSet.available, widths)
  func `rows combine, scale and shift in place`(set: InstructionSet, width: Int) throws {
    let kernels = try set.kernels
    let start = randomFloats(2 * width, seed: 1)
    let (a, b) = (GuardedFloats(start), GuardedFloats(randomFloats(2 * width, seed: 2)))
    let view = RowsView(base: a.base, rows: 2, columns: width)
    kernels.binary(
      .subtract, view, RowsView(base: b.base, rows: 2, columns: width), output: view)
    let scale = randomFloats(width, seed: 3)
    kernels.affine(view, scale: scale, shift: b.base, output: view, activation: .relu)
    #expect(a.isIntact && b.isIntact)
    for row in 0..<2 {
      for column in 0..<width {
        let difference = Double(start[row * width + column] - b.base[row * width + column])
        let expected = max(0, difference * Double(scale[column]) + Double(b.base[column]))
        #expect(abs(Double(a.base[row * width + column]) - expected) < 1e-6)
      }
    }
  }
}
