import Faults
import FileAccess

/// What a process has to do for a run, after a look at the journals.
struct WorkPlan {
  /// Whether the item at each place is to be done, with others beside it.
  private(set) var pending: [Bool]
  /// Items that were in work when a process ended; each is done alone, the least suspect first.
  private(set) var suspects: [InputItem] = []
  /// Items that have ended process after process.
  private(set) var poison: [InputItem] = []
  /// The items of this process's shard, or all, and those of them that have a record.
  private(set) var counts = ItemCounts()
  private(set) var pendingCount = 0

  /// Looks through the inputs of the run; records that do not hold any more are forgotten.
  init(_ request: RunRequest, _ journals: inout JournalSet) throws(Fault) {
    pending = [Bool](repeating: false, count: request.inputs.count)
    let shard = request.shard ?? .whole
    let histories = journals.starts.histories
    for item in request.inputs where shard.owns(id: item.id) {
      counts.items += 1
      if try Self.isDone(item, request, &journals) {
        count(journals.index.failure(of: item.sequence))
        continue
      }
      guard let history = histories[item.sequence] else {
        pending[item.sequence] = true
        pendingCount += 1
        continue
      }
      if history.isPoison { poison.append(item) } else { suspects.append(item) }
    }
    suspects.sort { first, second in
      let weights = [first, second].map { item in
        histories[item.sequence].map { $0.starts + $0.crashes } ?? 0
      }
      return (weights[0], first.sequence) < (weights[1], second.sequence)
    }
  }

  var isEmpty: Bool { pendingCount == 0 && suspects.isEmpty && poison.isEmpty }

  /// Counts a record.
  mutating func count(_ failure: String?) {
    if let failure { counts.failures[failure, default: 0] += 1 } else { counts.succeeded += 1 }
  }

  private static func isDone(
    _ item: InputItem, _ request: RunRequest, _ journals: inout JournalSet
  ) throws(Fault) -> Bool {
    guard let (record, line) = try journals.read(item.sequence) else { return false }
    if let code = record.failure, request.retriesFailed,
      request.retriedCodes?.matches(Array(code.utf8)) ?? true
    {
      journals.forget(item.sequence)
      return false
    }
    if try record.isCurrent(line, item, journals.heatmaps) { return true }
    journals.forget(item.sequence)
    return false
  }
}
