import Faults
import FileAccess
import JSON
import Requests

#if canImport(Glibc)
import Glibc
#endif

/// All journals of a run, and what they say together.
struct JournalSet {
  /// What the opener is going to do with the journals.
  enum Access: Hashable {
    /// Look at them, whoever writes.
    case read
    /// Be the only one who writes.
    case exclusive
    /// Write the journal of a shard beside others.
    case shard(Shard)
  }

  private let files: [JournalFile]
  /// The heatmaps that records name.
  let heatmaps: HeatmapFiles
  private(set) var index: JournalIndex
  private(set) var starts = StartLedger()
  /// Damaged lines with sound ones behind them.
  private(set) var damage: [(file: JournalFile, damage: JournalFile.Damage)] = []
  /// The files whose ends were torn, and cut off.
  private(set) var torn: [RawPath] = []
  private var own: (file: Int, length: Int)?

  /// Opens all journals of a run, takes their locks and reads what is in them.
  ///
  /// What an interrupted write has left at the end is moved to `*.torn` and cut off, where the file
  /// is this process's to write.
  /// - Throws: `Fault` with code `run.locked`.
  init(_ directory: RunDirectory, count: Int, _ access: Access) throws(Fault) {
    let folder = directory.journalFolder
    heatmaps = HeatmapFiles(directory)
    var shards = try Self.shards(in: folder)
    let ownShard: Shard? =
      switch access {
      case .read: nil
      case .exclusive: .whole
      case .shard(let shard): shard
      }
    if let ownShard, !shards.contains(ownShard) { shards.append(ownShard) }
    index = JournalIndex(count: count)
    var files: [JournalFile] = []
    for shard in shards {
      let isOwn = shard == ownShard
      let mayWrite = isOwn || access == .exclusive
      let flags = (mayWrite ? O_RDWR | O_APPEND : O_RDONLY) | (isOwn ? O_CREAT : 0)
      let file = try JournalFile(shard, in: folder, flags)
      if mayWrite { try file.lock(.exclusive) }
      // A process that works on the whole run holds this one, whatever became of the lock file.
      if case .shard = access, shard == .whole, !isOwn { try file.lock(.shared) }
      files.append(file)
    }
    self.files = files
    for (number, file) in files.enumerated() {
      let contents = try read(file, number)
      let isOwn = file.shard == ownShard
      if contents.hasTornEnd, isOwn || access == .exclusive {
        try file.cutTornEnd(at: contents.length)
        torn.append(file.path)
      }
      if isOwn { own = (number, contents.length) }
    }
  }

  /// The journals of a run that there is not yet.
  init(empty directory: RunDirectory, count: Int) {
    files = []
    heatmaps = HeatmapFiles(directory)
    index = JournalIndex(count: count)
  }

  /// - Throws: `Fault` with code `run.locked` when another process has a journal in work, whatever
  ///   became of the lock file.
  static func refuseWriters(_ directory: RunDirectory) throws(Fault) {
    for shard in try shards(in: directory.journalFolder) {
      try JournalFile(shard, in: directory.journalFolder, O_RDONLY).lock(.exclusive)
    }
  }

  static func shards(in folder: RawPath) throws(Fault) -> [Shard] {
    guard try FileStamp(of: folder) != nil else { return [] }
    return try namesInDirectory(folder).compactMap { $0.text.flatMap(Shard.init(journalName:)) }
      .sorted { ($0.count, $0.index) < ($1.count, $1.index) }
  }

  private mutating func read(
    _ file: JournalFile, _ number: Int
  ) throws(Fault) -> JournalFile.Contents {
    var index = index
    var starts = starts
    // The one copy is the one that is changed.
    self.index = JournalIndex(count: 0)
    let contents = try file.scan { line, offset, length in
      switch line {
      case .record(let record):
        index.note(record, at: JournalIndex.Place(file: number, offset: offset, length: length))
        starts.finish(record.sequence)
      case .event(let event):
        starts.note(event)
        if case .pending(let sequence, let revision) = event {
          index.forget(sequence, upTo: revision)
        }
      case .damaged: break
      }
    }
    starts.endOfJournal()
    self.index = index
    self.starts = starts
    damage += contents.damage.map { (file, $0) }
    return contents
  }

  /// - Throws: `Fault` with code `run.corrupt` when lines before the end are damaged.
  func refuseDamage() throws(Fault) {
    if let first = damage.first { throw first.file.corrupt(first.damage) }
  }

  /// - Throws: `Fault` with code `run.nondeterministic` when two journals disagree about an item.
  func refuseConflicts() throws(Fault) {
    guard let conflict = index.conflicts.first else { return }
    let (first, _) = try files[conflict.first.file].read(conflict.first)
    let (second, _) = try files[conflict.second.file].read(conflict.second)
    throw Fault(
      .runNondeterministic,
      "item \(conflict.sequence) has two results: digest \(first.digest) in "
        + "\(files[conflict.first.file].shard.journalName) and \(second.digest) in "
        + "\(files[conflict.second.file].shard.journalName): "
        + "compute both shards on the same kind of machine",
      details: [
        "seq": .int(conflict.sequence), "items": .int(index.conflicts.count),
        "digests": .array([.string(first.digest), .string(second.digest)]),
      ])
  }

  /// The end of this process's journal; `nil` for a reader.
  func makeWriter(isDurable: Bool) -> JournalWriter? {
    own.map { JournalWriter(files[$0.file], length: $0.length, isDurable: isDurable) }
  }

  /// The record of an item with its line; `nil` while it is pending.
  func read(_ sequence: Int) throws(Fault) -> (record: JournalRecord, line: [UInt8])? {
    guard let place = index.place(of: sequence) else { return nil }
    let entry = try files[place.file].read(place)
    guard entry.record.sequence == sequence else {
      throw Fault(
        .runCorrupt, "\(files[place.file].path.display) has changed while it was in use")
    }
    return entry
  }

  mutating func forget(_ sequence: Int) {
    index.forget(sequence)
  }

  /// Appends the records of items, durably, and notes them.
  mutating func append(_ items: [ProcessedItem], with writer: JournalWriter) throws(Fault) {
    guard let own else { preconditionFailure("a reader of the journal writes") }
    var lines: [UInt8] = []
    var places: [(record: JournalRecord, offset: Int, length: Int)] = []
    for item in items {
      let revision = index.nextRevision(of: item.result.sequence)
      let line = JournalRecord.encode(item, revision: revision)
      guard let record = JournalRecord(line) else {
        preconditionFailure("a journal line cannot be read back")
      }
      places.append((record, lines.count, line.count - 1))
      lines += line
    }
    let offset = try writer.append(lines)
    for place in places {
      index.note(
        place.record,
        at: JournalIndex.Place(
          file: own.file, offset: offset + place.offset, length: place.length))
    }
  }
}
