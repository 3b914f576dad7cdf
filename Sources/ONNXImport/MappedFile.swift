public import Faults

#if canImport(Glibc)
import Glibc
#endif

/// A file mapped into memory, read-only and private, until the last reference goes.
///
/// It takes an open descriptor, not a path: whoever resolves paths opens with
/// `O_RDONLY | O_CLOEXEC` and may close the descriptor at once. The pages are those of the file:
/// one that is shortened while it is mapped kills the process, one that is replaced by a rename
/// does not.
public final class MappedFile: Sendable {
  private let address: UInt
  public let byteCount: Int

  /// The bytes, valid as long as the object lives.
  public var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: byteCount)
  }

  /// Maps the regular file behind `descriptor`.
  /// - Throws: `Fault` with code `model.invalid` for anything but a regular file that has bytes,
  ///   `storage.io_error` when the file cannot be mapped.
  public init(descriptor: CInt) throws(Fault) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.ioError("read the file's size") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Fault(.modelInvalid, "the model is not a regular file")
    }
    guard status.st_size > 0 else { throw Fault(.modelInvalid, "the model file is empty") }
    let size = Int(status.st_size)
    guard
      let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED
    else { throw Self.ioError("map the file into memory") }
    self.address = UInt(bitPattern: base)
    self.byteCount = size
  }

  deinit {
    munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount)
  }

  private static func ioError(_ what: String) -> Fault {
    Fault(.storageIOError, "cannot \(what): \(String(cString: strerror(errno)))")
  }
}
