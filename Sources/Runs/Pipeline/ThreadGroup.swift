import Workers

/// Threads that end together.
struct ThreadGroup: ~Copyable {
  private var handles: [Box] = []

  private final class Box {
    var thread: WorkerThread?

    init(_ thread: consuming WorkerThread) {
      self.thread = consume thread
    }
  }

  var isEmpty: Bool { handles.isEmpty }

  mutating func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    guard let thread = WorkerThread(name, body) else { return false }
    handles.append(Box(thread))
    return true
  }

  mutating func join() {
    for handle in handles { handle.thread.take()?.join() }
    handles = []
  }
}
