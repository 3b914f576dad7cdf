import Faults
import FileAccess
import JSON

#if canImport(Glibc)
import Glibc
#endif

/// The right to write into a run directory, held until it goes out of scope or the process ends.
struct RunLock: ~Copyable {
  private let file: Descriptor
  private let path: RawPath

  /// Takes the lock without waiting: alone, or beside other shards.
  /// - Throws: `Fault` with code `run.locked`; it names the holder.
  static func take(_ directory: RunDirectory, _ kind: Descriptor.Lock) throws(Fault) -> RunLock {
    guard let lock = try attempt(directory, kind) else { throw locked(directory) }
    return lock
  }

  /// Takes the lock of a run that may have to be created, waiting while another shard creates it.
  ///
  /// A holder that keeps others out for good is told from one that will share by what it wrote.
  /// - Returns: an exclusive lock while there is no run, and one of `kind` when there is.
  static func takeToCreate(
    _ directory: RunDirectory, _ kind: Descriptor.Lock
  ) throws(Fault) -> RunLock {
    if kind == .exclusive { return try take(directory, kind) }
    // A holder writes just after it has taken the lock.
    var patience = 5
    for _ in 0..<3000 {
      let exists = try FileStamp(of: directory.specification) != nil
      if let lock = try attempt(directory, exists ? kind : .exclusive, willShare: !exists) {
        return lock
      }
      if !holder(of: directory).hasSuffix(sharingMark) { patience -= 1 }
      if patience == 0 { break }
      poll(nil, 0, 10)
    }
    throw locked(directory)
  }

  /// The end of what a process writes that holds the lock alone only to create the run.
  private static let sharingMark = #","shares":true}"#

  private static func attempt(
    _ directory: RunDirectory, _ kind: Descriptor.Lock, willShare: Bool = false
  ) throws(Fault) -> RunLock? {
    let path = directory.lock
    let file = try Descriptor(opening: path, O_RDWR | O_CREAT | O_NOFOLLOW)
    guard try file.lock(kind) else { return nil }
    guard try FileStamp(of: path)?.inode == file.status().inode else { return nil }
    if kind == .exclusive {
      try file.truncate(to: 0)
      var owner: [String: JSONValue] = [
        "pid": JSONValue(Int(getpid())), "host": .string(hostName()),
      ]
      if willShare { owner["shares"] = true }
      try file.write(JSONValue.object(owner).encoded() + [0x0A])
    }
    return RunLock(file: file, path: path)
  }

  private static func locked(_ directory: RunDirectory) -> Fault {
    let holder = holder(of: directory)
    return Fault(
      .runLocked,
      "\(directory.path.display) is in use by another process"
        + (holder.isEmpty ? "" : " (\(printable(holder)))") + ": try again when it has ended",
      details: ["holder": .string(printable(holder))])
  }

  /// What the last process wrote that held the lock alone.
  private static func holder(of directory: RunDirectory) -> String {
    let contents = try? readRegularFile(directory.lock, limit: 4096).bytes
    return String(decoding: (contents ?? []).prefix { $0 != 0x0A }, as: UTF8.self)
  }

  /// Becomes the only holder, if nobody else holds the lock.
  /// - Parameter attempts: more than one where others may hold it for a moment only.
  /// - Returns: false when others do; this lock is lost then.
  borrowing func upgrade(attempts: Int = 1) throws(Fault) -> Bool {
    for attempt in 0..<attempts {
      if attempt > 0 { poll(nil, 0, 10) }
      if try file.lock(.exclusive) { return true }
    }
    return false
  }

  /// Lets others in who hold the lock as shards do.
  ///
  /// One that wants to create the run may come in between; it finds the run and shares too.
  /// - Throws: `Fault` with code `run.locked` when somebody keeps it.
  borrowing func share() throws(Fault) {
    // What told others to wait is true no longer.
    try file.truncate(to: 0)
    for _ in 0..<3000 {
      if try file.lock(.shared) { return }
      poll(nil, 0, 10)
    }
    throw Fault(.runLocked, "\(path.display) is in use by another process: try again")
  }

  /// - Throws: `Fault` with code `resource.version_conflict` when the lock file has been removed or
  ///   replaced, so that others could come in.
  borrowing func refuseRemoval() throws(Fault) {
    if try file.status().links > 0 { return }
    throw Fault(
      .resourceVersionConflict, "\(path.display) was removed: run the command again")
  }
}

/// The name of this machine.
func hostName() -> String {
  var name = [CChar](repeating: 0, count: 256)
  gethostname(&name, name.count - 1)
  return String(
    decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
