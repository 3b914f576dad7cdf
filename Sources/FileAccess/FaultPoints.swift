#if DEBUG
public import Faults
import Workers

#if canImport(Glibc)
import Glibc
#endif

/// Faults that a debug build makes happen at its calls of the system; release builds have none.
///
/// A plan is a list of entries separated by commas, `CALL:FAULT:N[:always]`: the Nth call of this
/// name by any thread fails, with `always` every later one too. `CALL` is a `SystemCall`; `FAULT` is
/// `EIO`, `ENOSPC`, `EDQUOT`, `EINTR`, `EMFILE`, `ENOMEM`, `EACCES`, `EROFS`, `short` (a write of
/// half the bytes), `kill` (SIGKILL before the call), `abort` or `pass` (the call is told and made).
/// `item:abort:ID`, `item:kill:ID` and `item:hang:ID` happen when a worker starts the item with this
/// id; with `item:stall:ID` its file never answers.
public enum FaultPoints {
  /// What happens at a call.
  enum Effect: Sendable, Hashable {
    case error(Int32)
    case short
    case kill
    case abort
    case hang
    /// A hang of the reading of an item.
    case stall
    /// Nothing but what is told on stderr.
    case pass
  }

  private struct Entry {
    var effect: Effect
    var first: Int
    var isPersistent: Bool
  }

  private struct State {
    var entries: [SystemCall: [Entry]] = [:]
    var counts: [SystemCall: Int] = [:]
    var items: [String: Effect] = [:]
    var isEmpty = true
  }

  private static let state = Monitor(State())

  /// Replaces the plan and starts counting anew.
  /// - Throws: `Fault` with code `param.out_of_range` for a plan that cannot be read.
  public static func install(_ plan: String) throws(Fault) {
    var next = State()
    for entry in plan.split(separator: ",") {
      let fields = entry.split(separator: ":", maxSplits: 2).map(String.init)
      guard fields.count == 3, let effect = effect(named: fields[1]) else {
        throw Fault(.paramOutOfRange, "\(entry) is no fault point: write CALL:FAULT:N[:always]")
      }
      if fields[0] == "item" {
        next.items[fields[2]] = effect
        continue
      }
      let rest = fields[2].split(separator: ":")
      guard let call = SystemCall(rawValue: fields[0]), let first = Int(rest[0]), first > 0,
        rest.count == 1 || ["once", "always"].contains(rest[1])
      else {
        throw Fault(.paramOutOfRange, "\(entry) is no fault point: write CALL:FAULT:N[:always]")
      }
      let isPersistent = rest.count > 1 && rest[1] == "always"
      next.entries[call, default: []].append(
        Entry(effect: effect, first: first, isPersistent: isPersistent))
    }
    next.isEmpty = next.entries.isEmpty && next.items.isEmpty
    state.withLock { $0 = next }
  }

  /// Lets happen what is planned for the start of an item.
  public static func reach(item id: String) {
    guard let effect = state.withLock({ $0.isEmpty ? nil : $0.items[id] }), effect != .stall
    else { return }
    tell("item \(id)")
    perform(effect)
  }

  /// Lets happen what is planned for the reading of an item.
  public static func reach(reading id: String) {
    guard state.withLock({ $0.isEmpty ? nil : $0.items[id] }) == .stall else { return }
    tell("item \(id)")
    perform(.hang)
  }

  /// Counts a call; returns what is to happen instead of it.
  static func reach(_ call: SystemCall) -> Effect? {
    let (effect, count) = state.withLock { state -> (Effect?, Int) in
      if state.isEmpty { return (nil, 0) }
      let count = state.counts[call, default: 0] + 1
      state.counts[call] = count
      let entry = state.entries[call]?.first {
        $0.isPersistent ? count >= $0.first : count == $0.first
      }
      return (entry?.effect, count)
    }
    guard let effect else { return nil }
    tell("\(call.rawValue) \(count)")
    perform(effect)
    return effect
  }

  private static func perform(_ effect: Effect) {
    switch effect {
    case .kill: kill(getpid(), SIGKILL)
    case .abort: Glibc.abort()
    case .hang: while true { pause() }
    case .error, .short, .pass, .stall: break
    }
  }

  /// Says on stderr that a fault happened, so that a sweep knows when it has passed the last call.
  private static func tell(_ place: String) {
    let text = Array("fault point: \(place)\n".utf8)
    _ = text.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  private static func effect(named name: String) -> Effect? {
    let errors: [String: Int32] = [
      "EIO": EIO, "ENOSPC": ENOSPC, "EDQUOT": EDQUOT, "EINTR": EINTR, "EMFILE": EMFILE,
      "ENOMEM": ENOMEM, "EACCES": EACCES, "EROFS": EROFS,
    ]
    if let error = errors[name] { return .error(error) }
    switch name {
    case "short": return .short
    case "kill": return .kill
    case "abort": return .abort
    case "hang": return .hang
    case "stall": return .stall
    case "pass": return .pass
    default: return nil
    }
  }
}
#endif
