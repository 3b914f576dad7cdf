import CPlatform

/// A system thread with a stack that codecs and kernels fit in.
public struct WorkerThread: ~Copyable {
  private static let stackBytes = 8 << 20

  private let handle: UInt

  /// Starts a thread that runs `body`; `nil` when the system has no more threads.
  /// - Parameter name: shown by system tools; only 15 bytes count.
  public init?(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let context = Unmanaged.passRetained(Body(body))
    var handle: UInt = 0
    let error = ic_thread_start(
      &handle, Self.stackBytes, String(name.prefix(15)),
      { context in
        guard let context else { return }
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
      }, context.toOpaque())
    guard error == 0 else {
      context.release()
      return nil
    }
    self.handle = handle
  }

  /// Waits until the thread has ended.
  public consuming func join() {
    ic_thread_join(handle)
  }

  /// Lets the thread end on its own.
  public consuming func detach() {
    ic_thread_detach(handle)
  }

  /// How many processors this process may use.
  public static var usableProcessors: Int { Int(ic_usable_processors()) }
}

private final class Body: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) {
    self.run = run
  }
}
