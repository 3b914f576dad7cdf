import InfercamTestSupport
import Kernels
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Memory of exactly the size a view needs, between guards that show when a kernel strays.
///
/// A page that nobody may touch follows the memory, so that reading past the end stops the test.
/// Fresh memory holds a number that no test computes; the padding lanes and the halo keep it unless
/// a kernel writes there.
final class GuardedFloats {
  static let untouched: Float = 12345.678
  private static let sentinel: Float = -98765.43
  private let pages: UnsafeMutableRawPointer
  private let byteCount: Int
  private let count: Int
  /// On a 64-byte boundary, so that up to 15 floats lie between the end and the page.
  let base: UnsafeMutablePointer<Float>

  init(count: Int) {
    let page = Int(getpagesize())
    let padded = (count + 15) / 16 * 16
    let size = (padded * 4 + 256 + page - 1) / page * page
    let pages = mmap(nil, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let pages, pages != MAP_FAILED, mprotect(pages + size, page, PROT_NONE) == 0 else {
      preconditionFailure("no memory for a test")
    }
    self.pages = pages
    self.byteCount = size + page
    self.count = count
    let floats = pages.initializeMemory(as: Float.self, repeating: Self.sentinel, count: size / 4)
    base = floats + (size / 4 - padded)
    base.update(repeating: Self.untouched, count: count)
  }

  convenience init(_ elements: [Float]) {
    self.init(count: elements.count)
    for (index, element) in elements.enumerated() { base[index] = element }
  }

  deinit { munmap(pages, byteCount) }

  var elements: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }

  var isFinite: Bool { elements.allSatisfy(\.isFinite) }

  /// Whether nothing was written before or after the memory.
  var isIntact: Bool {
    let end = (count + 15) / 16 * 16
    return (-64..<0).allSatisfy { base[$0] == Self.sentinel }
      && (count..<end).allSatisfy { base[$0] == Self.sentinel }
  }

  /// Whether both hold the same bits.
  func hasBits(of other: GuardedFloats) -> Bool {
    count == other.count
      && (0..<count).allSatisfy { base[$0].bitPattern == other.base[$0].bitPattern }
  }
}

/// Images in blocks of channels, with a plain copy for the references.
struct BlockedActivations {
  let arena: GuardedFloats
  let view: BlockedView
  let images: Int

  /// Memory whose values are still undefined.
  init(_ layout: ActivationLayout, images: Int) {
    self.images = images
    arena = GuardedFloats(count: layout.blockedImageFloats * images)
    view = BlockedView(base: arena.base, layout: layout)
  }

  /// Random values in the pixels, zeros in the halo, and noise in the padding lanes.
  init(
    random layout: ActivationLayout, images: Int, seed: UInt64,
    in range: ClosedRange<Double> = -1...1
  ) {
    self.init(layout, images: images)
    var seeded = SeededTensors(seed: seed)
    for image in 0..<images {
      for c in 0..<layout.blockCount * 16 {
        for y in 0..<layout.height {
          for x in 0..<layout.width {
            arena.base[offset(image, c, y, x)] = Float(seeded.number(in: range))
          }
        }
      }
    }
    BlockedKernels.best.zeroHalo(view, images: images)
  }

  /// The position of one element in the arena.
  func offset(_ image: Int, _ c: Int, _ y: Int, _ x: Int) -> Int {
    let layout = view.layout
    let rowPixels = layout.halo.left + layout.width + layout.halo.right
    let planePixels = (layout.halo.top + layout.height + layout.halo.bottom) * rowPixels
    let pixel = (layout.halo.top + y) * rowPixels + layout.halo.left + x
    return image * view.imageStride + (c / 16 * planePixels + pixel) * 16 + c % 16
  }

  subscript(image: Int, c: Int, y: Int, x: Int) -> Float {
    arena.base[offset(image, c, y, x)]
  }

  /// The element, or zero in the padding.
  func padded(_ image: Int, _ c: Int, _ y: Int, _ x: Int) -> Double {
    let layout = view.layout
    guard y >= 0, y < layout.height, x >= 0, x < layout.width else { return 0 }
    return Double(self[image, c, y, x])
  }

  /// All (image, c, y, x) of a layout, or about `limit` of them, drawn evenly.
  func positions(limit: Int = .max) -> [(image: Int, c: Int, y: Int, x: Int)] {
    let layout = view.layout
    let total = images * layout.channels * layout.height * layout.width
    var seeded = SeededTensors(seed: 7)
    return (0..<min(total, limit)).map { index in
      var rest = total <= limit ? index : seeded.integer(in: 0...total - 1)
      let x = rest % layout.width
      rest /= layout.width
      let y = rest % layout.height
      rest /= layout.height
      return (rest / layout.channels, rest % layout.channels, y, x)
    }
  }

  /// Whether nothing was written around the arena or into the halo.
  var keepsHalo: Bool {
    let layout = view.layout
    var isPixel = [Bool](repeating: false, count: layout.blockedImageFloats * images)
    for image in 0..<images {
      for c in 0..<layout.blockCount * 16 {
        for y in 0..<layout.height {
          for x in 0..<layout.width { isPixel[offset(image, c, y, x)] = true }
        }
      }
    }
    return arena.isIntact
      && isPixel.indices.allSatisfy { isPixel[$0] || arena.base[$0] == GuardedFloats.untouched }
  }
}

/// Compares results with references; errors are relative to the references' root mean square.
struct ErrorMeter {
  private var count = 0
  private var squares = 0.0
  private var squaredError = 0.0
  private var largestError = 0.0

  mutating func add(_ result: Float, _ reference: Double) {
    let error = Double(result) - reference
    count += 1
    squares += reference * reference
    squaredError += error * error
    largestError = error.isNaN ? .infinity : max(largestError, abs(error))
  }

  var largest: Double { largestError / (squares / Double(max(count, 1))).squareRoot() }
  var rms: Double { (squaredError / squares).squareRoot() }
}

extension InstructionSet {
  /// Those this machine can run.
  static var available: [InstructionSet] { allCases.filter(\.isAvailable) }

  var kernels: BlockedKernels {
    get throws { try #require(BlockedKernels(self)) }
  }
}

/// Random elements.
func randomFloats(_ count: Int, seed: UInt64, in range: ClosedRange<Double> = -1...1) -> [Float] {
  var seeded = SeededTensors(seed: seed)
  return (0..<count).map { _ in Float(seeded.number(in: range)) }
}
