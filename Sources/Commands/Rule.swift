import Faults
import Options
import Requests

/// What the parts of a command line must say together; checked before anything is read or started.
///
/// All that is wrong with a command line is told at once, also where single flags are refused: a rule
/// says nothing about a flag that was.
struct Rule: Sendable {
  /// What is wrong; `nil` when the rule is kept.
  let fault: @Sendable (Invocation) -> Fault?

  /// The rule that `check` throws for.
  /// - Parameter flag: the flag whose refused value would be the reason; `nil` for none.
  init(unless flag: String? = nil, _ check: @escaping @Sendable (Invocation) throws(Fault) -> Void)
  {
    fault = { invocation in
      if let flag, invocation.line.refused.contains(flag) { return nil }
      do throws(Fault) {
        try check(invocation)
        return nil
      } catch {
        return error
      }
    }
  }

  /// There is at least one input.
  static let inputs = Rule { invocation throws(Fault) in _ = try invocation.selection() }

  /// The run directory is named.
  static let output = Rule(unless: "output") { invocation throws(Fault) in
    _ = try invocation.runDirectory()
  }

  /// The options of a heatmap go together.
  static let explanation = Rule { invocation throws(Fault) in
    _ = try invocation.inferenceRequest(standard: [.png])
  }

  /// What limits a part of a run goes together.
  static let shard = Rule(unless: "shard") { invocation throws(Fault) in
    _ = try invocation.shard()
  }

  /// What is said about a job can be kept.
  static let metadata = Rule(unless: "metadata") { invocation throws(Fault) in
    _ = try invocation.metadata()
  }

  /// Whoever is called back can trust the caller.
  static let callback = Rule(unless: "callback-secret-file") { invocation throws(Fault) in
    _ = try invocation.callback()
  }
}
