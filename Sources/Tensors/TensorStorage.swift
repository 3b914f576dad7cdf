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
