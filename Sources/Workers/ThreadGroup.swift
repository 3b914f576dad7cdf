/// Threads that end together.
public struct ThreadGroup: ~Copyable {
  private var handles: [Box] = []

  private final class Box {
    var thread: WorkerThread?

    init(_ thread: consuming WorkerThread) {
      self.thread = consume thread
    }
  }

  public init() {}

  public var isEmpty: Bool { handles.isEmpty }

  /// Starts a thread; false when the system has no more.
  public mutating func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    guard let thread = WorkerThread(name, body) else { return false }
    handles.append(Box(thread))
    return true
  }

  /// Waits until all of them have ended.
  public mutating func join() {
    for handle in handles { handle.thread.take()?.join() }
    handles = []
  }
}

/// Computes a value for each place from 0 on in a few threads, which have ended when it returns.
///
/// - Parameter makeWorker: called once in each thread; what it returns is called for one place after
///   another.
/// - Returns: the values in the order of their places; `nil` when no thread could be started.
public func computeInThreads<Value: Sendable>(
  _ count: Int, threads: Int, name: String,
  _ makeWorker: @escaping @Sendable () -> (_ place: Int) -> Value
) -> [Value]? {
  let work = Monitor(PlacesOfWork<Value>(count: count))
  var group = ThreadGroup()
  for index in 0..<min(max(1, threads), count) {
    _ = group.start("\(name)-\(index)") {
      let compute = makeWorker()
      while let place = work.withLock({ $0.next() }) {
        let value = compute(place)
        work.withLock { $0.values[place] = value }
      }
    }
  }
  if group.isEmpty, count > 0 { return nil }
  group.join()
  return work.withLock { $0.values }.compactMap(\.self)
}

private struct PlacesOfWork<Value: Sendable>: Sendable {
  var values: [Value?]
  private var taken = 0

  init(count: Int) {
    values = [Value?](repeating: nil, count: count)
  }

  mutating func next() -> Int? {
    guard taken < values.count else { return nil }
    taken += 1
    return taken - 1
  }
}
