#if canImport(Glibc)
import Glibc
#endif

/// The memory behind one or several tensors: owned, or a window into memory that `owner` keeps.
public final class TensorStorage: @unchecked Sendable {
  // Safety: written only by whoever creates the tensor, before it is shared; read-only afterwards.
  // An arena window is written by the one worker that owns the arena.
  public let base: UnsafeMutableRawPointer
  public let byteCount: Int
  private let owner: AnyObject?
  private let ownsMemory: Bool

  /// Allocates memory aligned to a cache line; the contents are undefined.
  public init(byteCount: Int) {
    self.base = .allocate(byteCount: max(byteCount, 1), alignment: 64)
    self.byteCount = byteCount
    self.owner = nil
    self.ownsMemory = true
  }

  /// Reserves zeroed pages, which take no memory before they are written.
  ///
  /// Traps when the address space is exhausted, as any allocation does.
  public convenience init(zeroPages byteCount: Int) {
    let pages = ZeroPages(byteCount: byteCount)
    self.init(borrowing: pages.base, byteCount: byteCount, owner: pages)
  }

  /// Borrows memory that lives as long as `owner` does.
  public init(borrowing base: UnsafeMutableRawPointer, byteCount: Int, owner: AnyObject?) {
    self.base = base
    self.byteCount = byteCount
    self.owner = owner
    self.ownsMemory = false
  }

  deinit {
    if ownsMemory { base.deallocate() }
  }
}

/// Anonymous memory of its own.
private final class ZeroPages {
  let base: UnsafeMutableRawPointer
  private let byteCount: Int

  init(byteCount: Int) {
    self.byteCount = max(byteCount, 1)
    let pages = mmap(
      nil, self.byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let pages, pages != MAP_FAILED else {
      preconditionFailure("no address space for \(byteCount) bytes")
    }
    self.base = pages
  }

  deinit {
    munmap(base, byteCount)
  }
}
