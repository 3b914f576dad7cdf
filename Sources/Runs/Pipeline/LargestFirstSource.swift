import FileAccess
import Images
import Workers

/// Hands out the last items of a source with the large ones first, so that no worker begins a large image
/// when the others have nothing left to do.
final class LargestFirstSource: ItemSource {
  /// Items that take less than this are left in their order.
  static let leastWeight = 32 << 20

  private let source: any ItemSource
  private let window: Int
  private let weight: @Sendable (InputItem) -> Int
  private let last = Monitor<ArraySlice<InputItem>?>(nil)

  /// - Parameters:
  ///   - window: how many items are put in order; the source has to know how many remain.
  ///   - weight: about how many bytes of memory an item takes; called once for each of them.
  init(
    _ source: any ItemSource, window: Int, weight: @escaping @Sendable (InputItem) -> Int
  ) {
    self.source = source
    self.window = window
    self.weight = weight
  }

  func next(wait: Bool) -> BoundedQueue<InputItem>.Next {
    last.withLock { last in
      if last == nil {
        guard let remaining = source.remaining, remaining <= window else {
          return source.next(wait: wait)
        }
        last = ordered()[...]
      }
      return last?.popFirst().map { .element($0) } ?? .end
    }
  }

  var remaining: Int? { last.withLock { $0?.count } ?? source.remaining }

  func stop() {
    source.stop()
    last.withLock { $0 = [] }
  }

  private func ordered() -> [InputItem] {
    var items: [InputItem] = []
    while case .element(let item) = source.next(wait: true) { items.append(item) }
    let weighed = items.map { (item: $0, weight: weight($0)) }
    let isLarge = { (entry: (item: InputItem, weight: Int)) in entry.weight >= Self.leastWeight }
    let large = weighed.filter(isLarge).sorted {
      ($1.weight, $0.item.sequence) < ($0.weight, $1.item.sequence)
    }
    return (large + weighed.filter { !isLarge($0) }).map(\.item)
  }
}

extension InputReader {
  private static let headBytes = 64 << 10
  private static let leastBytes = 256 << 10

  /// About how many bytes of memory decoding an item takes, by the beginning of its file; 0 for small files
  /// and what is no file.
  func weight(of item: InputItem) -> Int {
    guard item.fault == nil, item.arrayIndex == nil, let stamp = stamp(of: item),
      stamp.kind == .regular, stamp.size >= Self.leastBytes
    else { return 0 }
    let head = try? open(item.path).read(at: 0, count: Self.headBytes)
    let header = head?.withUnsafeBytes { try? ImageHeader.read($0) }
    return header?.estimatedBytes ?? stamp.size
  }
}
