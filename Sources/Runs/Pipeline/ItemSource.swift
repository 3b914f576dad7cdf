public import Workers

/// Where workers take their items from; may be asked by several threads at once.
public protocol ItemSource: Sendable {
  /// The next item. With `wait`, `nothing` is not an answer.
  func next(wait: Bool) -> BoundedQueue<InputItem>.Next
  /// Ends the source; whoever waits for an item learns it.
  func stop()
  /// How many items are left; `nil` where nobody knows.
  var remaining: Int? { get }
}

extension ItemSource {
  public var remaining: Int? { nil }
}

/// The items of a list that are still to be done, in order.
public final class ListSource: ItemSource {
  private let state: Monitor<(cursor: InputList.Cursor, remaining: Int)>
  private let isPending: @Sendable (Int) -> Bool

  /// - Parameter count: how many items are pending, at most.
  public init(
    _ list: InputList, count: Int? = nil,
    isPending: @escaping @Sendable (Int) -> Bool = { _ in true }
  ) {
    self.state = Monitor((InputList.Cursor(list), count ?? list.count))
    self.isPending = isPending
  }

  public func next(wait: Bool) -> BoundedQueue<InputItem>.Next {
    state.withLock { state in
      while let item = state.cursor.next() {
        if isPending(item.sequence) {
          state.remaining -= 1
          return .element(item)
        }
      }
      state.remaining = 0
      return .end
    }
  }

  public func stop() {
    state.withLock { $0.cursor.stop() }
  }

  public var remaining: Int? { state.withLock { $0.remaining } }
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

  var remaining: Int? { source.remaining }

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
