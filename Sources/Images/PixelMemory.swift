#if canImport(Glibc)
import Glibc
#endif

/// The memory behind pixels, with room for vector loads behind its end.
///
/// It is aligned by hand: what `posix_memalign` returns to the heap is too small for the next buffer of
/// the same size, so that the heap grows with every image while anything small lives between two.
final class PixelMemory: @unchecked Sendable {
  // Safety: written only by whoever creates the pixels, before they are shared.
  let base: UnsafeMutableRawPointer
  private let block: UnsafeMutableRawPointer

  private static let alignment = 64
  private static let slack = 64

  /// Fails when the memory is not to be had; the bytes are undefined, the slack is zero.
  init?(byteCount: Int) {
    let (size, overflow) = byteCount.addingReportingOverflow(Self.slack + Self.alignment)
    guard !overflow, let block = malloc(size) else { return nil }
    self.block = block
    base = block.alignedUp(toMultipleOf: Self.alignment)
    memset(base + byteCount, 0, Self.slack)
  }

  deinit {
    free(block)
  }
}
