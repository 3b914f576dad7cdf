public import Workers

/// Where workers take their items from; may be asked by several threads at once.
public protocol ItemSource: Sendable {
  /// The next item. With `wait`, `nothing` is not an answer.
  func next(wait: Bool) -> BoundedQueue<InputItem>.Next
  /// Ends the source; whoever waits for an item learns it.
  func stop()
}

/// The items of a list that are still to be done, in order.
public final class ListSource: ItemSource {
  private let cursor: Monitor<InputList.Cursor>
  private let isPending: @Sendable (Int) -> Bool

  public init(_ list: InputList, isPending: @escaping @Sendable (Int) -> Bool = { _ in true }) {
    self.cursor = Monitor(InputList.Cursor(list))
    self.isPending = isPending
  }

  public func next(wait: Bool) -> BoundedQueue<InputItem>.Next {
    cursor.withLock { cursor in
      while let item = cursor.next() {
        if isPending(item.sequence) { return .element(item) }
      }
      return .end
    }
  }

  public func stop() {
    cursor.withLock { $0.stop() }
  }
}

/// A single item.
final class OneItemSource: ItemSource {
  private let item: Monitor<InputItem?>

  init(_ item: InputItem) {
    self.item = Monitor(item)
  }

  func next(wait: Bool) -> BoundedQueue<InputItem>.Next {
    item.withLock { $0.take() }.map { .element($0) } ?? .end
  }

  func stop() {
    item.withLock { $0 = nil }
  }
}

/// A source whose items are reported in order: it never runs further ahead than a window.
final class WindowedSource: ItemSource {
  private let source: any ItemSource
  private let window: Int
  private let progress = Monitor(Progress())

  private struct Progress {
    var taken = 0
    var reported = 0
    var isStopped = false
  }

  init(_ source: any ItemSource, window: Int) {
    self.source = source
    self.window = window
  }

  func next(wait: Bool) -> BoundedQueue<InputItem>.Next {
    let mayTake: Bool =
      wait
      ? progress.wait { hasRoom($0) ? Self.take(&$0) : nil }
      : progress.withLock { hasRoom($0) && Self.take(&$0) }
    guard mayTake else { return .nothing }
    let next = source.next(wait: wait)
    if case .element = next { return next }
    progress.update { $0.taken -= 1 }
    return next
  }

  /// Lets one more item in.
  func didReport() {
    progress.update { $0.reported += 1 }
  }

  func stop() {
    source.stop()
    progress.update { $0.isStopped = true }
  }

  private func hasRoom(_ progress: Progress) -> Bool {
    progress.isStopped || progress.taken - progress.reported < window
  }

  private static func take(_ progress: inout Progress) -> Bool {
    progress.taken += 1
    return true
  }
}

/// Items that arrive while the workers run.
public final class StreamSource: ItemSource {
  private let queue: BoundedQueue<InputItem>

  public init(capacity: Int) {
    queue = BoundedQueue(capacity: capacity)
  }

  public func next(wait: Bool) -> BoundedQueue<InputItem>.Next {
    if !wait { return queue.popIfAvailable() }
    return queue.pop().map { .element($0) } ?? .end
  }

  /// Adds an item, waiting for room; false when the stream has been closed.
  public func push(_ item: InputItem) -> Bool {
    queue.push(item)
  }

  public func stop() {
    queue.close()
  }
}
