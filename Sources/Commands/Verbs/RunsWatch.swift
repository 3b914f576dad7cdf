import Faults
import FileAccess
import JSON
import Options
import Runs
import Workers

extension Verb {
  static let runsWatch = Verb(
    VerbHelp(
      "runs watch", "Follow a run until it ends", usage: "DIR|JOB [FLAGS]",
      text: """
        Shows how far the run is, whichever processes work on it, here or on other machines, and ends \
        with the exit status of the run. A job id is looked for among the runs in the current folder \
        and in runs/.
        """,
      examples: [
        ("infercam runs watch runs/photos", "a bar on a terminal"),
        ("infercam runs watch runs/photos --json", "the job resource, a line for each change"),
      ]),
    flags: [Flag.progress, Flag.wait], body: watch)
}

private func watch(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let directory = try onlyDirectory(invocation)
  var display = ProgressDisplay(invocation.arguments, console)
  let started = Stopwatch()
  var doneBefore: Int?
  var hasTold = false
  let end: RunSnapshot
  do throws(Fault) {
    end = try watchRun(directory, isInterrupted: isInterrupted) { (snapshot) throws(Fault) in
      let summary = snapshot.summary
      if snapshot.isChange, !invocation.printsTable {
        try console.print(snapshot.job.json(of: summary).encodedText)
      }
      let before = doneBefore ?? summary.counts.done
      doneBefore = min(before, summary.counts.done)
      if snapshot.isWaiting {
        if !invocation.arguments.waits { return false }
        if !hasTold {
          display.finish()
          invocation.note("nobody is at work on the run: waiting for its command to go on")
        }
      } else {
        display.show(
          RunProgress(
            counts: summary.counts, doneNow: max(0, summary.counts.done - before),
            seconds: started.seconds))
      }
      hasTold = snapshot.isWaiting
      return true
    }
  } catch {
    display.finish()
    throw error
  }
  display.finish()
  let summary = end.summary
  if invocation.printsTable {
    try console.print(
      "\(summary.status.rawValue): \(summary.succeeded) succeeded, \(summary.failed) failed of "
        + "\(summary.items)")
  }
  if end.isWaiting, !invocation.arguments.waits {
    throw Fault(
      .runIncomplete,
      "nobody is at work on the run in \(directory.path.display): its command goes on with it")
  }
  return exitStatus(of: end)
}

/// The exit status of the process that ended the run.
private func exitStatus(of end: RunSnapshot) -> Int32 {
  switch end.summary.status {
  case .succeeded: return ExitStatus.success
  case .failed:
    return end.summary.isFinished ? ExitStatus.itemsFailed : ExitStatus.configuration
  case .canceled:
    if end.job.isCancelRequested { return ExitStatus.configuration }
    let isLate = end.summary.error?["code"]?.string == Fault.Code.timeoutSync.rawValue
    return isLate ? ExitStatus.busy : ExitStatus.interrupted
  case .queued, .running, .expired: return interruptionStatus()
  }
}
