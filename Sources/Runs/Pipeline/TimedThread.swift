import Faults
import Synchronization
import Workers

/// A thread that makes calls which may never return; whoever has waited long enough leaves it behind.
struct TimedThread: ~Copyable {
  private let abandoned: AbandonedCalls
  private var jobs: BoundedQueue<@Sendable () -> Void>?

  init(_ abandoned: AbandonedCalls) {
    self.abandoned = abandoned
  }

  deinit { jobs?.close() }

  /// Calls `body` on the thread.
  ///
  /// - Returns: `nil` when the time is up; the call goes on then, and what it returns is dropped.
  /// - Throws: `Fault` when too many calls have been left behind, or no thread can be started.
  mutating func call<Result: Sendable>(
    seconds: Double, _ body: @escaping @Sendable () -> Result
  ) throws(Fault) -> Result? {
    let jobs = try thread()
    let answer = Monitor<Answer<Result>>(.none)
    let abandoned = abandoned
    jobs.push {
      let result = body()
      let wasLeft = answer.update { answer in
        if case .left = answer { return true }
        answer = .result(result)
        return false
      }
      if wasLeft { abandoned.count.subtract(1, ordering: .relaxed) }
    }
    let milliseconds = Int(min(seconds * 1000, 1e9).rounded(.up))
    let result = answer.wait(milliseconds: milliseconds) { answer -> Result? in
      if case .result(let result) = answer { return result }
      return nil
    }
    if let result { return result }
    // It may have returned just now.
    let late = answer.withLock { answer -> Result? in
      if case .result(let result) = answer { return result }
      answer = .left
      abandoned.count.add(1, ordering: .relaxed)
      return nil
    }
    if let late { return late }
    jobs.close()
    self.jobs = nil
    return nil
  }

  private enum Answer<Result: Sendable>: Sendable {
    case none
    case result(Result)
    case left
  }

  private mutating func thread() throws(Fault) -> BoundedQueue<@Sendable () -> Void> {
    if let jobs { return jobs }
    guard abandoned.count.load(ordering: .relaxed) < AbandonedCalls.limit else {
      throw Fault(
        .storageIOError,
        "\(AbandonedCalls.limit) inputs are being read without an end: "
          + "check the file system that they are on, and run the same command again")
    }
    let jobs = BoundedQueue<@Sendable () -> Void>(capacity: 1)
    let thread = WorkerThread("reader") {
      while let job = jobs.pop() { job() }
    }
    guard let thread else { throw Fault(.resourceExhausted, "no thread could be started") }
    thread.detach()
    self.jobs = jobs
    return jobs
  }
}

/// How many calls have been left behind and still go on, over all threads of a pipeline.
final class AbandonedCalls: Sendable {
  /// Each holds a thread with its stack, and what it has read.
  static let limit = 64

  fileprivate let count = Atomic(0)

  init() {}
}
