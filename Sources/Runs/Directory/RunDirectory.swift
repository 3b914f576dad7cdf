public import Faults
public import FileAccess
import JSON

#if canImport(Glibc)
import Glibc
#endif

/// The places in a run directory.
public struct RunDirectory: Sendable {
  public let path: RawPath

  public init(_ path: RawPath) {
    self.path = path
  }

  var specification: RawPath { path.appending("run.json") }
  var inputs: RawPath { path.appending("inputs.jsonl") }
  var journalFolder: RawPath { path.appending("journal") }
  var extensions: RawPath { path.appending("extensions") }
  var heatmaps: RawPath { path.appending("heatmaps") }
  /// Heatmaps that go into archives when the run has finished.
  var packs: RawPath { path.appending("packs") }
  public var results: RawPath { path.appending("results.jsonl") }
  /// The logits of all items, where they are kept.
  public var logits: RawPath { path.appending("logits.npy") }
  var summary: RawPath { path.appending("summary.json") }
  var outbox: RawPath { path.appending("outbox.jsonl") }
  var lock: RawPath { path.appending("LOCK") }
  /// There while the run is to stop, and must not go on unasked.
  var cancelRequest: RawPath { path.appending("CANCEL") }
  /// What `run.json` is called while an expired run is being removed.
  var retired: RawPath { path.appending("EXPIRED") }
  var success: RawPath { path.appending("_SUCCESS") }
  var temporary: RawPath { path.appending("tmp") }

  /// Where a process puts files that it is writing.
  func temporary(of shard: Shard) -> RawPath { temporary.appending(shard.name) }

  /// Everything that may lie in a run directory.
  static let names: Set<String> = [
    "run.json", "inputs.jsonl", "journal", "heatmaps", "results.jsonl", "summary.json", "LOCK",
    "_SUCCESS", "tmp", "extensions", "outbox.jsonl", "CANCEL", "logits.npy", "EXPIRED",
    "packs",
  ]

  /// What is at the path.
  enum State {
    case absent
    /// A folder that is empty, or that holds what an interrupted creation left.
    case unused
    case run(RunSpecification, RunSummary?)
  }

  /// - Throws: `Fault` with code `resource.version_conflict` for anything that is not a run's,
  ///   `run.corrupt` for a run that cannot be read.
  func state() throws(Fault) -> State {
    guard let stamp = try FileStamp(of: path, followingLinks: false) else { return .absent }
    guard stamp.kind == .directory else {
      throw Fault(
        .resourceVersionConflict,
        "\(path.display) is \(stamp.kind.rawValue), not a folder: choose another --output")
    }
    if try FileStamp(of: specification) != nil {
      let specification = try RunSpecification(reading: self)
      return .run(specification, try RunSummary(reading: self)?.covering(specification))
    }
    let foreign = try namesInDirectory(path).first { !Self.names.contains($0.text ?? "") }
    if let foreign {
      throw Fault(
        .resourceVersionConflict,
        "\(path.display) is no run directory, it holds \(foreign.display): "
          + "choose another --output")
    }
    return .unused
  }

  /// Reads the run that is here.
  /// - Throws: `Fault` with code `job.not_found` where there is none.
  public func read() throws(Fault) -> (specification: RunSpecification, summary: RunSummary?) {
    if let stamp = try FileStamp(of: path), stamp.kind == .directory,
      case .run(let specification, let summary) = try state()
    {
      return (specification, summary)
    }
    if try FileStamp(of: retired) != nil {
      throw Fault(
        .jobExpired,
        "the run in \(path.display) has expired and is being removed: infercam runs prune goes on")
    }
    throw Fault(.jobNotFound, "there is no run in \(path.display)")
  }

  /// - Throws: `Fault` with code `resource.version_conflict` for a folder of another user, whoever may
  ///   write there.
  func refuseForeignOwner() throws(Fault) {
    guard let stamp = try FileStamp(of: path, followingLinks: false) else { return }
    if stamp.owner == geteuid() || geteuid() == 0 { return }
    throw Fault(
      .resourceVersionConflict,
      "\(path.display) belongs to another user: choose another --output")
  }

  /// Creates the folders of a run and the list of its inputs; `run.json` comes last.
  ///
  /// - Throws: `Fault` with code `run.locked` when another process has created a run meanwhile.
  func create(
    _ specification: RunSpecification, _ list: InputList, _ layout: HeatmapLayout
  ) throws(Fault) {
    for folder in [journalFolder, heatmaps, temporary] { try createDirectory(folder) }
    if layout == .hash {
      for name in HeatmapLayout.hashFolders { try createDirectory(heatmaps.appending(name)) }
      try synchronizeDirectory(heatmaps)
    }
    try write(list.chunks, to: inputs)
    try synchronizeDirectory(path)
    let part = temporary.appending("run")
    try write([specification.json.encoded(pretty: true) + [0x0A]], to: part)
    guard try renameFileIfAbsent(part, to: self.specification) else {
      throw Fault(.runLocked, "\(path.display) is being created by another process: try again")
    }
    try synchronizeDirectory(path)
  }

  /// Writes a file whole, flushes it and gives it its name; the folder is left to the caller.
  func write(_ chunks: [[UInt8]], to file: RawPath) throws(Fault) {
    try renameFile(try stage(chunks, for: file), to: file)
  }

  /// Writes a file whole under its temporary name and flushes it.
  /// - Returns: the temporary name; the folder is left to the caller.
  func stage(_ chunks: [[UInt8]], for file: RawPath) throws(Fault) -> RawPath {
    let part = temporaryName(of: file)
    let descriptor = try Descriptor(opening: part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
    for chunk in chunks { try descriptor.write(chunk) }
    try descriptor.synchronize()
    try descriptor.close()
    return part
  }

  /// The name of a file until it is whole.
  func temporaryName(of file: RawPath) -> RawPath {
    temporary.appending("new-" + String(decoding: file.lastComponent, as: UTF8.self))
  }

  /// Removes what an earlier run has left, `run.json` first, and keeps the lock.
  func clear() throws(Fault) {
    try removeFile(specification)
    try removeFile(success)
    try removeFile(summary)
    try removeFile(results)
    try removeFile(logits)
    try removeFile(inputs)
    try removeFile(outbox)
    try removeFile(cancelRequest)
    for folder in [journalFolder, heatmaps, packs, temporary, extensions] {
      try removeTree(folder)
    }
    try synchronizeDirectory(path)
    try removeFile(retired)
  }

  /// Empties and creates the folder of files that a process is writing.
  func prepareTemporary(of shard: Shard) throws(Fault) {
    try createDirectory(temporary)
    if shard == .whole {
      for name in try namesInDirectory(temporary) { try removeTree(temporary.appending(name)) }
    }
    try removeTree(temporary(of: shard))
    try createDirectory(temporary(of: shard))
  }

  /// Replaces a small file of the run in one durable step.
  func replace(_ file: RawPath, with bytes: [UInt8]) throws(Fault) {
    try write([bytes], to: file)
    try synchronizeDirectory(path)
  }

  /// Whether the folder is that of a run.
  static func isRun(_ folder: RawPath) -> Bool {
    let directory = RunDirectory(folder)
    let files = [directory.specification, directory.inputs]
    return files.allSatisfy { ((try? FileStamp(of: $0)) ?? nil)?.kind == .regular }
  }
}
