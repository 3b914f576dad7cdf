import Faults
import FileAccess

#if canImport(Glibc)
import Glibc
#endif

/// Another process of this program.
enum SelfProcess {
  /// How it ended.
  struct Ending {
    /// The exit status, or 128 and the signal that ended it.
    var status: Int32
    /// What it wrote on its standard error.
    var errors: String
  }

  /// Runs the program on words to its end; what it prints is dropped.
  /// - Parameters:
  ///   - changes: variables of the environment, `nil` to take one away.
  ///   - log: a file for its standard error.
  static func run(
    _ words: [[UInt8]], executable: RawPath, _ environment: Environment,
    changes: [String: String?], log: RawPath
  ) throws(Fault) -> Ending {
    var variables = environment.variables
    for (name, value) in changes { variables[name] = value.map { Array($0.utf8) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    log.withCString { path in
      _ = posix_spawn_file_actions_addopen(
        &actions, STDERR_FILENO, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    }
    let settings = variables.map { Array($0.key.utf8) + [UInt8(ascii: "=")] + $0.value }
    var process = pid_t()
    let error = executable.withCString { path in
      withCStrings([executable.bytes] + words) { arguments in
        withCStrings(settings) { settings in
          posix_spawn(&process, path, &actions, nil, arguments, settings)
        }
      }
    }
    if error != 0 { throw Fault(errno: error, "cannot start \(executable.display)") }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7F
    let errors = (try? readRegularFile(log, limit: 1 << 20).bytes) ?? []
    return Ending(
      status: signal == 0 ? status >> 8 & 0xFF : 128 + signal,
      errors: String(decoding: errors, as: UTF8.self))
  }

  /// Calls `body` with texts as a NULL-terminated array of C strings.
  private static func withCStrings<R>(
    _ texts: [[UInt8]], _ body: ([UnsafeMutablePointer<CChar>?]) -> R
  ) -> R {
    let pointers = texts.map { RawPath(bytes: $0).withCString { strdup($0) } }
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers + [nil])
  }
}
