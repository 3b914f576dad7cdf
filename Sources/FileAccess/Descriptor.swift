import CPlatform
public import Faults

#if canImport(Glibc)
import Glibc
#endif

/// An open file, closed when it goes out of scope.
public struct Descriptor: ~Copyable, Sendable {
  public private(set) var number: Int32
  let name: String

  /// Opens a file; the flags get `O_CLOEXEC`.
  /// - Throws: the `Fault` of the error number.
  public init(
    opening path: RawPath, _ flags: Int32, mode: UInt32 = 0o600
  ) throws(Fault) {
    while true {
      let number = perform(.open) {
        path.withCString { Glibc.open($0, flags | O_CLOEXEC, mode) }
      }
      if number >= 0 {
        self.number = number
        self.name = path.display
        return
      }
      let error = errno
      if error != EINTR { throw Fault(errno: error, "cannot open \(path.display)") }
    }
  }

  /// Takes over an open file.
  init(owning number: Int32, name: String) {
    self.number = number
    self.name = name
  }

  deinit {
    if number >= 0 { _ = Glibc.close(number) }
  }

  /// Leaves the file open and its closing to the caller.
  consuming func release() -> Int32 {
    let number = number
    self.number = -1
    return number
  }

  /// Closes the file and reports what the system says about it.
  public consuming func close() throws(Fault) {
    let number = number
    self.number = -1
    // Whatever the system answers, the descriptor is gone.
    let result = Glibc.close(number)
    if perform(.close, { result }) != 0, errno != EINTR {
      throw Fault(errno: errno, "cannot close \(name)")
    }
  }

  /// Writes all bytes, continuing after short writes.
  public borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
    let error = writeFully(number, bytes)
    if error != 0 { throw Fault(errno: error, "cannot write \(name)") }
  }

  public borrowing func write(_ bytes: [UInt8]) throws(Fault) {
    let error = bytes.withUnsafeBytes { writeFully(number, $0) }
    if error != 0 { throw Fault(errno: error, "cannot write \(name)") }
  }

  /// Makes the contents durable.
  ///
  /// A failure is final: the kernel may have dropped the pages, so that a second attempt would lie.
  public borrowing func synchronize() throws(Fault) {
    while perform(.fsync, { fsync(number) }) != 0 {
      if errno != EINTR { throw Fault(errno: errno, "cannot flush \(name)") }
    }
  }

  /// Makes the contents durable, without the times.
  public borrowing func synchronizeContents() throws(Fault) {
    while perform(.fdatasync, { fdatasync(number) }) != 0 {
      if errno != EINTR { throw Fault(errno: errno, "cannot flush \(name)") }
    }
  }

  public borrowing func truncate(to size: Int) throws(Fault) {
    while perform(.ftruncate, { ftruncate(number, off_t(size)) }) != 0 {
      if errno != EINTR { throw Fault(errno: errno, "cannot truncate \(name)") }
    }
  }

  public borrowing func status() throws(Fault) -> FileStamp {
    var status = stat()
    guard fstat(number, &status) == 0 else { throw Fault(errno: errno, "cannot stat \(name)") }
    return FileStamp(status)
  }

  /// Starts to write what is dirty to the disk, without waiting; a hint, whose failure means nothing.
  public borrowing func startWriteback() {
    _ = ic_start_writeback(number)
  }

  /// Waits until the disk has taken what was written, which makes nothing durable by itself.
  ///
  /// - Throws: the fault of any write of the file that has failed, which is final.
  public borrowing func finishWriteback() throws(Fault) {
    var error: Int32
    repeat {
      error = perform(.writeback, { 0 }) != 0 ? errno : ic_finish_writeback(number)
    } while error == EINTR
    if error != 0 { throw Fault(errno: error, "cannot flush \(name)") }
  }

  /// How a file is locked.
  public enum Lock: Sendable {
    case shared
    case exclusive
  }

  /// Takes an advisory lock without waiting, in place of one that is held.
  /// - Returns: false when another process holds it; a lock that was held is lost then.
  public borrowing func lock(_ lock: Lock) throws(Fault) -> Bool {
    var error: Int32
    repeat {
      error = perform(.flock, { 0 }) != 0 ? errno : ic_lock(number, lock == .exclusive ? 1 : 0)
    } while error == EINTR
    if error == EWOULDBLOCK { return false }
    if error != 0 { throw Fault(errno: error, "cannot lock \(name)") }
    return true
  }

  /// Reads up to `count` bytes at `offset`, fewer only at the end of the file.
  public borrowing func read(at offset: Int, count: Int) throws(Fault) -> [UInt8] {
    // An array made in place writes its count, to the one that all empty arrays share.
    if count == 0 { return [] }
    var error: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = perform(.read) {
          pread(
            number, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
        }
        if got < 0, errno == EINTR { continue }
        if got < 0 { error = errno }
        if got <= 0 { break }
        filled += got
      }
    }
    if error != 0 { throw Fault(errno: error, "cannot read \(name)") }
    return bytes
  }

  /// Reads the next bytes, at most `count`; empty at the end.
  /// - Throws: with `EINTR` in `details.errno` when `interruptible` and a signal arrived.
  public borrowing func readNext(count: Int) throws(Fault) -> [UInt8] {
    try readChunk(number, count: count, name: name)
  }
}

/// Writes all bytes to a descriptor; returns 0 or the error number.
public func writeFully(_ number: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
  var written = 0
  while written < bytes.count {
    let count = performWrite(to: number, bytes.count - written) {
      Glibc.write(number, bytes.baseAddress.map { $0 + written }, $0)
    }
    if count > 0 {
      written += count
    } else if count < 0, errno == EAGAIN {
      var ready = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
      _ = poll(&ready, 1, -1)
    } else if count == 0 || errno != EINTR {
      return count == 0 ? EIO : errno
    }
  }
  return 0
}

/// Reads the next bytes of a descriptor, at most `count`; empty at the end.
public func readChunk(_ number: Int32, count: Int, name: String) throws(Fault) -> [UInt8] {
  if count == 0 { return [] }
  var error: Int32 = 0
  let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
    while true {
      let got = perform(.read) { Glibc.read(number, buffer.baseAddress, count) }
      if got < 0, errno == EINTR { continue }
      if got < 0 { error = errno }
      filled = max(got, 0)
      return
    }
  }
  if error != 0 { throw Fault(errno: error, "cannot read \(name)") }
  return bytes
}

/// How many descriptors this process may have open.
public func openFileLimit() -> Int {
  var limit = rlimit()
  guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 256 }
  return Int(clamping: limit.rlim_cur)
}
