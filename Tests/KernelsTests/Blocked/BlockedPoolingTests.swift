import Kernels
import Testing

struct BlockedPoolingTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var channels = 24
    var size: (height: Int, width: Int)
    var kernel: (height: Int, width: Int) = (3, 3)
    var strides: (height: Int, width: Int) = (2, 2)
    var dilations: (height: Int, width: Int) = (1, 1)
    var pads = Halo.none
    var output: (height: Int, width: Int)
    var images = 1

    var testDescription: String {
      "\(kernel.height)x\(kernel.width) s\(strides) d\(dilations) @\(size) > \(output)"
    }

    /// The input's rows or columns under one window, and how many positions count with padding.
    static func taps(
      _ position: Int, kernel: Int, stride: Int, dilation: Int, before: Int, after: Int,
      extent: Int
    ) -> (inside: [Int], counted: Int) {
      let all = (0..<kernel).map { position * stride - before + $0 * dilation }
      return (all.filter { $0 >= 0 && $0 < extent }, all.filter { $0 < extent + after }.count)
    }

    /// The window of one output element: its values, and the number of positions with padding.
    func window(
      _ input: BlockedActivations, _ position: (image: Int, c: Int, y: Int, x: Int)
    ) -> (values: [Double], counted: Int) {
      let rows = Self.taps(
        position.y, kernel: kernel.height, stride: strides.height, dilation: dilations.height,
        before: pads.top, after: pads.bottom, extent: size.height)
      let columns = Self.taps(
        position.x, kernel: kernel.width, stride: strides.width, dilation: dilations.width,
        before: pads.left, after: pads.right, extent: size.width)
      let values = rows.inside.flatMap { y in
        columns.inside.map { x in Double(input[position.image, position.c, y, x]) }
      }
      return (values, rows.counted * columns.counted)
    }

    func geometry(countIncludePad: Bool = false) -> PoolGeometry {
      PoolGeometry(
        kernel: kernel, strides: strides, dilations: dilations, pads: pads,
        countIncludePad: countIncludePad)
    }

    func input() -> BlockedActivations {
      // All negative, and a halo full of noise: padding must not win as a zero would.
      let layout = ActivationLayout(
        channels: channels, height: size.height, width: size.width,
        halo: Halo(top: 1, left: 2, bottom: 0, right: 1))
      let input = BlockedActivations(random: layout, images: images, seed: 1, in: -3 ... -1)
      for y in -1..<size.height {
        for x in -2...size.width where y < 0 || x < 0 || x == size.width {
          for c in 0..<channels { input.arena.base[input.offset(0, c, y, x)] = 99 }
        }
      }
      return input
    }

    func makeOutput() -> BlockedActivations {
      BlockedActivations(
        ActivationLayout(
          channels: channels, height: output.height, width: output.width,
          halo: Halo(top: 0, left: 1, bottom: 2, right: 1)),
        images: images)
    }
  }

  static let cases: [Case] = [
    .init(size: (8, 8), output: (3, 3)),
    .init(
      channels: 16, size: (11, 13), pads: .init(top: 1, left: 1, bottom: 1, right: 1),
      output: (6, 7), images: 3),
    .init(size: (7, 9), kernel: (2, 2), output: (4, 5)),
    .init(channels: 5, size: (6, 6), kernel: (3, 2), strides: (1, 2), output: (4, 3)),
    .init(
      size: (9, 9), strides: (1, 1), pads: .init(top: 1, left: 1, bottom: 1, right: 1),
      output: (9, 9)),
    .init(
      channels: 40, size: (9, 12), dilations: (2, 3),
      pads: .init(top: 2, left: 3, bottom: 2, right: 3), output: (5, 6)),
    .init(
      size: (3, 3), kernel: (5, 5), strides: (1, 1),
      pads: .init(top: 2, left: 2, bottom: 2, right: 2), output: (3, 3)),
    .init(
      size: (5, 2), kernel: (3, 7), pads: .init(top: 1, left: 3, bottom: 2, right: 3),
      output: (3, 1)),
    .init(
      size: (4, 4), kernel: (2, 2), strides: (3, 3),
      pads: .init(top: 0, left: 0, bottom: 1, right: 1), output: (2, 2)),
  ]

  @Test(arguments: InstructionSet.available, cases)
  func `a maximum ignores the padding`(set: InstructionSet, pool: Case) throws {
    let (input, output) = (pool.input(), pool.makeOutput())
    try set.kernels.maxPool(
      pool.geometry(), input: input.view, output: output.view, images: pool.images)
    #expect(output.keepsHalo)
    for position in output.positions() {
      let result = output[position.image, position.c, position.y, position.x]
      let values = pool.window(input, position).values
      #expect(Double(result) == values.max() ?? -Double(Float.greatestFiniteMagnitude))
    }
  }

  static let averages: [(InstructionSet, Bool)] = InstructionSet.available.flatMap {
    [($0, false), ($0, true)]
  }

  @Test(arguments: averages, cases)
  func `an average counts the padding only if asked`(
    mode: (set: InstructionSet, countIncludePad: Bool), pool: Case
  ) throws {
    let (input, output) = (pool.input(), pool.makeOutput())
    try mode.set.kernels.averagePool(
      pool.geometry(countIncludePad: mode.countIncludePad), input: input.view,
      output: output.view, images: pool.images)
    #expect(output.keepsHalo)
    for position in output.positions() {
      let window = pool.window(input, position)
      let count = mode.countIncludePad ? window.counted : window.values.count
      let mean = window.values.reduce(0, +) / Double(max(count, 1))
      let result = Double(output[position.image, position.c, position.y, position.x])
      #expect(abs(result - mean) <= 1e-6 * abs(mean))
    }
  }

  @Test(arguments: InstructionSet.available, [(1, 1), (7, 7), (5, 13), (2, 50)])
  func `the global average is the mean of each plane`(
    set: InstructionSet, size: (height: Int, width: Int)
  ) throws {
    let layout = ActivationLayout(
      channels: 40, height: size.height, width: size.width,
      halo: Halo(top: 1, left: 1, bottom: 1, right: 1))
    let input = BlockedActivations(random: layout, images: 2, seed: 4, in: 0...1)
    let means = GuardedFloats(count: 80)
    try set.kernels.globalAveragePool(
      input: input.view, output: RowsView(base: means.base, rows: 2, columns: 40), images: 2)
    #expect(means.isIntact)
    for image in 0..<2 {
      for c in 0..<40 {
        var sum = 0.0
        for y in 0..<size.height {
          for x in 0..<size.width { sum += Double(input[image, c, y, x]) }
        }
        let mean = sum / Double(size.height * size.width)
        #expect(abs(Double(means.base[image * 40 + c]) - mean) <= 1e-6 * mean)
      }
    }
  }

  @Test(arguments: InstructionSet.available)
  func `a NaN in the window is the maximum`(set: InstructionSet) throws {
    let layout = ActivationLayout(channels: 16, height: 1, width: 3)
    for place in 0..<3 {
      let input = BlockedActivations(random: layout, images: 1, seed: 1)
      input.arena.base[input.offset(0, 3, 0, place)] = .nan
      let output = BlockedActivations(
        ActivationLayout(channels: 16, height: 1, width: 1), images: 1)
      try set.kernels.maxPool(
        PoolGeometry(kernel: (1, 3), strides: (1, 1)), input: input.view, output: output.view,
        images: 1)
      #expect(output[0, 3, 0, 0].isNaN && !output[0, 4, 0, 0].isNaN)
    }
  }
}
