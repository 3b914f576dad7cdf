import Digests
import Faults
import FileAccess

#if canImport(Glibc)
import Glibc
#endif

/// Copies the items of the journal into one file, in the order of the inputs.
///
/// - Returns: the digest of the run: the SHA-256 over the digests of all items, a line each.
func writeOrderedResults(
  _ committer: Committer, to path: RawPath, temporary: RawPath, isDurable: Bool
) throws(Fault) -> String {
  var digest = SHA256()
  var buffer: [UInt8] = []
  let file = try Descriptor(opening: temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
  for sequence in 0..<committer.index.count {
    guard let (record, line) = try committer.read(sequence) else {
      throw Fault(.internalError, "item \(sequence) has no record although the run has ended")
    }
    digest.update(record.digest + "\n")
    buffer += record.item(in: line)
    buffer.append(0x0A)
    if buffer.count >= 1 << 20 {
      try file.write(buffer)
      buffer = []
    }
  }
  try file.write(buffer)
  if isDurable { try file.synchronize() }
  try file.close()
  try renameFile(temporary, to: path)
  return digest.finishHex()
}

/// Makes items pending again whose input or outputs are not what the journal says.
func demoteStale(_ journal: inout Journal, _ request: RunRequest) throws(Fault) {
  for item in request.inputs {
    guard let (record, line) = try journal.read(item.sequence) else { continue }
    if record.failure != nil, request.retriesFailed {
      journal.forget(item.sequence)
      continue
    }
    guard let files = record.files(in: line),
      try isCurrent(item.path, files.stamp), try arePresent(files.artefacts, request.directory)
    else {
      journal.forget(item.sequence)
      continue
    }
  }
}

private func isCurrent(_ path: RawPath, _ recorded: [Int64]?) throws(Fault) -> Bool {
  guard let stamp = (try? FileStamp(of: path)) ?? nil else { return recorded == nil }
  return recorded
    == [Int64(stamp.size), stamp.modifiedNanoseconds, Int64(bitPattern: stamp.inode)]
}

private func arePresent(_ artefacts: [Artefact], _ directory: RunDirectory) throws(Fault) -> Bool {
  for artefact in artefacts {
    let stamp = try FileStamp(of: directory.path.appending(artefact.path), followingLinks: false)
    guard let stamp, stamp.kind == .regular, stamp.size == artefact.size else { return false }
  }
  return true
}
