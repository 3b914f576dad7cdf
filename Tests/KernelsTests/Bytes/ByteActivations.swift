import InfercamTestSupport
import Kernels

/// Byte planes of several images between guard bytes, which no kernel may change.
final class ByteActivations {
  static let untouched: UInt8 = 0xA5

  let layout: ActivationLayout
  let images: Int
  private let memory: UnsafeMutablePointer<UInt8>
  private let count: Int
  private static let guardCount = 256

  /// Every byte, halo and padding lanes included, is `untouched`.
  init(_ layout: ActivationLayout, images: Int) {
    self.layout = layout
    self.images = images
    self.count = layout.blockedImageFloats * images
    let total = count + 2 * Self.guardCount
    self.memory = UnsafeMutableRawPointer.allocate(byteCount: total, alignment: 64)
      .initializeMemory(as: UInt8.self, repeating: Self.untouched, count: total)
  }

  /// Random pixels and padding lanes; the halo is `zero`.
  convenience init(random layout: ActivationLayout, images: Int, zero: UInt8, seed: UInt64) {
    self.init(layout, images: images)
    var random = SeededTensors(seed: seed)
    for index in 0..<count {
      memory[Self.guardCount + index] = UInt8(random.integer(in: 0...255))
    }
    forEachPixel { image, block, y, x, inside in
      guard !inside else { return }
      for lane in 0..<16 { memory[offset(image, block * 16 + lane, y, x)] = zero }
    }
  }

  deinit { memory.deallocate() }

  var view: ByteView { ByteView(base: memory + Self.guardCount, layout: layout) }

  subscript(image: Int, channel: Int, y: Int, x: Int) -> UInt8 {
    memory[offset(image, channel, y, x)]
  }

  /// Whether neither the halo nor what lies around the images was written to.
  var keepsSurroundings: Bool {
    var keeps = (0..<Self.guardCount).allSatisfy {
      memory[$0] == Self.untouched && memory[Self.guardCount + count + $0] == Self.untouched
    }
    forEachPixel { image, block, y, x, inside in
      if !inside, self[image, block * 16, y, x] != Self.untouched { keeps = false }
    }
    return keeps
  }

  /// Bytes of all channels, [images, C, H, W].
  var elements: [UInt8] {
    (0..<images).flatMap { image in
      (0..<layout.channels).flatMap { c in
        (0..<layout.height).flatMap { y in
          (0..<layout.width).map { x in self[image, c, y, x] }
        }
      }
    }
  }

  private func offset(_ image: Int, _ channel: Int, _ y: Int, _ x: Int) -> Int {
    let halo = layout.halo
    let rows = halo.top + layout.height + halo.bottom
    let columns = halo.left + layout.width + halo.right
    let row = channel / 16 * rows + y + halo.top
    return Self.guardCount + image * layout.blockedImageFloats
      + (row * columns + x + halo.left) * 16 + channel % 16
  }

  private func forEachPixel(_ body: (Int, Int, Int, Int, Bool) -> Void) {
    let halo = layout.halo
    for image in 0..<images {
      for block in 0..<layout.blockCount {
        for y in -halo.top..<layout.height + halo.bottom {
          for x in -halo.left..<layout.width + halo.right {
            let inside = (0..<layout.height).contains(y) && (0..<layout.width).contains(x)
            body(image, block, y, x, inside)
          }
        }
      }
    }
  }
}

extension ByteInstructionSet {
  /// Those this processor has.
  static var available: [ByteInstructionSet] { allCases.filter { ByteKernels($0) != nil } }

  var kernels: ByteKernels {
    get throws {
      guard let kernels = ByteKernels(self) else { throw Missing() }
      return kernels
    }
  }

  private struct Missing: Error {}
}
