public import Faults

#if canImport(Glibc)
import Glibc
#endif

/// What identifies the state of a file without reading it.
public struct FileStamp: Sendable, Hashable {
  public var kind: Kind
  public var size: Int
  public var modifiedNanoseconds: Int64
  public var inode: UInt64
  public var device: UInt64
  public var links: Int
  /// The number of the user who owns it.
  public var owner: UInt32

  public enum Kind: String, Sendable {
    case regular = "a regular file"
    case directory = "a directory"
    case symbolicLink = "a symbolic link"
    case pipe = "a pipe"
    case socket = "a socket"
    case device = "a device"
  }

  init(_ status: stat) {
    switch status.st_mode & S_IFMT {
    case S_IFREG: kind = .regular
    case S_IFDIR: kind = .directory
    case S_IFLNK: kind = .symbolicLink
    case S_IFIFO: kind = .pipe
    case S_IFSOCK: kind = .socket
    default: kind = .device
    }
    size = Int(status.st_size)
    modifiedNanoseconds =
      Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    inode = UInt64(status.st_ino)
    device = UInt64(status.st_dev)
    links = Int(status.st_nlink)
    owner = status.st_uid
  }

  /// The state of a path; `nil` when there is nothing.
  /// - Throws: the `Fault` of the error number for other failures.
  public init?(of path: RawPath, followingLinks: Bool = true) throws(Fault) {
    var status = stat()
    let result = path.withCString { followingLinks ? stat($0, &status) : lstat($0, &status) }
    if result == 0 {
      self.init(status)
      return
    }
    let error = errno
    if error == ENOENT || error == ENOTDIR { return nil }
    throw Fault(errno: error, "cannot stat \(path.display)")
  }
}
