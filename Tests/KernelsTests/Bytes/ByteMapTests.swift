import InfercamTestSupport
import Kernels
import Tensors
import Testing

/// Kernels over bytes against the reference functions on the numbers they stand for.
struct ByteMapTests {
  static let layout = ActivationLayout(
    channels: 21, height: 5, width: 7, halo: Halo(top: 1, left: 1, bottom: 2, right: 0))
  static let grids = [
    QuantizationGrid(scale: 0.037, lowest: -114, highest: 141, zeroPoint: 114),
    QuantizationGrid(scale: 0.2, lowest: 0, highest: 255),
    QuantizationGrid(scale: 0.011, lowest: -255, highest: 0, zeroPoint: 127),
  ]

  private func numbers(_ bytes: ByteActivations, _ grid: QuantizationGrid) -> Tensor {
    let l = bytes.layout
    return Tensor(
      bytes.elements.map { Float(Int($0) - Int(grid.zeroByte)) * grid.scale },
      shape: [bytes.images, l.channels, l.height, l.width])
  }

  @Test(arguments: ByteInstructionSet.available, grids)
  func `a sum of two grids is that of the reference function`(
    set: ByteInstructionSet, grid: QuantizationGrid
  ) throws {
    let (first, second) = (Self.grids[0], Self.grids[2])
    let a = ByteActivations(random: Self.layout, images: 2, zero: first.zeroByte, seed: 1)
    let b = ByteActivations(random: Self.layout, images: 2, zero: second.zeroByte, seed: 2)
    let output = ByteActivations(Self.layout, images: 2)
    let range = (grid.lowest + 3)...grid.highest
    try set.kernels.add(
      a.view, of: first, b.view, of: second, onto: grid, range: range, output: output.view,
      images: 2)
    let expected = Tensor(uninitialized: .float32, [2, 21, 5, 7])
    addOnGrids(
      numbers(a, first), first, numbers(b, second), second, onto: grid, range: range,
      into: expected)
    #expect(output.keepsSurroundings)
    #expect(
      numbers(output, grid).elements(of: Float.self) == expected.elements(of: Float.self))
  }

  @Test(arguments: ByteInstructionSet.available, grids)
  func `a mean of planes is that of the reference function`(
    set: ByteInstructionSet, grid: QuantizationGrid
  ) throws {
    let source = Self.grids[0]
    let input = ByteActivations(random: Self.layout, images: 3, zero: source.zeroByte, seed: 4)
    let output = ByteActivations(
      ActivationLayout(channels: 21, height: 1, width: 1), images: 3)
    let range = grid.lowest...grid.highest
    try set.kernels.globalAverage(
      input.view, of: source, onto: grid, range: range, output: output.view, images: 3)
    let expected = Tensor(uninitialized: .float32, [3, 21, 1, 1])
    averageOnGrid(numbers(input, source), source, onto: grid, range: range, into: expected)
    #expect(
      numbers(output, grid).elements(of: Float.self) == expected.elements(of: Float.self))
  }

  @Test(arguments: ByteInstructionSet.available, [(3, 2, 1), (2, 2, 0), (5, 1, 2)])
  func `the maximum of a window leaves the padding out`(
    set: ByteInstructionSet, window: (kernel: Int, stride: Int, pad: Int)
  ) throws {
    let (k, s, p) = window
    let input = ByteActivations(random: Self.layout, images: 2, zero: 9, seed: 8)
    let size = ((5 + 2 * p - k) / s + 1, (7 + 2 * p - k) / s + 1)
    let output = ByteActivations(
      ActivationLayout(channels: 21, height: size.0, width: size.1), images: 2)
    try set.kernels.maxPool(
      PoolGeometry(
        kernel: (k, k), strides: (s, s), pads: Halo(top: p, left: p, bottom: p, right: p)),
      input: input.view, output: output.view, images: 2)
    for image in 0..<2 {
      for c in 0..<21 {
        for (y, x) in (0..<size.0).flatMap({ y in (0..<size.1).map { (y, $0) } }) {
          let rows = max(0, y * s - p)..<min(5, y * s - p + k)
          let columns = max(0, x * s - p)..<min(7, x * s - p + k)
          let largest = rows.flatMap { row in columns.map { input[image, c, row, $0] } }.max()
          #expect(output[image, c, y, x] == largest)
        }
      }
    }
  }

  @Test(arguments: ByteInstructionSet.available, grids)
  func `numbers become bytes and come back as the grid rounds them`(
    set: ByteInstructionSet, grid: QuantizationGrid
  ) throws {
    var seeded = SeededTensors(seed: 3)
    var values = seeded.uniform([2, 21, 5, 7], in: -30...30, of: Float.self)
      .elements(of: Float.self)
    values.replaceSubrange(
      0..<7,
      with: [.nan, .infinity, -.infinity, 0.5 * grid.scale, 1.5 * grid.scale, -0.0, 1e30])
    let plain = Tensor(values, shape: [2, 21, 5, 7])
    let expected = Tensor(uninitialized: .float32, plain.shape)
    grid.round(plain, into: expected)
    let bytes = ByteActivations(Self.layout, images: 2)
    try values.withUnsafeBufferPointer { buffer in
      let base = try #require(buffer.baseAddress)
      try set.kernels.quantize(nchw: base, to: grid, output: bytes.view, images: 2)
    }
    #expect(bytes.keepsSurroundings)
    var restored = [Float](repeating: 0, count: values.count)
    try restored.withUnsafeMutableBufferPointer { buffer in
      let base = try #require(buffer.baseAddress)
      try set.kernels.dequantize(bytes.view, of: grid, nchw: base, images: 2)
    }
    #expect(restored == expected.elements(of: Float.self))
    try checkBlocks(set, bytes, grid)
  }

  private func checkBlocks(
    _ set: ByteInstructionSet, _ bytes: ByteActivations, _ grid: QuantizationGrid
  ) throws {
    let planes = BlockedActivations(Self.layout, images: 2)
    try set.kernels.dequantize(bytes.view, of: grid, output: planes.view, images: 2)
    #expect(planes.keepsHalo)
    let again = ByteActivations(Self.layout, images: 2)
    try set.kernels.quantize(planes.view, to: grid, output: again.view, images: 2)
    #expect(again.keepsSurroundings && again.elements == bytes.elements)
  }
}
