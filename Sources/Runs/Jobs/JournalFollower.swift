import Faults
import FileAccess

#if canImport(Glibc)
import Glibc
#endif

/// Counts the records of a run while others write them, reading each line once.
struct JournalFollower {
  private let folder: RawPath
  private var index: JournalIndex
  private var positions: [Shard: Position] = [:]

  /// How far a journal has been read.
  private struct Position {
    var number: Int
    var inode: UInt64
    /// The end of the last sound line.
    var offset = 0
  }

  init(_ directory: RunDirectory, count: Int) {
    folder = directory.journalFolder
    index = JournalIndex(count: count)
  }

  var counts: ItemCounts { index.counts }

  /// Reads what has been added since the last time.
  mutating func advance() throws(Fault) {
    let count = index.count
    for shard in try JournalSet.shards(in: folder) {
      let journal = try JournalFile(shard, in: folder, O_RDONLY)
      let status = try journal.file.status()
      let known = positions[shard] ?? Position(number: positions.count, inode: status.inode)
      if known.inode != status.inode || status.size < known.offset {
        // A repair has rewritten it: nothing that was read can be relied on.
        index = JournalIndex(count: count)
        positions = [:]
        return try advance()
      }
      positions[shard] = known
      if status.size > known.offset { try read(journal, shard) }
    }
  }

  private mutating func read(_ journal: JournalFile, _ shard: Shard) throws(Fault) {
    guard var position = positions[shard] else { return }
    var buffer: [UInt8] = []
    var bufferOffset = position.offset
    while true {
      let chunk = try journal.file.read(at: bufferOffset + buffer.count, count: 1 << 20)
      buffer += chunk
      var start = 0
      while let end = buffer[start...].firstIndex(of: 0x0A) {
        switch JournalLine(Array(buffer[start..<end])) {
        case .record(let record):
          index.note(
            record,
            at: JournalIndex.Place(
              file: position.number, offset: bufferOffset + start, length: end - start))
          position.offset = bufferOffset + end + 1
        case .event(let event):
          if case .pending(let sequence, let revision) = event {
            index.forget(sequence, upTo: revision)
          }
          position.offset = bufferOffset + end + 1
        case .damaged: break
        }
        start = end + 1
      }
      bufferOffset += start
      buffer.removeFirst(start)
      if chunk.isEmpty || buffer.count > JournalFile.lineLimit { break }
    }
    positions[shard] = position
  }
}
