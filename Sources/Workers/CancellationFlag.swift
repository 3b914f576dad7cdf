import Synchronization

/// A flag that asks all workers to finish what they hold and take nothing new.
public final class CancellationFlag: Sendable {
  private let isSet = Atomic(false)

  public init() {}

  public var isCancelled: Bool { isSet.load(ordering: .acquiring) }

  public func cancel() {
    isSet.store(true, ordering: .releasing)
  }
}
