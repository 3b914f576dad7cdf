import Kernels
import Testing

struct BlockedReorderTests {
  static let layouts: [ActivationLayout] = [
    .init(channels: 16, height: 4, width: 4),
    .init(channels: 3, height: 7, width: 33, halo: .init(top: 1, left: 1, bottom: 2, right: 3)),
    .init(channels: 40, height: 5, width: 16, halo: .init(top: 0, left: 0, bottom: 1, right: 0)),
    .init(channels: 17, height: 1, width: 1),
    .init(channels: 64, height: 6, width: 50, halo: .init(top: 2, left: 0, bottom: 0, right: 1)),
  ]

  @Test(arguments: InstructionSet.available, layouts)
  func `plain images become blocks and come back`(
    set: InstructionSet, layout: ActivationLayout
  ) throws {
    let kernels = try set.kernels
    let count = 2 * layout.channels * layout.height * layout.width
    let plain = GuardedFloats(randomFloats(count, seed: 1))
    let blocked = BlockedActivations(layout, images: 2)
    kernels.reorder(nchw: plain.base, to: blocked.view, images: 2)
    #expect(blocked.keepsHalo)
    for p in blocked.positions() {
      let index =
        ((p.image * layout.channels + p.c) * layout.height + p.y) * layout.width + p.x
      #expect(blocked[p.image, p.c, p.y, p.x] == plain.base[index])
    }
    for c in layout.channels..<layout.blockCount * 16 {
      #expect(blocked[1, c, layout.height - 1, layout.width - 1] == 0)
    }
    let back = GuardedFloats(count: count)
    kernels.reorder(blocked.view, toNCHW: back.base, images: 2)
    #expect(back.isIntact && back.elements == plain.elements)
  }

  @Test(arguments: InstructionSet.available, layouts)
  func `blocks become token rows and come back`(
    set: InstructionSet, layout: ActivationLayout
  ) throws {
    let kernels = try set.kernels
    let blocked = BlockedActivations(random: layout, images: 2, seed: 1)
    let (rows, stride) = (2 * layout.height * layout.width, layout.channels + 2)
    let tokens = GuardedFloats(count: rows * stride)
    let view = RowsView(
      base: tokens.base, rows: rows, columns: layout.channels, rowStride: stride)
    kernels.reorder(blocked.view, to: view, images: 2)
    #expect(tokens.isIntact)
    for p in blocked.positions() {
      let row = (p.image * layout.height + p.y) * layout.width + p.x
      #expect(tokens.base[row * stride + p.c] == blocked[p.image, p.c, p.y, p.x])
      #expect(tokens.base[row * stride + layout.channels] == GuardedFloats.untouched)
    }
    let back = BlockedActivations(layout, images: 2)
    kernels.reorder(view, to: back.view, images: 2)
    #expect(back.keepsHalo)
    for p in back.positions() {
      #expect(back[p.image, p.c, p.y, p.x] == blocked[p.image, p.c, p.y, p.x])
    }
  }

  @Test(arguments: layouts)
  func `planes get a halo of zeros`(layout: ActivationLayout) {
    let plain = randomFloats(2 * layout.channels * layout.height * layout.width, seed: 1, in: 1...2)
    let planes = GuardedFloats(count: 2 * layout.planarImageFloats)
    BlockedKernels.best.reorder(
      nchw: plain, to: PlanarView(base: planes.base, layout: layout), images: 2)
    #expect(planes.isIntact)
    #expect(planes.elements.filter { $0 != 0 } == plain)
    let row = layout.halo.left + layout.width + layout.halo.right
    #expect(planes.base[layout.halo.top * row + layout.halo.left] == plain[0])
  }
}
