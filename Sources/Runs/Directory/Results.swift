import Digests
import Faults
import FileAccess

#if canImport(Glibc)
import Glibc
#endif

/// Copies the items of the journals into one file, in the order of the inputs.
///
/// - Parameter tally: gets each item.
/// - Returns: the digest of the run: the SHA-256 over the digests of all items, a line each.
func writeOrderedResults(
  _ journals: JournalSet, to path: RawPath, temporary: RawPath, isDurable: Bool,
  tally: inout ResultTally
) throws(Fault) -> String {
  var digest = SHA256()
  try copyRecords(journals, to: path, temporary: temporary, isDurable: isDurable) {
    record, line, buffer in
    digest.update(record.digest + "\n")
    let item = record.item(in: line)
    tally.add(item)
    buffer += item
    buffer.append(0x0A)
  }
  return digest.finishHex()
}

/// Writes what `body` appends for each item's record into one file, in the order of the inputs.
/// - Parameter header: stands before all of them.
func copyRecords(
  _ journals: JournalSet, header: [UInt8] = [], to path: RawPath, temporary: RawPath,
  isDurable: Bool, _ body: (JournalRecord, [UInt8], inout [UInt8]) -> Void
) throws(Fault) {
  let file = try Descriptor(opening: temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
  var buffer = header
  for sequence in 0..<journals.index.count {
    guard let (record, line) = try journals.read(sequence) else {
      throw Fault(.internalError, "item \(sequence) has no record although the run has ended")
    }
    body(record, line, &buffer)
    if buffer.count >= 1 << 20 {
      try file.write(buffer)
      buffer = []
    }
  }
  try file.write(buffer)
  if isDurable { try file.synchronize() }
  try file.close()
  try renameFile(temporary, to: path)
}

extension JournalRecord {
  /// Whether the input is as it was, and the outputs are there in full length.
  func isCurrent(
    _ line: [UInt8], _ item: InputItem, _ heatmaps: HeatmapFiles, _ reader: InputReader
  ) throws(Fault) -> Bool {
    guard let files = files(in: line) else { return false }
    // What is no file has no state to compare.
    let state = reader.stamp(of: item).map {
      [Int64($0.size), $0.modifiedNanoseconds, Int64(bitPattern: $0.inode)]
    }
    guard state == files.stamp else { return false }
    return try heatmaps.contain(files.artefacts)
  }
}
