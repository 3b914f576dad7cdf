import CPlatform
public import Faults

#if canImport(Glibc)
import Glibc
#endif

/// A file read whole.
public struct FileContents: Sendable {
  public var bytes: [UInt8]
  public var stamp: FileStamp
}

/// Reads a regular file into memory without ever blocking on a pipe or a device.
///
/// - Parameter limit: the most bytes that are accepted; the file may grow while it is read.
/// - Throws: `Fault` with code `upload.too_large` beyond the limit, `image.invalid_format` for
///   anything but a regular file, or that of the error number.
public func readRegularFile(_ path: RawPath, limit: Int) throws(Fault) -> FileContents {
  try Descriptor(opening: path, O_RDONLY | O_NONBLOCK | O_NOCTTY).readWhole(limit: limit)
}

extension Descriptor {
  /// Reads a regular file into memory; opened with `O_NONBLOCK`, so that nothing else blocks.
  ///
  /// - Parameter limit: the most bytes that are accepted; the file may grow while it is read.
  /// - Throws: as `readRegularFile`.
  public borrowing func readWhole(limit: Int) throws(Fault) -> FileContents {
    let stamp = try regularStatus()
    guard stamp.size <= limit else { throw tooLarge(stamp.size, limit) }
    let bytes = try read(at: 0, count: min(stamp.size, limit) + 1)
    if bytes.count <= stamp.size { return FileContents(bytes: bytes, stamp: stamp) }
    let grown = try read(at: 0, count: limit + 1)
    guard grown.count <= limit else { throw tooLarge(grown.count, limit) }
    return FileContents(bytes: grown, stamp: stamp)
  }

  /// The state of a regular file.
  /// - Throws: `Fault` with code `image.invalid_format` for anything else.
  public borrowing func regularStatus() throws(Fault) -> FileStamp {
    let stamp = try status()
    guard stamp.kind == .regular else {
      throw Fault(
        .imageInvalidFormat, "\(name) is \(stamp.kind.rawValue), not a regular file")
    }
    return stamp
  }

  private borrowing func tooLarge(_ size: Int, _ limit: Int) -> Fault {
    Fault(
      .uploadTooLarge, "\(name) has \(size) bytes, more than the limit of \(limit)",
      details: ["bytes": .int(size), "limit": .int(limit)])
  }
}

/// Returns the names in a folder in the order of their bytes, without `.` and `..`.
public func namesInDirectory(_ path: RawPath) throws(Fault) -> [RawPath] {
  guard perform(.open, { 0 }) == 0, let folder = path.withCString({ opendir($0) }) else {
    throw Fault(errno: errno, "cannot list \(path.display)")
  }
  return try readNames(folder, path)
}

/// Reads and closes a folder that has been opened.
func readNames(_ folder: OpaquePointer, _ path: RawPath) throws(Fault) -> [RawPath] {
  defer { closedir(folder) }
  var names: [RawPath] = []
  while true {
    errno = 0
    guard let entry = readdir(folder) else {
      if errno != 0 { throw Fault(errno: errno, "cannot list \(path.display)") }
      break
    }
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { RawPath(bytes: $0) }
    if name.bytes != [0x2E], name.bytes != [0x2E, 0x2E] { names.append(name) }
  }
  return names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
}

/// Creates a folder; an existing one is fine.
/// - Returns: whether it has been created.
@discardableResult
public func createDirectory(_ path: RawPath, mode: UInt32 = 0o700) throws(Fault) -> Bool {
  let result = perform(.mkdir) { path.withCString { mkdir($0, mode) } }
  if result == 0 { return true }
  let error = errno
  if error == EEXIST, try FileStamp(of: path)?.kind == .directory { return false }
  throw Fault(errno: error, "cannot create the folder \(path.display)")
}

/// Creates a folder and the folders above it that are missing.
/// - Returns: the folders that have been created, outermost first.
@discardableResult
public func createDirectories(_ path: RawPath) throws(Fault) -> [RawPath] {
  if path.isEmpty || path.bytes == [0x2E] || path.bytes == [0x2F] { return [] }
  if try FileStamp(of: path)?.kind == .directory { return [] }
  var created = try createDirectories(path.parent)
  if try createDirectory(path) { created.append(path) }
  return created
}

/// Makes the entries of a folder durable.
public func synchronizeDirectory(_ path: RawPath) throws(Fault) {
  let folder = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
  while perform(.fsync, { fsync(folder.number) }) != 0 {
    // Some file systems cannot flush folders and say so.
    if errno == EINVAL || errno == ENOTSUP { return }
    if errno != EINTR { throw Fault(errno: errno, "cannot flush the folder \(path.display)") }
  }
}

/// Gives a file another name, replacing what bears it.
public func renameFile(_ from: RawPath, to: RawPath) throws(Fault) {
  let result = perform(.rename) {
    from.withCString { old in to.withCString { new in rename(old, new) } }
  }
  if result != 0 { throw Fault(errno: errno, "cannot rename \(from.display) to \(to.display)") }
}

/// Gives a file another name unless something bears it.
/// - Returns: false when something does; the file keeps its name then.
public func renameFileIfAbsent(_ from: RawPath, to: RawPath) throws(Fault) -> Bool {
  var error: Int32 = 0
  if perform(.rename, { 0 }) != 0 {
    error = errno
  } else {
    error = from.withCString { old in to.withCString { new in ic_rename_noreplace(old, new) } }
    // Some file systems know no such renaming, but links.
    if error == EINVAL || error == ENOSYS {
      let result = from.withCString { old in to.withCString { new in link(old, new) } }
      error = result == 0 ? 0 : errno
      if error == 0 { try removeFile(from) }
    }
  }
  if error == EEXIST { return false }
  if error != 0 {
    throw Fault(errno: error, "cannot rename \(from.display) to \(to.display)")
  }
  return true
}

/// Removes a file; a missing one is fine.
public func removeFile(_ path: RawPath) throws(Fault) {
  if path.withCString({ unlink($0) }) != 0, errno != ENOENT {
    throw Fault(errno: errno, "cannot remove \(path.display)")
  }
}

/// Removes a folder with all it holds, never following links; a missing one is fine.
public func removeTree(_ path: RawPath) throws(Fault) {
  guard let stamp = try FileStamp(of: path, followingLinks: false) else { return }
  guard stamp.kind == .directory else { return try removeFile(path) }
  for name in try namesInDirectory(path) { try removeTree(path.appending(name)) }
  if path.withCString({ rmdir($0) }) != 0, errno != ENOENT {
    throw Fault(errno: errno, "cannot remove the folder \(path.display)")
  }
}

/// Replaces a file in one step: what is at `path` is at any time the old or the new contents.
///
/// - Parameter temporary: a name on the same file system that nobody else uses.
/// - Parameter durable: whether the contents reach the disk before the name does; the folder's
///   entry is left to `synchronizeDirectory`.
public func replaceFile(
  _ path: RawPath, with bytes: [UInt8], temporary: RawPath, durable: Bool = true
) throws(Fault) {
  do throws(Fault) {
    let file = try Descriptor(opening: temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
    try file.write(bytes)
    if durable { try file.synchronize() }
    try file.close()
    try renameFile(temporary, to: path)
  } catch {
    try? removeFile(temporary)
    throw error
  }
}

/// Replaces a file as `replaceFile` does, in a folder that may not be there yet.
public func replaceFileCreatingFolders(
  _ path: RawPath, with bytes: [UInt8], temporary: RawPath, durable: Bool
) throws(Fault) {
  do throws(Fault) {
    try replaceFile(path, with: bytes, temporary: temporary, durable: durable)
  } catch {
    guard error.code == .inputNotFound else { throw error }
    try createDirectories(path.parent)
    try replaceFile(path, with: bytes, temporary: temporary, durable: durable)
  }
}
