import Faults
import FileAccess

#if canImport(Glibc)
import Glibc
#endif

/// A shell command that reads JSON from its standard input; what it prints goes to stderr.
final class HookProcess {
  private var process = pid_t()
  private var input: Int32
  private var isReading = true
  private let isGroup: Bool

  /// How a command ended.
  enum Ending: Sendable, Hashable {
    case exited(Int32)
    case signalled(Int32)
    /// Nobody waited for it.
    case abandoned

    /// What is wrong about it; `nil` for success.
    var problem: String? {
      switch self {
      case .exited(0): nil
      case .exited(let status): "the command ended with status \(status)"
      case .signalled(let signal): "the command was ended by signal \(signal)"
      case .abandoned: "the command was left behind"
      }
    }
  }

  /// - Parameters:
  ///   - command: what `/bin/sh -c` gets.
  ///   - isQuiet: drops what it prints to its standard output.
  init(_ command: [UInt8], isQuiet: Bool = false) throws(Fault) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Fault(errno: errno, "cannot start a command") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    input = ends[1]
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
    if isQuiet {
      posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    } else {
      posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
      close(ends[0])
    }
    // This process ignores SIGPIPE, which the command would inherit.
    var restored = sigset_t()
    sigemptyset(&restored)
    sigaddset(&restored, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &restored)
    // A quiet command has a group of its own, so that all that it starts can be ended.
    isGroup = isQuiet
    let flags = POSIX_SPAWN_SETSIGDEF | (isQuiet ? POSIX_SPAWN_SETPGROUP : 0)
    posix_spawnattr_setflags(&attributes, Int16(flags))
    let error = RawPath(bytes: command).withCString { command in
      let arguments: [UnsafeMutablePointer<CChar>?] = [
        strdup("sh"), strdup("-c"), strdup(command), nil,
      ]
      defer { for argument in arguments { free(argument) } }
      return posix_spawn(&process, "/bin/sh", &actions, &attributes, arguments, environ)
    }
    if error != 0 {
      close(input)
      throw Fault(errno: error, "cannot start /bin/sh")
    }
  }

  /// Ends a command that nobody waits for any more.
  func kill() {
    _ = Glibc.kill(isGroup ? -process : process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
  }

  deinit {
    if input >= 0 { close(input) }
  }

  /// Writes bytes, waiting for the command to read; returns false when it reads no more.
  @discardableResult
  func write(_ bytes: [UInt8], isInterrupted: () -> Bool) -> Bool {
    var written = 0
    while isReading, written < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.write(input, buffer.baseAddress.map { $0 + written }, bytes.count - written)
      }
      if count > 0 {
        written += count
      } else if errno == EAGAIN {
        if isInterrupted() { return false }
        var ready = pollfd(fd: input, events: Int16(POLLOUT), revents: 0)
        poll(&ready, 1, 200)
      } else if errno != EINTR {
        isReading = false
      }
    }
    return isReading
  }

  /// Ends the standard input and waits for the command to end.
  func finish(isInterrupted: () -> Bool) -> Ending {
    close(input)
    input = -1
    var pause: Int32 = 1
    while true {
      var status: Int32 = 0
      let ended = waitpid(process, &status, WNOHANG)
      if ended == process {
        return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
      }
      if ended < 0, errno != EINTR { return .abandoned }
      if isInterrupted() { return .abandoned }
      poll(nil, 0, pause)
      pause = min(2 * pause, 50)
    }
  }
}
