/// Which items were begun and never finished, and how the processes ended that had begun them.
///
/// A process notes the start of an item before it touches it. What a process that closed its journal
/// had begun does not count; what one that crashed had in work counts double.
struct StartLedger {
  /// The starts of one item that were never finished.
  struct History: Hashable {
    var starts = 0
    /// Those of them where nothing else was in work.
    var alone = 0
    /// Those of them that ended in a crash that was noted, rather than in a kill or a power cut.
    var crashes = 0

    /// Whether the item is what ends the process: three crashes or six kills, two of them alone.
    ///
    /// A kill comes from outside now and then and says little; a crash comes from an item in work.
    var isPoison: Bool { starts + crashes >= 6 && alone >= 2 }
  }

  private(set) var histories: [Int: History] = [:]
  /// The items in work of the process that the journal tells about, and whether each was alone.
  private var current: [Int: Bool] = [:]

  mutating func note(_ event: JournalEvent) {
    switch event {
    case .start(let sequence, let isAlone): current[sequence] = isAlone
    case .open: settle(crashed: false)
    case .crash: settle(crashed: true)
    case .close: current = [:]
    case .pending, .other: break
    }
  }

  /// Notes that an item has a record.
  mutating func finish(_ sequence: Int) {
    current[sequence] = nil
    histories[sequence] = nil
  }

  /// Notes the end of a journal: what is in work there has not been finished.
  mutating func endOfJournal() {
    settle(crashed: false)
  }

  private mutating func settle(crashed: Bool) {
    for (sequence, isAlone) in current {
      var history = histories[sequence] ?? History()
      history.starts += 1
      if isAlone { history.alone += 1 }
      if crashed { history.crashes += 1 }
      histories[sequence] = history
    }
    current = [:]
  }
}
