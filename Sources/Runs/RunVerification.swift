import Digests
public import Faults
import FileAccess
import JSON

#if canImport(Glibc)
import Glibc
#endif

/// What a comparison of a run with its digests has found.
public struct RunVerification: Sendable {
  /// What is wrong, one sentence each.
  public var defects: [String] = []
  /// Files below the run directory that belong to no record.
  public var unknownFiles: [String] = []
  /// Items that have no record yet, which is no defect of a run that has not finished.
  public var pending = 0
  /// Whether the run has finished.
  public var isFinished = false
  /// Items that a repair has made pending again.
  public var demoted = 0
  /// Whether a repair leaves nothing wrong, or items that the run's command computes again.
  public var isRepaired = false
}

extension RunDirectory {
  /// Compares everything in a run with the digests that were recorded.
  /// - Throws: `Fault` when the run cannot be read at all.
  public func verify() throws(Fault) -> RunVerification {
    let (specification, summary) = try read()
    let journals = try JournalSet(self, count: specification.inputCount, .read)
    var verifier = RunVerifier(self, specification, journals)
    try verifier.checkJournals()
    try verifier.checkItems()
    try verifier.checkEnd(summary)
    try verifier.findUnknownFiles()
    return verifier.verification
  }

  /// Compares a run, and sets aside what does not hold: the items concerned are pending again.
  ///
  /// Damaged lines are moved to `*.damaged`; nothing is deleted but what is made from the journals.
  /// - Throws: `Fault` with code `run.corrupt` when the list of inputs is damaged, `run.locked`.
  public func repair() throws(Fault) -> RunVerification {
    let (specification, summary) = try read()
    return try asStorageFault { () throws(Fault) in
      let lock = try RunLock.take(self, .exclusive)
      defer { withExtendedLifetime(lock) {} }
      _ = try readInputs(specification)
      let defects = try cutDamage(specification)
      let journals = try JournalSet(self, count: specification.inputCount, .exclusive)
      guard let writer = journals.makeWriter(isDurable: true) else {
        preconditionFailure("the journals were opened to be written")
      }
      var verifier = RunVerifier(self, specification, journals)
      verifier.verification.defects = defects
      try verifier.checkJournals()
      try verifier.checkItems()
      try verifier.checkEnd(summary)
      try verifier.findUnknownFiles()
      var result = verifier.verification
      try demote(verifier.damagedItems, journals, writer)
      result.demoted = verifier.damagedItems.count
      let isUnended = !result.isFinished && result.pending == 0
      if isUnended || !result.defects.isEmpty {
        try finishRepair(specification, summary, rebuildsArchives: verifier.hasBadArchive)
        result.isRepaired = true
      }
      return result
    }
  }

  /// Rewrites journals without their damaged lines, which are kept beside.
  private func cutDamage(_ specification: RunSpecification) throws(Fault) -> [String] {
    let journals = try JournalSet(self, count: specification.inputCount, .exclusive)
    try prepareTemporary(of: .whole)
    var defects: [String] = []
    var pieces: [RawPath: (file: JournalFile, damage: [JournalFile.Damage])] = [:]
    for (file, damage) in journals.damage {
      defects.append("line \(damage.line) of \(file.path.display) is damaged")
      pieces[file.path, default: (file, [])].damage.append(damage)
    }
    for (path, (file, damage)) in pieces {
      let size = try file.file.status().size
      var kept: [[UInt8]] = []
      var removed: [[UInt8]] = []
      var position = 0
      for piece in damage.sorted(by: { $0.offset < $1.offset }) {
        while position < piece.offset {
          let count = min(piece.offset - position, 4 << 20)
          kept.append(try file.file.read(at: position, count: count))
          position += count
        }
        removed.append(try file.file.read(at: piece.offset, count: piece.length))
        position = piece.offset + piece.length
      }
      while position < size {
        kept.append(try file.file.read(at: position, count: min(size - position, 4 << 20)))
        position += kept.last?.count ?? size
      }
      try write(removed, to: RawPath(bytes: path.bytes + Array(".damaged".utf8)))
      try write(kept, to: path)
      try synchronizeDirectory(journalFolder)
    }
    return defects
  }

  private func demote(
    _ items: [Int], _ journals: JournalSet, _ writer: JournalWriter
  ) throws(Fault) {
    var lines: [UInt8] = []
    for sequence in items {
      let revision = journals.index.nextRevision(of: sequence) - 1
      lines += JournalEvent.pending(sequence, revision: revision).line()
    }
    if !lines.isEmpty { _ = try writer.append(lines) }
  }

  /// Makes the results anew, or says that items are pending.
  private func finishRepair(
    _ specification: RunSpecification, _ old: RunSummary?, rebuildsArchives: Bool
  ) throws(Fault) {
    let journals = try JournalSet(self, count: specification.inputCount, .read)
    let isComplete = journals.index.done == journals.index.count
    var finisher = RunFinisher(
      directory: self, specification: specification,
      failOn: old?.status == .succeeded ? .never : .any, isDurable: true,
      startedAt: old?.startedAt ?? currentTimestamp())
    finisher.rebuildsArchives = rebuildsArchives
    if !isComplete {
      try removeFile(results)
      try removeFile(logits)
    }
    _ = try finisher.finish(journals, isComplete ? .finished : .interrupted)
  }
}

/// Compares the parts of a run; the journals are open.
private struct RunVerifier {
  private let directory: RunDirectory
  private let specification: RunSpecification
  private let journals: JournalSet
  var verification = RunVerification()
  /// Items whose record or files do not hold.
  private(set) var damagedItems: [Int] = []
  private var runDigest = SHA256()
  private var results = SHA256()
  private var logits = SHA256()
  private let logitsCount: Int?
  private var files: Set<RawPath> = []
  /// The archives as they should be, of the members that are sound.
  private var archives: [(name: String, digest: TarDigest)] = []
  /// Whether an archive is not what it should be.
  private(set) var hasBadArchive = false

  init(
    _ directory: RunDirectory, _ specification: RunSpecification, _ journals: JournalSet
  ) {
    self.directory = directory
    self.specification = specification
    self.journals = journals
    logitsCount = specification.fingerprint.logitsCount
    if let logitsCount {
      logits.update(logitsHeader(items: specification.inputCount, count: logitsCount))
    }
  }

  mutating func checkJournals() throws(Fault) {
    do throws(Fault) {
      _ = try directory.readInputs(specification)
    } catch {
      guard [.runCorrupt, .inputNotFound].contains(error.code) else { throw error }
      verification.defects.append(error.message)
    }
    for (file, damage) in journals.damage {
      verification.defects.append("line \(damage.line) of \(file.path.display) is damaged")
    }
    for conflict in journals.index.conflicts {
      verification.defects.append(
        "two journals have different results of item \(conflict.sequence)")
      damagedItems.append(conflict.sequence)
    }
  }

  mutating func checkItems() throws(Fault) {
    for sequence in 0..<specification.inputCount {
      guard let (record, line) = try journals.read(sequence) else {
        verification.pending += 1
        continue
      }
      let item = Array(record.item(in: line))
      runDigest.update(record.digest + "\n")
      results.update(item + [0x0A])
      var defects: [String] = []
      if reproducibleDigest(of: item) != record.digest {
        defects.append("the record of item \(sequence) does not have its digest")
      }
      for artefact in record.files(in: line)?.artefacts ?? [] {
        if try !isSound(artefact) {
          defects.append("\(printable(artefact.path)) is missing or has changed")
        }
      }
      if let logitsCount {
        let row = logitsRow(record, line, count: logitsCount)
        logits.update(row)
        if record.failure == nil, LogitsRow.digest(inItem: item) != SHA256.hex(of: row) {
          defects.append("the logits of item \(sequence) do not have their digest")
        }
      }
      if !defects.isEmpty, damagedItems.last != sequence { damagedItems.append(sequence) }
      verification.defects += defects
    }
    damagedItems = Array(Set(damagedItems)).sorted()
  }

  /// Compares a heatmap with its record.
  private mutating func isSound(_ artefact: Artefact) throws(Fault) -> Bool {
    guard artefact.place != nil, let (name, member) = HeatmapLayout.member(artefact.path) else {
      files.insert(RawPath(artefact.path))
      return try digest(of: directory.path.appending(artefact.path)) == artefact.sha256
    }
    files.insert(RawPath(name))
    guard let bytes = try journals.heatmaps.read(artefact) else { return false }
    if archives.last?.name != name { archives.append((name, TarDigest())) }
    archives[archives.count - 1].digest.add(member, bytes)
    return true
  }

  /// Compares what is made from the journals.
  mutating func checkEnd(_ summary: RunSummary?) throws(Fault) {
    guard let summary, summary.isFinished else { return }
    verification.isFinished = true
    if verification.pending > 0 {
      verification.defects.append(
        "the run says that it has finished, and \(verification.pending) items have no record")
    }
    if runDigest.finishHex() != summary.runDigest {
      verification.defects.append("the run digest differs")
    }
    if summary.status == .succeeded, try FileStamp(of: directory.success) == nil {
      if try FileStamp(of: directory.temporaryName(of: directory.success)) != nil {
        verification.isFinished = false
      } else {
        verification.defects.append("_SUCCESS is missing")
      }
    }
    if try digest(of: directory.results) != results.finishHex() {
      verification.defects.append("results.jsonl differs from the journal")
    }
    for (name, expected) in archives
    where try digest(of: directory.path.appending(name)) != expected.finishHex() {
      verification.defects.append("\(name) is not the archive of its heatmaps")
      hasBadArchive = true
    }
    if logitsCount != nil, try digest(of: directory.logits) != logits.finishHex() {
      verification.defects.append("logits.npy differs from the journal")
    }
  }

  mutating func findUnknownFiles() throws(Fault) {
    for name in try namesInDirectory(directory.path)
    where !RunDirectory.names.contains(name.text ?? "") {
      verification.unknownFiles.append(name.identifier)
    }
    try findUnknownFiles(RawPath("heatmaps"))
  }

  private mutating func findUnknownFiles(_ folder: RawPath) throws(Fault) {
    let place = directory.path.appending(folder)
    guard try FileStamp(of: place, followingLinks: false)?.kind == .directory else { return }
    for name in try namesInDirectory(place) {
      let path = folder.appending(name)
      if files.contains(path) { continue }
      let stamp = try FileStamp(of: directory.path.appending(path), followingLinks: false)
      if stamp?.kind == .directory {
        try findUnknownFiles(path)
      } else {
        verification.unknownFiles.append(path.identifier)
      }
    }
  }
}

/// The SHA-256 of a file; `nil` when there is none.
private func digest(of path: RawPath) throws(Fault) -> String? {
  guard let stamp = try FileStamp(of: path, followingLinks: false), stamp.kind == .regular else {
    return nil
  }
  let file = try Descriptor(opening: path, O_RDONLY | O_NOFOLLOW)
  var digest = SHA256()
  while true {
    let chunk = try file.readNext(count: 1 << 20)
    if chunk.isEmpty { return digest.finishHex() }
    digest.update(chunk)
  }
}

/// The digest of what is the same however often an item is computed.
private func reproducibleDigest(of item: [UInt8]) -> String? {
  guard case .object(var members)? = try? JSONValue(parsing: item) else { return nil }
  members["request_id"] = nil
  members["timings_ms"] = nil
  return SHA256.hex(of: JSONValue.object(members).encoded())
}
