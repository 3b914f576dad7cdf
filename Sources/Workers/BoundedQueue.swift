/// A queue between threads that makes producers wait when it is full.
public final class BoundedQueue<Element: Sendable>: Sendable {
  private struct State {
    var elements: [Element] = []
    var isClosed = false
  }

  /// What a consumer finds.
  public enum Next: Sendable {
    case element(Element)
    /// Nothing now; more may come.
    case nothing
    /// Nothing any more.
    case end
  }

  private let monitor = Monitor(State())
  private let capacity: Int

  public init(capacity: Int) {
    precondition(capacity > 0)
    self.capacity = capacity
  }

  /// Appends an element, waiting for room; returns false when the queue is closed.
  @discardableResult
  public func push(_ element: Element) -> Bool {
    monitor.wait { state in
      if state.isClosed { return false }
      guard state.elements.count < capacity else { return nil }
      state.elements.append(element)
      return true
    }
  }

  /// Takes the first element, waiting for one; `nil` when the queue is closed and empty.
  public func pop() -> Element? {
    let next: Next = monitor.wait { state in
      if !state.elements.isEmpty { return .element(state.elements.removeFirst()) }
      return state.isClosed ? .end : nil
    }
    if case .element(let element) = next { return element }
    return nil
  }

  /// Takes the first element if there is one.
  public func popIfAvailable() -> Next {
    monitor.update { state in
      if !state.elements.isEmpty { return .element(state.elements.removeFirst()) }
      return state.isClosed ? .end : .nothing
    }
  }

  /// Takes up to `limit` elements, waiting for the first, and then `linger` milliseconds for more;
  /// empty when the time is up or at the end.
  public func popBatch(
    limit: Int, milliseconds: Int, linger: Int = 0
  ) -> (elements: [Element], isEnd: Bool) {
    let mayTake: Bool? = monitor.wait(milliseconds: milliseconds) { state in
      state.elements.isEmpty && !state.isClosed ? nil : true
    }
    guard mayTake != nil else { return ([], false) }
    if linger > 0, limit > 1 {
      let target = min(limit, capacity)
      let _: Bool? = monitor.wait(milliseconds: linger) { state in
        state.elements.count < target && !state.isClosed ? nil : true
      }
    }
    return monitor.update { state in
      let count = min(limit, state.elements.count)
      let elements = Array(state.elements.prefix(count))
      state.elements.removeFirst(count)
      return (elements, count == 0 && state.isClosed)
    }
  }

  /// Lets nothing more in; what is inside can still be taken.
  public func close() {
    monitor.update { $0.isClosed = true }
  }
}
