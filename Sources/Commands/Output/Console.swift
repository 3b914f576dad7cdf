import Faults
import FileAccess

#if canImport(Glibc)
import Glibc
#endif

/// The standard streams: data to stdout, everything else to stderr.
///
/// When the reader of stdout has gone, printing ends and the work goes on; a full disk is a fault.
struct Console {
  let isOutputTerminal = isatty(STDOUT_FILENO) == 1
  let isErrorTerminal = isatty(STDERR_FILENO) == 1
  private(set) var isOutputClosed = false

  /// Writes to stdout at once.
  mutating func print(_ bytes: [UInt8]) throws(Fault) {
    if isOutputClosed { return }
    let error = bytes.withUnsafeBytes { writeFully(STDOUT_FILENO, $0) }
    if error == EPIPE {
      isOutputClosed = true
    } else if error != 0 {
      throw Fault(errno: error, "cannot write to the standard output")
    }
  }

  mutating func print(_ text: String) throws(Fault) {
    try print(Array(text.utf8) + [0x0A])
  }

  /// Writes to stderr; a failure there cannot be told to anybody.
  func note(_ text: String) {
    noteBytes(Array(text.utf8) + [0x0A])
  }

  func noteBytes(_ bytes: [UInt8]) {
    _ = bytes.withUnsafeBytes { writeFully(STDERR_FILENO, $0) }
  }

  /// How many columns the terminal of a stream has.
  func width(of stream: Int32 = STDOUT_FILENO) -> Int {
    var size = winsize()
    guard ioctl(stream, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 90 }
    return Int(size.ws_col)
  }
}
