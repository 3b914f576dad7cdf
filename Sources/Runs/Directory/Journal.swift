import CPlatform
import Faults
import FileAccess
import JSON

#if canImport(Glibc)
import Glibc
#endif

/// Where the last record of each item stands in the journal.
struct JournalIndex {
  private var offsets: [Int]
  private var lengths: [Int32]
  private(set) var succeeded = 0
  private(set) var failures: [String: Int] = [:]
  private var failureCodes: [Int: String] = [:]

  init(count: Int) {
    offsets = [Int](repeating: -1, count: count)
    lengths = [Int32](repeating: 0, count: count)
  }

  var count: Int { offsets.count }
  var failed: Int { failureCodes.count }
  var done: Int { succeeded + failed }

  func contains(_ sequence: Int) -> Bool { offsets[sequence] >= 0 }

  func place(of sequence: Int) -> (offset: Int, length: Int)? {
    offsets[sequence] < 0 ? nil : (offsets[sequence], Int(lengths[sequence]))
  }

  /// Notes a record; a later one of the same item takes its place.
  mutating func note(_ record: JournalRecord, offset: Int, length: Int) {
    guard offsets.indices.contains(record.sequence) else { return }
    forget(record.sequence)
    offsets[record.sequence] = offset
    lengths[record.sequence] = Int32(clamping: length)
    if let code = record.failure {
      failures[code, default: 0] += 1
      failureCodes[record.sequence] = code
    } else {
      succeeded += 1
    }
  }

  /// Makes an item pending again.
  mutating func forget(_ sequence: Int) {
    guard contains(sequence) else { return }
    offsets[sequence] = -1
    if let code = failureCodes.removeValue(forKey: sequence) {
      failures[code, default: 1] -= 1
      if failures[code] == 0 { failures[code] = nil }
    } else {
      succeeded -= 1
    }
  }
}

/// The append-only file that says what is done; held by one process at a time.
struct Journal: ~Copyable {
  static let lineLimit = 16 << 20

  private let file: Descriptor
  private let path: RawPath
  private let isDurable: Bool
  /// The length up to which everything is known to be good.
  private var length: Int
  private(set) var index: JournalIndex

  /// Opens or creates a journal, takes its lock and reads what is in it.
  ///
  /// What an interrupted write has left at the end is moved to `*.torn` and cut off.
  /// - Throws: `Fault` with code `run.locked`, or `run.corrupt` for damage before the end.
  static func open(_ path: RawPath, count: Int, isDurable: Bool) throws(Fault) -> Journal {
    let file = try Descriptor(opening: path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW)
    try lockExclusively(file.number, path)
    var index = JournalIndex(count: count)
    let length = try scan(file, path, into: &index)
    try cutTornTail(file, path, at: length)
    return Journal(file: file, path: path, isDurable: isDurable, length: length, index: index)
  }

  /// Opens a journal to look at it, whoever writes to it; an unfinished end is left alone.
  static func openReadOnly(_ path: RawPath, count: Int) throws(Fault) -> Journal {
    let file = try Descriptor(opening: path, O_RDONLY | O_NOFOLLOW)
    var index = JournalIndex(count: count)
    let length = try scan(file, path, into: &index)
    return Journal(file: file, path: path, isDurable: false, length: length, index: index)
  }

  private init(
    file: consuming Descriptor, path: RawPath, isDurable: Bool, length: Int, index: JournalIndex
  ) {
    self.file = file
    self.path = path
    self.isDurable = isDurable
    self.length = length
    self.index = index
  }

  /// Appends lines in one write and makes them durable; on failure none of them counts.
  mutating func append(_ lines: [UInt8]) throws(Fault) {
    do throws(Fault) {
      try file.write(lines)
      if isDurable { try file.synchronizeContents() }
    } catch {
      try? file.truncate(to: length)
      throw error
    }
    length += lines.count
  }

  /// Appends the records of items and notes them.
  mutating func append(_ items: [ProcessedItem]) throws(Fault) {
    var lines: [UInt8] = []
    var places: [(record: JournalRecord, offset: Int, length: Int)] = []
    for item in items {
      let line = JournalRecord.encode(item)
      guard let record = JournalRecord(line) else {
        preconditionFailure("a journal line cannot be read back")
      }
      places.append((record, length + lines.count, line.count - 1))
      lines += line
    }
    try append(lines)
    for place in places {
      index.note(place.record, offset: place.offset, length: place.length)
    }
  }

  mutating func forget(_ sequence: Int) {
    index.forget(sequence)
  }

  /// The last line of an item with its record; `nil` while it is pending.
  borrowing func read(_ sequence: Int) throws(Fault) -> (record: JournalRecord, line: [UInt8])? {
    guard let place = index.place(of: sequence) else { return nil }
    let line = try file.read(at: place.offset, count: place.length)
    guard case .record(let record) = JournalLine(line), record.sequence == sequence else {
      throw Fault(
        .runCorrupt, "\(path.display) has changed while it was in use",
        details: ["offset": .int(place.offset)])
    }
    return (record, line)
  }

  private static func cutTornTail(
    _ file: borrowing Descriptor, _ path: RawPath, at length: Int
  ) throws(Fault) {
    let size = try file.status().size
    guard size > length else { return }
    let torn = try file.read(at: length, count: size - length)
    try replaceFile(
      RawPath(bytes: path.bytes + Array(".torn".utf8)), with: torn,
      temporary: RawPath(bytes: path.bytes + Array(".torn.tmp".utf8)))
    try file.truncate(to: length)
    try file.synchronize()
  }

  /// Reads all lines; returns the length of what is good.
  static func scan(
    _ file: borrowing Descriptor, _ path: RawPath, into index: inout JournalIndex
  ) throws(Fault) -> Int {
    var buffer: [UInt8] = []
    var start = 0
    var bufferOffset = 0
    var lineNumber = 0
    var damage: (offset: Int, line: Int)?
    while true {
      let chunk = try file.read(at: bufferOffset + buffer.count, count: 4 << 20)
      buffer += chunk
      while let end = buffer[start...].firstIndex(of: 0x0A) {
        lineNumber += 1
        let offset = bufferOffset + start
        let line = JournalLine(Array(buffer[start..<end]))
        switch line {
        case .damaged: damage = damage ?? (offset, lineNumber)
        case .event, .record:
          if let damage { throw Self.corrupt(path, damage.line, damage.offset) }
          if case .record(let record) = line {
            index.note(record, offset: offset, length: end - start)
          }
        }
        start = end + 1
      }
      bufferOffset += start
      buffer.removeFirst(start)
      start = 0
      if chunk.isEmpty { break }
      if buffer.count > lineLimit { throw Self.corrupt(path, lineNumber + 1, bufferOffset) }
    }
    return damage?.offset ?? bufferOffset
  }

  private static func corrupt(_ path: RawPath, _ line: Int, _ offset: Int) -> Fault {
    Fault(
      .runCorrupt,
      "line \(line) of \(path.display) is damaged, and records follow it: "
        + "restore the file, or start again with --overwrite",
      details: ["line": .int(line), "offset": .int(offset)])
  }
}

/// Takes a lock without waiting.
/// - Throws: `Fault` with code `run.locked` when another process holds it.
func lockExclusively(_ number: Int32, _ path: RawPath) throws(Fault) {
  let error = ic_lock_exclusive(number)
  if error == 0 { return }
  if error == EWOULDBLOCK {
    throw Fault(.runLocked, "\(path.display) is in use by another process: try again later")
  }
  throw Fault(errno: error, "cannot lock \(path.display)")
}
