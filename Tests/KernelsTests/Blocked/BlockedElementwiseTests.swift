import Kernels
import Testing

struct BlockedElementwiseTests {
  static let layouts: [ActivationLayout] = [
    .init(channels: 16, height: 3, width: 5),
    .init(channels: 24, height: 4, width: 1, halo: .init(top: 1, left: 1, bottom: 1, right: 1)),
    .init(channels: 5, height: 2, width: 17, halo: .init(top: 0, left: 2, bottom: 3, right: 0)),
    .init(channels: 48, height: 1, width: 1),
  ]

  static func reference(_ operation: BinaryOperation, _ a: Float, _ b: Float) -> Float {
    switch operation {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .maximum: max(a, b)
    case .minimum: min(a, b)
    }
  }

  @Test(arguments: InstructionSet.available, layouts)
  func `two views combine element by element`(
    set: InstructionSet, layout: ActivationLayout
  ) throws {
    let images = 2
    let a = BlockedActivations(random: layout, images: images, seed: 1)
    var other = layout
    other.halo = Halo(top: 1, left: 0, bottom: 0, right: 2)
    let b = BlockedActivations(random: other, images: images, seed: 2)
    for operation in BinaryOperation.allCases {
      let output = BlockedActivations(layout, images: images)
      try set.kernels.binary(
        operation, a.view, b.view, output: output.view, activation: .relu, images: images)
      #expect(output.keepsHalo)
      for p in output.positions() {
        let expected = Self.reference(
          operation, a[p.image, p.c, p.y, p.x], b[p.image, p.c, p.y, p.x])
        #expect(output[p.image, p.c, p.y, p.x] == max(expected, 0))
      }
      #expect(output.arena.isFinite)
    }
  }

  @Test(arguments: InstructionSet.available)
  func `zero divided by zero stays inside its channel`(set: InstructionSet) throws {
    let layout = ActivationLayout(channels: 5, height: 1, width: 2)
    let zeros = BlockedActivations(random: layout, images: 1, seed: 1, in: 0...0)
    let output = BlockedActivations(layout, images: 1)
    try set.kernels.binary(
      .divide, zeros.view, zeros.view, output: output.view, images: 1)
    #expect(output[0, 4, 0, 1].isNaN)
    #expect((5..<16).allSatisfy { output.arena.base[$0].isFinite })
  }

  @Test(arguments: InstructionSet.available)
  func `a maximum or minimum with NaN is NaN`(set: InstructionSet) throws {
    let (a, b) = (GuardedFloats([.nan, 1, 2]), GuardedFloats([1, .nan, 3]))
    for operation in [BinaryOperation.maximum, .minimum] {
      let output = GuardedFloats(count: 3)
      try set.kernels.binary(
        operation, RowsView(base: a.base, rows: 1, columns: 3),
        RowsView(base: b.base, rows: 1, columns: 3),
        output: RowsView(base: output.base, rows: 1, columns: 3))
      #expect(output.base[0].isNaN && output.base[1].isNaN && !output.base[2].isNaN)
    }
  }

  @Test(arguments: InstructionSet.available, layouts)
  func `channels are scaled and shifted`(set: InstructionSet, layout: ActivationLayout) throws {
    let images = 3
    let input = BlockedActivations(random: layout, images: images, seed: 1)
    // One vector exactly as long as the channels, so that a whole block would overrun it.
    let scale = GuardedFloats(randomFloats(images * layout.channels, seed: 2))
    let shift = GuardedFloats(randomFloats(layout.channels, seed: 3))
    for (scaled, shifted) in [(true, true), (true, false), (false, true), (false, false)] {
      let output = BlockedActivations(layout, images: images)
      try set.kernels.affine(
        input.view,
        scale: scaled ? ChannelVector(base: scale.base, imageStride: layout.channels) : nil,
        shift: shifted ? ChannelVector(base: shift.base) : nil, output: output.view,
        activation: .leakyRelu(alpha: 0.5), images: images)
      #expect(output.keepsHalo && output.arena.isFinite)
      for p in output.positions() {
        let a = scaled ? Double(scale.base[p.image * layout.channels + p.c]) : 1
        let b = shifted ? Double(shift.base[p.c]) : 0
        let y = Double(input[p.image, p.c, p.y, p.x]) * a + b
        #expect(
          abs(Double(output[p.image, p.c, p.y, p.x]) - (y < 0 ? 0.5 * y : y)) <= 1e-6)
      }
    }
  }

  @Test func `the halo becomes zero and nothing else does`() {
    for layout in Self.layouts {
      let view = BlockedActivations(layout, images: 2)
      for p in view.positions() { view.arena.base[view.offset(p.image, p.c, p.y, p.x)] = 7 }
      BlockedKernels.best.zeroHalo(view.view, images: 2)
      #expect(view.arena.isIntact)
      for p in view.positions() { #expect(view[p.image, p.c, p.y, p.x] == 7) }
      let pixels = layout.blockCount * 16 * layout.height * layout.width * 2
      let others = view.arena.elements.filter { $0 != 7 && $0 != GuardedFloats.untouched }
      #expect(others.allSatisfy { $0 == 0 })
      #expect(others.count == 2 * layout.blockedImageFloats - pixels)
    }
  }
}
