import Faults
import FileAccess
import JSON

#if canImport(Glibc)
import Glibc
#endif

/// The events of a run that have to be told: `outbox.jsonl`, appended only, as durable as the journal.
///
/// An event is written before the run counts as ended, and leaves the list only when its delivery has
/// been written too. A process that dies in between leaves it to the next: each event is told at least
/// once.
struct Outbox: ~Copyable {
  private let file: Descriptor
  private let path: RawPath
  private(set) var state = OutboxState()

  /// Opens or creates the outbox and takes its lock.
  ///
  /// What an interrupted write has left at the end is cut off.
  /// - Throws: `Fault` with code `run.locked` while another process delivers, `run.corrupt` for damage
  ///   before the end.
  static func open(_ directory: RunDirectory) throws(Fault) -> Outbox {
    let isNew = try FileStamp(of: directory.outbox) == nil
    let file = try Descriptor(
      opening: directory.outbox, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW)
    guard try file.lock(.exclusive) else {
      throw Fault(
        .runLocked, "another process delivers the events of \(directory.path.display)")
    }
    if isNew { try synchronizeDirectory(directory.path) }
    let bytes = try file.read(at: 0, count: file.status().size)
    let (state, length) = try OutboxState.read(bytes, directory.outbox)
    if length < bytes.count {
      try file.truncate(to: length)
      try file.synchronize()
    }
    return Outbox(file: file, path: directory.outbox, state: state)
  }

  deinit {
    // A command that is being started holds copies of all descriptors for a moment.
    _ = flock(file.number, LOCK_UN)
  }

  /// Adds an event to the outbox of a run that is about to end.
  ///
  /// Whoever delivers earlier events meanwhile holds the lock, perhaps for long. Lines that are only
  /// appended need none, once the holder has had the time to cut a torn end off.
  static func note(
    _ event: RunEvent, in directory: RunDirectory, patienceMilliseconds: Int = 2000
  ) throws(Fault) {
    for _ in 0...(patienceMilliseconds / 10) {
      do throws(Fault) {
        var outbox = try open(directory)
        return try outbox.add(event)
      } catch {
        guard error.code == .runLocked else { throw error }
        poll(nil, 0, patienceMilliseconds == 0 ? 0 : 10)
      }
    }
    let file = try Descriptor(opening: directory.outbox, O_WRONLY | O_APPEND | O_NOFOLLOW)
    try file.write(event.line)
    try file.synchronizeContents()
  }

  /// Whether there may be anything to tell.
  static func exists(_ directory: RunDirectory) throws(Fault) -> Bool {
    try FileStamp(of: directory.outbox) != nil
  }

  private init(file: consuming Descriptor, path: RawPath, state: OutboxState) {
    self.file = file
    self.path = path
    self.state = state
  }

  mutating func add(_ event: RunEvent) throws(Fault) {
    try append(event.line)
    state.note(event)
  }

  /// Notes an attempt that has failed.
  mutating func noteFailure(_ event: RunEvent, _ sink: EventSink, _ fault: Fault) throws(Fault) {
    try append(
      outboxLine(
        "failed",
        [
          "id": .string(event.id), "to": .string(sink.rawValue), "at": .string(currentTimestamp()),
          "code": .string(fault.code.rawValue),
        ]))
    state.noteFailure(event.id, sink)
  }

  /// Notes that an event has been told.
  mutating func noteDelivery(_ event: RunEvent, _ sink: EventSink) throws(Fault) {
    try append(
      outboxLine(
        "sent",
        [
          "id": .string(event.id), "to": .string(sink.rawValue),
          "at": .string(currentTimestamp()),
        ]))
    state.noteDelivery(event.id, sink)
  }

  /// Notes that a receiver wants no events any more; only the digest of its URL is kept.
  mutating func noteGone(_ endpoint: String) throws(Fault) {
    try append(outboxLine("gone", ["endpoint": .string(endpoint)]))
    state.gone.insert(endpoint)
  }

  private func append(_ line: [UInt8]) throws(Fault) {
    try file.write(line)
    try file.synchronizeContents()
  }
}

/// What an outbox holds.
struct OutboxState {
  private(set) var events: [RunEvent] = []
  private var delivered: Set<String> = []
  private var failures: [String: Int] = [:]
  /// Digests of the URLs that want no events any more.
  var gone: Set<String> = []

  /// The events that a sink has not been told yet, oldest first.
  func pending(_ sink: EventSink) -> [RunEvent] {
    events.filter { $0.sinks.contains(sink) && !delivered.contains(Self.key($0.id, sink)) }
  }

  /// How often telling has failed.
  func failures(_ id: String, _ sink: EventSink) -> Int {
    failures[Self.key(id, sink)] ?? 0
  }

  /// Adds an event; a later one of the same id takes its place.
  mutating func note(_ event: RunEvent) {
    guard let index = events.firstIndex(where: { $0.id == event.id }) else {
      return events.append(event)
    }
    let sinks = events[index].sinks.union(event.sinks)
    events[index] = event
    events[index].sinks = sinks
  }

  mutating func noteFailure(_ id: String, _ sink: EventSink) {
    failures[Self.key(id, sink), default: 0] += 1
  }

  mutating func noteDelivery(_ id: String, _ sink: EventSink) {
    delivered.insert(Self.key(id, sink))
  }

  /// Reads all lines; returns the length of what is sound.
  static func read(
    _ bytes: [UInt8], _ path: RawPath
  ) throws(Fault) -> (state: OutboxState, length: Int) {
    var state = OutboxState()
    var start = 0
    var number = 0
    var damagedLine: (number: Int, offset: Int)?
    while let end = bytes[start...].firstIndex(of: 0x0A) {
      number += 1
      let line = Array(bytes[start..<end])
      if isSealed(line), let value = try? JSONValue(parsing: line) {
        if let damagedLine {
          throw Fault(
            .runCorrupt,
            "line \(damagedLine.number) of \(path.display) is damaged, and events follow it",
            details: ["line": .int(damagedLine.number), "offset": .int(damagedLine.offset)])
        }
        state.note(line: value)
      } else {
        damagedLine = damagedLine ?? (number, start)
      }
      start = end + 1
    }
    return (state, damagedLine?.offset ?? start)
  }

  private mutating func note(line: JSONValue) {
    let sink = line["to"]?.string.flatMap(EventSink.init)
    switch (line["t"]?.string, line["id"]?.string, sink) {
    case ("event", _, _): if let event = RunEvent(line) { note(event) }
    case ("failed", let id?, let sink?): noteFailure(id, sink)
    case ("sent", let id?, let sink?): noteDelivery(id, sink)
    case ("gone", _, _): if let endpoint = line["endpoint"]?.string { gone.insert(endpoint) }
    default: break
    }
  }

  private static func key(_ id: String, _ sink: EventSink) -> String { "\(id) \(sink.rawValue)" }
}
