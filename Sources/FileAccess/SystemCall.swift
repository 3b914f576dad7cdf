#if canImport(Glibc)
import Glibc
#endif

/// The calls of the system that can fail on the way of data to and from the disk.
enum SystemCall: String, CaseIterable {
  case open
  case read
  case write
  case fsync
  case fdatasync
  case writeback = "sync_file_range"
  case syncfs
  case rename
  case mkdir
  case close
  case ftruncate
  case flock
}

/// Makes a call of the system; in a debug build a planned fault takes its place.
@inline(__always)
func perform<Result: SignedInteger>(_ call: SystemCall, _ body: () -> Result) -> Result {
  #if DEBUG
  if case .error(let number)? = FaultPoints.reach(call) {
    errno = number
    return -1
  }
  #endif
  return body()
}

/// Makes a call that writes up to `count` bytes, which a planned fault can halve; what goes to
/// stderr is left alone, so that faults can be told.
@inline(__always)
func performWrite(to number: Int32, _ count: Int, _ body: (Int) -> Int) -> Int {
  #if DEBUG
  if number == STDERR_FILENO { return body(count) }
  switch FaultPoints.reach(.write) {
  case .error(let number)?:
    errno = number
    return -1
  case .short?: return body(max(1, count / 2))
  default: break
  }
  #endif
  return body(count)
}
