import Faults
import Kernels
import Tensors

/// One kernel call of the plan, with its memory bound: computes some images' outputs from their
/// inputs.
struct Step: Sendable {
  typealias Body =
    @Sendable (_ images: Range<Int>, _ arena: Arena, _ share: Share) throws(Fault) -> Void

  /// Who computes it when several threads work on the same images.
  enum Division: Sendable, Equatable {
    /// One thread.
    case none
    /// One thread; the step after it neither reads nor writes what it writes.
    case aside
    /// Each thread its share.
    case shares
  }

  let division: Division
  let run: Body

  /// A step for one thread.
  init(
    isAside: Bool = false,
    run: @escaping @Sendable (_ images: Range<Int>, _ arena: Arena) throws(Fault) -> Void
  ) {
    self.division = isAside ? .aside : .none
    self.run = { (images, arena, share) throws(Fault) in try run(images, arena) }
  }

  /// A step that threads divide, where it is large enough.
  /// - Parameter work: what it does for an image.
  init(dividing work: Work, run: @escaping Body) {
    self.division = work.isWorthMeeting ? .shares : .none
    self.run = run
  }
}

/// How much there is to do, from the shape of a layer alone.
enum Work {
  case multiplications(Int)
  /// Floats that are read or written with little arithmetic.
  case floats(Int)

  /// Whether it takes several times as long as threads need to meet.
  var isWorthMeeting: Bool {
    switch self {
    case .multiplications(let count): count >= 400_000
    case .floats(let count): count >= 16_384
    }
  }
}

/// A plane-wise value in the arena.
struct PlanesAt: Hashable, Sendable {
  let place: Place
  let layout: ActivationLayout

  /// The blocked planes of one image and, by stride, of those after it.
  func view(_ arena: Arena, _ image: Int) -> BlockedView {
    BlockedView(
      base: arena.pointer(place, image: image), layout: layout,
      imageStride: arena.imageStride(place))
  }

  /// The same memory as separate planes per channel.
  func planar(_ arena: Arena, _ image: Int) -> PlanarView {
    PlanarView(
      base: arena.pointer(place, image: image), layout: layout,
      imageStride: arena.imageStride(place))
  }
}

/// A value of an 8-bit grid in the arena.
struct BytesAt: Hashable, Sendable {
  let place: Place
  let layout: ActivationLayout

  /// The byte planes of one image and, by stride, of those after it.
  func view(_ arena: Arena, _ image: Int) -> ByteView {
    let base = UnsafeMutableRawPointer(arena.pointer(place, image: image))
    return ByteView(
      base: base.assumingMemoryBound(to: UInt8.self), layout: layout,
      imageStride: arena.imageStride(place) * MemoryLayout<Float>.stride)
  }
}

/// A row-major matrix per image in the arena.
struct RowsAt: Hashable, Sendable {
  let place: Place
  /// Rows of one image.
  let rows: Int
  let columns: Int

  /// The rows of one image.
  func view(_ arena: Arena, _ image: Int) -> RowsView {
    RowsView(base: arena.pointer(place, image: image), rows: rows, columns: columns)
  }

  /// Whether the rows of the images follow one another without a gap.
  func isGapless(_ arena: Arena) -> Bool { arena.imageStride(place) == rows * columns }

  /// The rows of all images, for values that are a single row or gapless.
  func stacked(_ arena: Arena, _ images: Range<Int>) -> RowsView {
    precondition(rows == 1 || images.count == 1 || isGapless(arena))
    return RowsView(
      base: arena.pointer(place, image: images.lowerBound), rows: rows * images.count,
      columns: columns, rowStride: rows > 1 ? columns : max(arena.imageStride(place), columns))
  }
}
