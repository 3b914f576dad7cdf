import CPlatform
public import Faults

#if canImport(Glibc)
import Glibc
#endif

/// A folder that paths cannot leave: not by `..`, not by absolute paths, not by links of any kind.
///
/// The kernel resolves each path in one step, so that nobody can swap a folder for a link between a
/// check and the opening.
public final class BaseFolder: Sendable {
  public let path: RawPath
  private let folder: Descriptor

  /// - Throws: `Fault` when there is no such folder, or the kernel cannot keep paths in it (before
  ///   Linux 5.6).
  public init(_ path: RawPath) throws(Fault) {
    self.path = path
    folder = try Descriptor(opening: path, IC_O_PATH | O_DIRECTORY)
    if ic_open_beneath(folder.number, ".", IC_O_PATH) == -ENOSYS {
      throw Fault(
        .accessDenied, "this kernel cannot keep inputs in a folder: it needs Linux 5.6 or later")
    }
  }

  /// Opens a file below the folder; the flags get `O_CLOEXEC`.
  /// - Throws: `Fault` with code `access.denied` for what lies outside or behind a link.
  public func open(_ path: RawPath, _ flags: Int32) throws(Fault) -> Descriptor {
    let number = perform(.open) {
      let result = path.withCString { ic_open_beneath(folder.number, $0, flags) }
      if result >= 0 { return result }
      errno = -result
      return -1
    }
    if number >= 0 { return Descriptor(owning: number, name: path.display) }
    let error = errno
    if [EXDEV, ELOOP, EAGAIN].contains(error) {
      throw Fault(
        .accessDenied,
        "\(path.display) leads out of \(self.path.display), or over a link: give a path below it",
        details: ["errno": .int(Int(error))])
    }
    throw Fault(errno: error, "cannot open \(path.display)")
  }

  /// The state of a path below the folder, of a link itself; `nil` when there is nothing.
  public func stamp(of path: RawPath) throws(Fault) -> FileStamp? {
    do throws(Fault) {
      return try open(path, IC_O_PATH | O_NOFOLLOW).status()
    } catch {
      if error.code == .inputNotFound { return nil }
      throw error
    }
  }

  /// The names in a folder below this one, in the order of their bytes.
  public func names(in path: RawPath) throws(Fault) -> [RawPath] {
    let number = try open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK).release()
    guard let stream = fdopendir(number) else {
      let error = errno
      close(number)
      throw Fault(errno: error, "cannot list \(path.display)")
    }
    return try readNames(stream, path)
  }
}
