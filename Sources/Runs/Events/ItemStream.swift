import Faults
import JSON
public import Requests

/// A command that gets each committed result as a JSON line on its standard input.
///
/// One process serves the whole run. It gets lines in the order of the commits; when it reads too
/// slowly the run waits, and when it reads no more the run goes on without it.
public final class ItemStream {
  private let command: [UInt8]
  private var process: HookProcess?
  private var problem: String?

  public init(_ command: [UInt8]) {
    self.command = command
  }

  /// Hands on results; the command is started with the first.
  public func send(_ items: [ResultItem], isInterrupted: () -> Bool) {
    if items.isEmpty || problem != nil { return }
    do throws(Fault) {
      if process == nil { process = try HookProcess(command) }
      var lines: [UInt8] = []
      for item in items { lines += item.json.encoded() + [0x0A] }
      if process?.write(lines, isInterrupted: isInterrupted) == true { return }
      problem = "the command stopped reading: not every item was handed on"
    } catch {
      problem = error.message
    }
  }

  /// Waits for the command to end; returns what went wrong.
  public func finish(isInterrupted: () -> Bool) -> String? {
    guard let process else { return problem }
    self.process = nil
    return process.finish(isInterrupted: isInterrupted).problem ?? problem
  }
}
