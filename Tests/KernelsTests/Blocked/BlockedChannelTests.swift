import Kernels
import Testing

struct BlockedChannelTests {
  static func layout(_ channels: Int, halo: Int = 0) -> ActivationLayout {
    ActivationLayout(
      channels: channels, height: 3, width: 5,
      halo: Halo(top: halo, left: halo, bottom: halo, right: halo))
  }

  @Test(
    arguments: InstructionSet.available,
    [[16, 32], [24, 24], [58, 58], [5, 1, 40], [17, 3, 12]])
  func `a concatenation is its parts one after the other`(
    set: InstructionSet, parts: [Int]
  ) throws {
    let inputs = parts.enumerated().map {
      BlockedActivations(random: Self.layout($1, halo: $0), images: 2, seed: UInt64($0))
    }
    let output = BlockedActivations(Self.layout(parts.reduce(0, +), halo: 1), images: 2)
    var at = 0
    for (input, count) in zip(inputs, parts) {
      try set.kernels.copyChannels(
        input.view, from: 0, to: output.view, at: at, count: count, images: 2)
      at += count
    }
    let inputsAreIntact = inputs.allSatisfy { $0.arena.isIntact }
    #expect(output.keepsHalo && inputsAreIntact)
    for p in output.positions() {
      var (part, c) = (0, p.c)
      while c >= parts[part] {
        c -= parts[part]
        part += 1
      }
      #expect(output[p.image, p.c, p.y, p.x] == inputs[part][p.image, c, p.y, p.x])
    }
  }

  @Test func `kernels write their parts of a concatenation in place`() {
    let convolution = BlockedConvolutionCase(channels: (16, 24), size: (6, 9), images: 2)
    let kernel = convolution.makeKernel(.best)
    let input = BlockedActivations(random: convolution.inputLayout, images: 2, seed: 1)
    let alone = BlockedActivations(convolution.outputLayout, images: 2)
    kernel.run(input: input.view, output: alone.view, images: 2)
    var layout = convolution.outputLayout
    layout.channels = 32 + 24
    let joined = BlockedActivations(layout, images: 2)
    kernel.run(
      input: input.view, output: joined.view.channels(from: 32, count: 24), images: 2)
    for p in joined.positions() {
      let expected = p.c < 32 ? GuardedFloats.untouched : alone[p.image, p.c - 32, p.y, p.x]
      #expect(joined[p.image, p.c, p.y, p.x] == expected)
    }
  }

  @Test(
    arguments: InstructionSet.available, [(0, 58), (58, 58), (3, 16), (16, 32), (31, 2), (7, 90)])
  func `a split takes a range of channels`(
    set: InstructionSet, range: (from: Int, count: Int)
  ) throws {
    let input = BlockedActivations(random: Self.layout(116, halo: 1), images: 2, seed: 1)
    let output = BlockedActivations(Self.layout(range.count), images: 2)
    try set.kernels.copyChannels(
      input.view, from: range.from, to: output.view, at: 0, count: range.count, images: 2)
    #expect(output.keepsHalo)
    for p in output.positions() {
      #expect(output[p.image, p.c, p.y, p.x] == input[p.image, range.from + p.c, p.y, p.x])
    }
  }

  @Test(arguments: InstructionSet.available, [(116, 2), (24, 3), (64, 4)])
  func `a shuffle permutes the channels`(
    set: InstructionSet, shape: (channels: Int, groups: Int)
  ) throws {
    let perGroup = shape.channels / shape.groups
    let table = (0..<shape.channels).map { c in
      Int32(c % shape.groups * perGroup + c / shape.groups)
    }
    let input = BlockedActivations(random: Self.layout(shape.channels), images: 2, seed: 1)
    let output = BlockedActivations(Self.layout(shape.channels, halo: 2), images: 2)
    try set.kernels.gatherChannels(
      input.view, channels: table, output: output.view, images: 2)
    #expect(output.keepsHalo)
    for p in output.positions() {
      #expect(output[p.image, p.c, p.y, p.x] == input[p.image, Int(table[p.c]), p.y, p.x])
    }
  }
}
