import CPlatform
import Synchronization

/// Threads that work on one thing together: the caller's and some that wait for it.
///
/// Waiting threads look again and again for a moment, then sleep. One thread at a time may call `run`.
public final class Team: Sendable {
  private let state: TeamState

  /// How many threads there are, with the caller's.
  public var count: Int { state.count }

  /// Starts the threads; fewer where the system has no more.
  public init(threads: Int) {
    precondition(threads > 0)
    var started = 1
    // The number of threads is known only when all have been started: they wait for the first work.
    let count = TeamSize()
    let state = TeamState(count)
    while started < threads {
      let index = started
      guard let thread = WorkerThread("team-\(index)", { state.work(as: index) }) else { break }
      thread.detach()
      started += 1
    }
    count.value.store(started, ordering: .sequentiallyConsistent)
    self.state = state
  }

  deinit { state.stop() }

  /// Calls `body` in every thread with the thread's number, and returns when all are done.
  ///
  /// All of them must call `meet` equally often.
  public func run(_ body: @escaping @Sendable (_ index: Int) -> Void) {
    state.run(body)
  }

  /// Waits in one of the threads until all are here; what each wrote before, all can read.
  public func meet() {
    state.barrier.wait(for: state.count)
  }
}

private final class TeamSize: Sendable {
  let value = Atomic(1)
}

/// What the threads of a team share.
private final class TeamState: @unchecked Sendable {
  // Safety: `body` is written before the start gate opens and after all have met, when no other
  // thread reads it.
  private let size: TeamSize
  private var body: (@Sendable (Int) -> Void)?
  private let start = Gate()
  private let isStopped = Atomic(false)
  let barrier = Barrier()

  init(_ size: TeamSize) { self.size = size }

  var count: Int { size.value.load(ordering: .relaxed) }

  func run(_ body: @escaping @Sendable (Int) -> Void) {
    guard count > 1 else { return body(0) }
    self.body = body
    start.open()
    body(0)
    barrier.wait(for: count)
    self.body = nil
  }

  func work(as index: Int) {
    var turn = 0
    while true {
      start.wait(after: turn)
      turn += 1
      if isStopped.load(ordering: .sequentiallyConsistent) { return }
      body?(index)
      barrier.wait(for: count)
    }
  }

  func stop() {
    isStopped.store(true, ordering: .sequentiallyConsistent)
    start.open()
  }
}

/// Where threads wait until each of them has come.
private final class Barrier: Sendable {
  private let arrived = Atomic(0)
  private let gate = Gate()

  func wait(for count: Int) {
    let turn = gate.turn
    if arrived.add(1, ordering: .sequentiallyConsistent).newValue == count {
      arrived.store(0, ordering: .sequentiallyConsistent)
      gate.open()
    } else {
      gate.wait(after: turn)
    }
  }
}

/// Lets the threads that wait pass, turn by turn.
private final class Gate: Sendable {
  private let turns = Atomic(0)
  private let sleepers = Atomic(0)
  /// The turn that sleepers were last woken for.
  private let monitor = Monitor(0)

  /// How often to look before sleeping: about a tenth of a millisecond.
  private static let looks = 4000

  /// How often it has been opened.
  var turn: Int { turns.load(ordering: .sequentiallyConsistent) }

  func open() {
    turns.add(1, ordering: .sequentiallyConsistent)
    // A thread that counts itself later sees the new turn before it sleeps.
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { monitor.update { $0 = turn } }
  }

  /// Returns when it has been opened more than `turn` times.
  func wait(after turn: Int) {
    for _ in 0..<Self.looks {
      if turns.load(ordering: .acquiring) > turn { return }
      ic_relax()
    }
    sleepers.add(1, ordering: .sequentiallyConsistent)
    let _: Bool = monitor.wait { _ in self.turn > turn ? true : nil }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
  }
}
