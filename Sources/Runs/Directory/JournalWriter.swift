import CPlatform
import Faults
import FileAccess
import JSON
import Workers

/// The end of the journal that this process appends to; several threads may.
///
/// Starts are written at once and not flushed, so that they outlive the process and not the machine.
final class JournalWriter: Sendable {
  let journal: JournalFile
  private let isDurable: Bool
  private let state: Monitor<State>

  private struct State {
    /// The length up to which everything is known to be good.
    var length: Int
    /// Nothing may be written after a flush has failed.
    var isBroken = false
  }

  init(_ journal: JournalFile, length: Int, isDurable: Bool) {
    self.journal = journal
    self.isDurable = isDurable
    state = Monitor(State(length: length))
  }

  /// Notes that items are taken up.
  func noteStart(_ sequence: Int, isAlone: Bool) throws(Fault) {
    _ = try write(JournalEvent.start(sequence, isAlone: isAlone).line())
  }

  /// Notes an event and makes it durable.
  func note(_ event: JournalEvent, _ members: [String: JSONValue] = [:]) throws(Fault) {
    _ = try append(event.line(members))
  }

  /// Appends lines in one write and makes them durable; on failure none of them counts.
  /// - Returns: the offset of the first.
  func append(_ lines: [UInt8]) throws(Fault) -> Int {
    let offset = try write(lines)
    guard isDurable else { return offset }
    do throws(Fault) {
      try journal.file.synchronizeContents()
    } catch {
      state.withLock { state in
        state.isBroken = true
        try? journal.file.truncate(to: offset)
      }
      throw error
    }
    return offset
  }

  /// Lets a crash of the process leave a line, until `endNotingCrashes`.
  func noteCrashes() {
    let line = JournalEvent.crash.line()
    ic_note_crashes(journal.file.number, line, line.count)
  }

  func endNotingCrashes() {
    ic_note_crashes(-1, nil, 0)
  }

  private func write(_ lines: [UInt8]) throws(Fault) -> Int {
    let result: Result<Int, Fault> = state.withLock { state in
      guard !state.isBroken else {
        return .failure(
          Fault(.storageIOError, "\(journal.path.display) cannot be written any more"))
      }
      do throws(Fault) {
        try journal.file.write(lines)
      } catch {
        do throws(Fault) {
          try journal.file.truncate(to: state.length)
        } catch {
          state.isBroken = true
        }
        return .failure(error)
      }
      defer { state.length += lines.count }
      return .success(state.length)
    }
    return try result.get()
  }
}
