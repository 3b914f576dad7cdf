#if canImport(Glibc)
import Glibc
#endif

/// The memory behind pixels, with room for vector loads behind its end.
final class PixelMemory: @unchecked Sendable {
  // Safety: written only by whoever creates the pixels, before they are shared.
  let base: UnsafeMutableRawPointer

  private static let alignment = 64
  private static let slack = 64

  /// Fails when the memory is not to be had; the bytes are undefined, the slack is zero.
  init?(byteCount: Int) {
    let (size, overflow) = byteCount.addingReportingOverflow(Self.slack)
    var start: UnsafeMutableRawPointer?
    guard !overflow, posix_memalign(&start, Self.alignment, size) == 0, let start else {
      return nil
    }
    memset(start + byteCount, 0, Self.slack)
    base = start
  }

  deinit {
    free(base)
  }
}
