import Workers

/// Memory that all workers share for images that are decoded and not yet done with.
///
/// Whoever asks for more than is left waits, in the order of asking. Who asks for more than there is
/// gets it when nobody else has anything.
public final class MemoryBudget: Sendable {
  public let total: Int
  private let state = Monitor(State())

  private struct State {
    var reserved = 0
    /// The turn of the next who asks, and the one whose turn it is.
    var nextTurn = 0
    var turn = 0
  }

  public init(total: Int) {
    self.total = total
  }

  /// A part of the memory, given back when nobody refers to it any more.
  final class Reservation: Sendable {
    private let budget: MemoryBudget
    private let bytes: Monitor<Int>

    fileprivate init(_ budget: MemoryBudget, _ bytes: Int) {
      self.budget = budget
      self.bytes = Monitor(bytes)
    }

    /// Gives back what is beyond `count` bytes.
    func shrink(to count: Int) {
      let surplus = bytes.withLock { bytes in
        let surplus = max(0, bytes - count)
        bytes -= surplus
        return surplus
      }
      if surplus > 0 { budget.state.update { $0.reserved -= surplus } }
    }

    deinit { shrink(to: 0) }
  }

  /// Takes memory if it can be had at once, and nobody waits for some.
  func reserveIfAvailable(_ bytes: Int) -> Reservation? {
    let isTaken = state.withLock { state in
      guard state.turn == state.nextTurn, fits(bytes, state) else { return false }
      state.reserved += bytes
      return true
    }
    return isTaken ? Reservation(self, bytes) : nil
  }

  /// Takes memory, waiting for it; who waits must hold none.
  func reserve(_ bytes: Int) -> Reservation {
    let mine = state.withLock { state in
      defer { state.nextTurn += 1 }
      return state.nextTurn
    }
    let _: Bool = state.wait { state in
      guard state.turn == mine, fits(bytes, state) else { return nil }
      state.turn += 1
      state.reserved += bytes
      return true
    }
    return Reservation(self, bytes)
  }

  private func fits(_ bytes: Int, _ state: State) -> Bool {
    state.reserved == 0 || bytes <= total - state.reserved
  }
}
