import CPlatform
public import Faults

#if canImport(Glibc)
import Glibc
#endif

/// A filesystem that makes all files and names durable in one step, and tells when it could not.
///
/// That is so on ext4 and XFS from Linux 5.8 on. Elsewhere each file is flushed by itself.
public final class FilesystemFlush: Sendable {
  private let folder: Descriptor
  private let name: String

  /// - Parameter folders: must lie on one filesystem.
  /// - Returns: `nil` where the filesystem has no such step.
  public init?(_ path: RawPath, with folders: [RawPath] = []) throws(Fault) {
    let folder = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
    guard ic_can_sync_filesystem(folder.number) != 0 else { return nil }
    let device = try folder.status().device
    for other in folders {
      guard try FileStamp(of: other)?.device == device else { return nil }
    }
    self.folder = folder
    name = path.display
  }

  /// Makes everything durable that has been written, by this process or others.
  ///
  /// A failure is final, as that of `Descriptor.synchronize`.
  public func synchronize() throws(Fault) {
    var error: Int32
    repeat {
      error = perform(.syncfs, { 0 }) != 0 ? errno : ic_sync_filesystem(folder.number)
    } while error == EINTR
    if error != 0 { throw Fault(errno: error, "cannot flush the filesystem of \(name)") }
  }
}
