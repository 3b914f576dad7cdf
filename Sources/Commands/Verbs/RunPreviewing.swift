import Faults
import FileAccess
import JSON
import Models
import Runs

/// Tells what `run` would do, for `--dry-run`.
func tellPreview(
  _ request: RunRequest, _ skipped: Int, _ invocation: Invocation, _ console: inout Console
) throws(Fault) -> Int32 {
  let preview = try previewRun(request, isInterrupted: isInterrupted)
  if isInterrupted() { return interruptionStatus() }
  if !invocation.printsTable {
    let json: JSONValue = [
      "dry_run": true, "action": .string(preview.action.rawValue),
      "items": JSONValue(preview.items), "done": JSONValue(preview.done),
      "to_do": JSONValue(preview.toDo), "again": JSONValue(preview.again),
      "suspects": JSONValue(preview.suspects), "skipped": JSONValue(skipped),
      "rejects": .object(preview.rejects.mapValues { JSONValue($0) }),
      "unseen": JSONValue(preview.unseen), "estimate": preview.estimate?.json ?? .null,
      "model": .string(request.model.name), "model_version": .string(request.model.version),
      "workers": JSONValue(request.workers), "batch": JSONValue(request.batch),
      "output": .string(request.directory.path.identifier),
    ]
    try console.print(json.encodedText)
    return ExitStatus.success
  }
  try console.print(
    "would \(preview.action.rawValue) the run in \(request.directory.path.display): "
      + "\(preview.toDo) of \(preview.items) items to do with "
      + "\(request.model.name)@\(request.model.version)")
  if preview.again > 0 {
    try console.print("\(preview.again) of them again: inputs that changed, lost files, failures")
  }
  if preview.suspects > 0 {
    try console.print(
      "\(preview.suspects) of them alone: a process ended while it had them in work")
  }
  for (code, count) in preview.rejects.sorted(by: { $0.key < $1.key }) {
    try console.print("\(count) of them would fail with \(code)")
  }
  if preview.unseen > 0 { try console.print("\(preview.unseen) URLs were not looked at") }
  if let estimate = preview.estimate {
    try console.print(
      "about \(duration(estimate.seconds)) at \(decimal(estimate.imagesPerSecond, 1)) img/s and "
        + "\(estimate.peakBytes >> 20) MiB of memory, by a sample of \(estimate.sampled)")
  }
  return ExitStatus.success
}

extension RunEstimate {
  fileprivate var json: JSONValue {
    [
      "sampled": JSONValue(sampled),
      "images_per_s": .double((imagesPerSecond * 10).rounded() / 10),
      "seconds": .double((seconds * 10).rounded() / 10), "peak_bytes": JSONValue(peakBytes),
    ]
  }
}
