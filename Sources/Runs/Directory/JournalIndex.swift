import Faults

/// Where the record of each item stands that counts, over all journals of a run.
///
/// Of several records of an item the one with the highest revision counts. At the same revision the
/// last one of a journal does; between journals a failure that depends on the moment gives way, and
/// whatever else is not the same bytes is a conflict.
struct JournalIndex {
  /// Where a record stands.
  struct Place: Hashable {
    var file: Int
    var offset: Int
    var length: Int
  }

  /// Two records of an item, in different journals, that should be the same and are not.
  struct Conflict: Hashable {
    var sequence: Int
    var first: Place
    var second: Place
  }

  private var files: [Int32]
  private var offsets: [Int]
  private var lengths: [Int32]
  /// The first bytes of the digests.
  private var digests: [UInt64]
  /// Revisions above 0 of items that have a record.
  private var revisions: [Int: Int] = [:]
  /// The lowest revision that a record of an item must have to count, where it is above 0.
  private var floors: [Int: Int] = [:]
  private var failureCodes: [Int: String] = [:]
  private(set) var done = 0
  private(set) var conflicts: [Conflict] = []
  /// How many records stood beside another of the same item in another journal.
  private(set) var duplicates = 0

  init(count: Int) {
    files = [Int32](repeating: -1, count: count)
    offsets = [Int](repeating: 0, count: count)
    lengths = [Int32](repeating: 0, count: count)
    digests = [UInt64](repeating: 0, count: count)
  }

  var count: Int { offsets.count }
  var failed: Int { failureCodes.count }
  var succeeded: Int { done - failed }

  /// How many items failed with each code.
  var failures: [String: Int] {
    failureCodes.values.reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }

  func contains(_ sequence: Int) -> Bool { files[sequence] >= 0 }

  func failure(of sequence: Int) -> String? { failureCodes[sequence] }

  func place(of sequence: Int) -> Place? {
    guard contains(sequence) else { return nil }
    return Place(
      file: Int(files[sequence]), offset: offsets[sequence], length: Int(lengths[sequence]))
  }

  /// The revision that the next record of an item gets.
  func nextRevision(of sequence: Int) -> Int {
    contains(sequence) ? revisions[sequence, default: 0] + 1 : floors[sequence, default: 0]
  }

  /// Notes a record that has been read or written.
  mutating func note(_ record: JournalRecord, at place: Place) {
    let sequence = record.sequence
    guard offsets.indices.contains(sequence), record.revision >= floors[sequence, default: 0]
    else { return }
    guard let known = self.place(of: sequence) else { return set(record, place) }
    let revision = revisions[sequence, default: 0]
    if record.revision != revision || known.file == place.file {
      if record.revision >= revision { set(record, place) }
      return
    }
    duplicates += 1
    if Self.prefix(record.digest) == digests[sequence] { return }
    if Self.isTransient(record.failure) { return }
    if Self.isTransient(failureCodes[sequence]) { return set(record, place) }
    conflicts.append(Conflict(sequence: sequence, first: known, second: place))
  }

  /// Makes an item pending again; records up to its revision count no more.
  mutating func forget(_ sequence: Int) {
    guard contains(sequence) else { return }
    raise(sequence, to: nextRevision(of: sequence))
  }

  /// Lets only records of a revision above `revision` count.
  mutating func forget(_ sequence: Int, upTo revision: Int) {
    guard offsets.indices.contains(sequence) else { return }
    raise(sequence, to: revision + 1)
  }

  private mutating func raise(_ sequence: Int, to floor: Int) {
    guard floor > floors[sequence, default: 0] else { return }
    floors[sequence] = floor
    conflicts.removeAll { $0.sequence == sequence }
    guard contains(sequence), revisions[sequence, default: 0] < floor else { return }
    files[sequence] = -1
    revisions[sequence] = nil
    failureCodes[sequence] = nil
    done -= 1
  }

  private mutating func set(_ record: JournalRecord, _ place: Place) {
    let sequence = record.sequence
    if !contains(sequence) { done += 1 }
    conflicts.removeAll { $0.sequence == sequence }
    files[sequence] = Int32(place.file)
    offsets[sequence] = place.offset
    lengths[sequence] = Int32(clamping: place.length)
    digests[sequence] = Self.prefix(record.digest)
    revisions[sequence] = record.revision == 0 ? nil : record.revision
    failureCodes[sequence] = record.failure
  }

  private static func prefix(_ digest: String) -> UInt64 {
    digest.utf8.prefix(16).reduce(0) { value, byte in
      value << 4 | UInt64(byte < 0x3A ? byte &- 0x30 : (byte | 0x20) &- 0x57) & 15
    }
  }

  /// Whether a failure may be another one, or none, the next time.
  private static func isTransient(_ code: String?) -> Bool {
    guard let code else { return false }
    let codes: [Fault.Code] = [
      .resourceExhausted, .storageIOError, .storageNoSpace, .timeoutItem, .workerCrashed,
      .internalError, .scanFailed, .upstreamFailed, .timeoutUpstream, .breakerOpen,
    ]
    return codes.contains { $0.rawValue == code }
  }
}
