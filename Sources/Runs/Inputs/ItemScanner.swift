import Faults
import FileAccess
import Workers

/// A shell command that looks at every item's bytes, which it gets on its standard input.
///
/// Status 0 lets the item pass, any other rejects it. A command that cannot run, is killed or takes
/// too long says nothing about the item, which then fails for that reason.
public struct ItemScanner: Sendable, Hashable {
  /// What `/bin/sh -c` gets.
  public var command: [UInt8]
  /// The longest that one item may take.
  public var seconds: Double

  public init(_ command: [UInt8], seconds: Double = 60) {
    self.command = command
    self.seconds = seconds
  }

  /// - Parameter name: the item for messages.
  /// - Throws: `Fault` with code `image.rejected_by_scanner` or `scan.failed`.
  func scan(_ bytes: [UInt8], of name: String) throws(Fault) {
    let started = Stopwatch()
    let process: HookProcess
    do throws(Fault) {
      process = try HookProcess(command, isQuiet: true)
    } catch {
      throw Fault(.scanFailed, "the scan command cannot run: \(error.message)", cause: error)
    }
    let isLate = { started.seconds >= seconds }
    process.write(bytes, isInterrupted: isLate)
    switch process.finish(isInterrupted: isLate) {
    case .exited(0): return
    case .exited(let status) where status == 126 || status == 127:
      throw failed("cannot run (status \(status))", name)
    case .exited(let status):
      throw Fault(
        .imageRejectedByScanner, "\(name) was rejected by the scan command (status \(status))",
        details: ["scan_status": .int(Int(status))])
    case .signalled(let signal): throw failed("was ended by signal \(signal)", name)
    case .abandoned:
      process.kill()
      throw failed("took longer than \(seconds) s", name)
    }
  }

  private func failed(_ problem: String, _ name: String) -> Fault {
    Fault(
      .scanFailed,
      "\(name) was not scanned: the scan command \(problem): correct --scan-cmd, then --retry-failed"
    )
  }
}
