import Faults
import FileAccess
import Workers

#if canImport(Glibc)
import Glibc
#endif

/// One file of the journal.
final class JournalFile: Sendable {
  static let lineLimit = 16 << 20

  let shard: Shard
  let path: RawPath
  let file: Descriptor
  private let windowBytes: Int
  private let window = Monitor(Window())

  /// Bytes of the file that are likely to be asked for next.
  private struct Window {
    var offset = 0
    var bytes: [UInt8] = []
  }

  /// - Parameter windowBytes: how much is read at once where records are asked for in order.
  init(
    _ shard: Shard, in folder: RawPath, _ flags: Int32, windowBytes: Int = 0
  ) throws(Fault) {
    self.shard = shard
    self.windowBytes = windowBytes
    path = folder.appending(shard.journalName)
    file = try Descriptor(opening: path, flags | O_NOFOLLOW)
  }

  /// Where damaged bytes stand.
  struct Damage: Hashable {
    var offset: Int
    var length: Int
    /// The number of the line, from 1.
    var line: Int
  }

  /// What a file holds.
  struct Contents {
    /// The length up to which everything is sound, or followed by something that is.
    var length: Int
    /// Damaged lines with sound ones after them.
    var damage: [Damage]
    /// Damaged bytes at the end: what an interrupted write left.
    var hasTornEnd: Bool
  }

  /// Reads all lines from the start and hands on what is sound.
  func scan(
    _ body: (JournalLine, _ offset: Int, _ length: Int) -> Void
  ) throws(Fault) -> Contents {
    var buffer: [UInt8] = []
    var start = 0
    var bufferOffset = 0
    var lineNumber = 0
    var contents = Contents(length: 0, damage: [], hasTornEnd: false)
    var waiting: [Damage] = []
    while true {
      let chunk = try file.read(at: bufferOffset + buffer.count, count: 4 << 20)
      buffer += chunk
      buffer.withUnsafeBytes { bytes in
        while let end = bytes.newline(from: start) {
          lineNumber += 1
          let offset = bufferOffset + start
          let line = JournalLine(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
          if case .damaged = line {
            waiting.append(Damage(offset: offset, length: end + 1 - start, line: lineNumber))
          } else {
            contents.damage += waiting
            waiting = []
            contents.length = bufferOffset + end + 1
            body(line, offset, end - start)
          }
          start = end + 1
        }
      }
      bufferOffset += start
      buffer.removeFirst(start)
      start = 0
      if chunk.isEmpty { break }
      if buffer.count > Self.lineLimit {
        throw corrupt(Damage(offset: bufferOffset, length: buffer.count, line: lineNumber + 1))
      }
    }
    contents.hasTornEnd = bufferOffset + buffer.count > contents.length
    return contents
  }

  /// Moves what an interrupted write has left behind `length` to `*.torn` and cuts it off.
  func cutTornEnd(at length: Int) throws(Fault) {
    let size = try file.status().size
    let torn = try file.read(at: length, count: size - length)
    try replaceFile(
      RawPath(bytes: path.bytes + Array(".torn".utf8)), with: torn,
      temporary: RawPath(bytes: path.bytes + Array(".torn.tmp".utf8)))
    try file.truncate(to: length)
    try file.synchronize()
  }

  /// The record at a place.
  func read(_ place: JournalIndex.Place) throws(Fault) -> (record: JournalRecord, line: [UInt8]) {
    let line = try bytes(at: place.offset, count: place.length)
    guard case .record(let record) = JournalLine(line) else {
      throw Fault(
        .runCorrupt, "\(path.display) has changed while it was in use",
        details: ["offset": .int(place.offset)])
    }
    return (record, line)
  }

  /// Bytes at a place, mostly from memory where places are near the one before.
  private func bytes(at offset: Int, count: Int) throws(Fault) -> [UInt8] {
    let held = window.withLock { window -> (bytes: [UInt8]?, isNear: Bool) in
      let start = offset - window.offset
      if start >= 0, start + count <= window.bytes.count {
        return (Array(window.bytes[start..<start + count]), true)
      }
      return (nil, !window.bytes.isEmpty && abs(start) <= windowBytes)
    }
    if let bytes = held.bytes { return bytes }
    guard held.isNear, count < windowBytes / 2 else {
      let bytes = try file.read(at: offset, count: count)
      window.withLock { $0 = Window(offset: offset, bytes: bytes) }
      return bytes
    }
    // Items are done nearly in their order: the next one may stand a little before this one.
    let start = max(0, offset - windowBytes / 4)
    let bytes = try file.read(at: start, count: windowBytes)
    window.withLock { $0 = Window(offset: start, bytes: bytes) }
    let end = min(offset - start + count, bytes.count)
    return Array(bytes[min(offset - start, end)..<end])
  }

  func corrupt(_ damage: Damage) -> Fault {
    Fault(
      .runCorrupt,
      "line \(damage.line) of \(path.display) is damaged, and records follow it: "
        + "infercam runs verify --repair sets the items aside that are concerned",
      details: ["line": .int(damage.line), "offset": .int(damage.offset)])
  }

  /// Takes a lock on the file itself, which holds also where the lock file was removed.
  /// - Throws: `Fault` with code `run.locked` when another process holds it.
  func lock(_ lock: Descriptor.Lock) throws(Fault) {
    // Whoever asks if somebody is at work holds it for a moment.
    for attempt in 0..<5 {
      if attempt > 0 { poll(nil, 0, 10) }
      if try file.lock(lock) { return }
    }
    throw Fault(.runLocked, "\(path.display) is in use by another process: try again later")
  }
}
