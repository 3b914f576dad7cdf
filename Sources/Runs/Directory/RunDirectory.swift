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
  var journal: RawPath { journalFolder.appending("0-of-1.jsonl") }
  var heatmaps: RawPath { path.appending("heatmaps") }
  public var results: RawPath { path.appending("results.jsonl") }
  var summary: RawPath { path.appending("summary.json") }
  var lock: RawPath { path.appending("LOCK") }
  var success: RawPath { path.appending("_SUCCESS") }
  var temporary: RawPath { path.appending("tmp") }

  /// Everything that may lie in a run directory.
  private static let names: Set<String> = [
    "run.json", "inputs.jsonl", "journal", "heatmaps", "results.jsonl", "summary.json", "LOCK",
    "_SUCCESS", "tmp",
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
      return .run(try RunSpecification(reading: self), try RunSummary(reading: self))
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
    throw Fault(.jobNotFound, "there is no run in \(path.display)")
  }

  /// Creates the folders of a run and the list of its inputs; `run.json` comes last.
  func create(_ specification: RunSpecification, _ list: InputList) throws(Fault) {
    for folder in [journalFolder, heatmaps, temporary] { try createDirectory(folder) }
    let part = temporary.appending("inputs")
    do {
      let file = try Descriptor(opening: part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
      for chunk in list.chunks { try file.write(chunk) }
      try file.synchronize()
      try file.close()
    }
    try renameFile(part, to: inputs)
    try synchronizeDirectory(path)
    try replaceFile(
      self.specification, with: specification.json.encoded(pretty: true) + [0x0A],
      temporary: temporary.appending("run"))
    try synchronizeDirectory(path)
  }

  /// Removes what an earlier run has left, `run.json` first, and keeps the lock.
  func clear() throws(Fault) {
    try removeFile(specification)
    try removeFile(success)
    try removeFile(summary)
    try removeFile(results)
    try removeFile(inputs)
    for folder in [journalFolder, heatmaps, temporary] { try removeTree(folder) }
    try synchronizeDirectory(path)
  }

  /// Replaces a small file of the run in one durable step.
  func replace(_ file: RawPath, with bytes: [UInt8]) throws(Fault) {
    try replaceFile(file, with: bytes, temporary: temporary.appending("summary"))
    try synchronizeDirectory(path)
  }

  /// Whether the folder is that of a run.
  static func isRun(_ folder: RawPath) -> Bool {
    let directory = RunDirectory(folder)
    let files = [directory.specification, directory.inputs]
    return files.allSatisfy { ((try? FileStamp(of: $0)) ?? nil)?.kind == .regular }
  }
}

/// The right to write into a run directory, held until it goes out of scope.
struct RunLock: ~Copyable {
  private let file: Descriptor

  /// - Throws: `Fault` with code `run.locked`; it names the holder.
  static func take(_ directory: RunDirectory, owner: JSONValue) throws(Fault) -> RunLock {
    let path = directory.lock
    let file = try Descriptor(opening: path, O_RDWR | O_CREAT | O_NOFOLLOW)
    do throws(Fault) {
      try lockExclusively(file.number, path)
    } catch {
      guard error.code == .runLocked else { throw error }
      let holder = String(decoding: try file.read(at: 0, count: 256), as: UTF8.self)
      throw Fault(
        .runLocked,
        "\(directory.path.display) is in use by another process: try again when it has ended",
        details: ["holder": .string(printable(holder))])
    }
    guard try FileStamp(of: path)?.inode == file.status().inode else {
      throw Fault(.runLocked, "\(path.display) is being replaced: try again")
    }
    try file.truncate(to: 0)
    try file.write(owner.encoded() + [0x0A])
    return RunLock(file: file)
  }

  /// Whether the lock file is still the one that others would lock.
  borrowing func isValid() throws(Fault) -> Bool {
    try file.status().links > 0
  }
}
