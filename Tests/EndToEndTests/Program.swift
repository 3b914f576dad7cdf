import Faults
import FileAccess
import InfercamTestSupport
import JSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The built program, run as a user runs it.
struct Program {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// How a run of the program ended.
  struct Ending {
    /// The exit status, or 128 and the signal that killed it.
    var status: Int32
    var output: [UInt8]
    var errors: String

    var text: String { String(decoding: output, as: UTF8.self) }

    /// The lines of stdout as JSON.
    func lines() throws -> [JSONValue] {
      try output.split(separator: 0x0A).map { try JSONValue(parsing: Array($0)) }
    }
  }

  /// The program beside the tests.
  static let path: String = {
    var buffer = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &buffer, buffer.count)
    let own = RawPath(bytes: buffer[..<max(0, length)].map(UInt8.init(bitPattern:)))
    let beside = own.parent.appending("infercam")
    if access(beside.display, X_OK) == 0 { return beside.display }
    #if DEBUG
    return checkoutFolder.appending(".build/debug/infercam").display
    #else
    return checkoutFolder.appending(".build/release/infercam").display
    #endif
  }()

  /// Runs the program to its end, in the folder of the test.
  @discardableResult
  func run(
    _ arguments: [String], input: String = "/dev/null", output: String? = nil,
    environment: [String: String] = [:]
  ) throws -> Ending {
    try start(arguments, input: input, output: output, environment: environment).wait()
  }

  /// Runs a script with bash, in the folder of the test.
  func bash(_ script: String) throws -> Ending {
    try start(["-c", script], executable: "/bin/bash").wait()
  }

  /// Starts the program; the outputs go to files, so that no pipe can fill up.
  func start(
    _ arguments: [String], input: String = "/dev/null", output: String? = nil,
    environment: [String: String] = [:], executable: String = Program.path
  ) throws -> Running {
    let number = Int.random(in: 0..<Int.max)
    let outputPath = output ?? folder.path.appending(".stdout-\(number)").display
    let errorPath = folder.path.appending(".stderr-\(number)").display
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    var variables = [
      "PATH": "/usr/bin:/bin", "HOME": folder.path.display,
      "INFERCAM_MODELS": checkoutFolder.appending("models").display,
    ]
    // The last four are how sanitizers are told what to do.
    for name in [
      "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "SWIFT_BACKTRACE", "ASAN_OPTIONS",
      "LSAN_OPTIONS", "TSAN_OPTIONS",
    ] {
      if let value = getenv(name) { variables[name] = String(cString: value) }
    }
    variables.merge(environment) { _, new in new }
    var process = pid_t()
    // The shell only changes the folder; the program takes its place.
    let shell = ["sh", "-c", #"cd "$0" && exec "$@""#, folder.path.display, executable]
    let error = withCStrings(shell + arguments) { arguments in
      withCStrings(variables.map { "\($0.key)=\($0.value)" }) { variables in
        posix_spawn(&process, "/bin/sh", &actions, nil, arguments, variables)
      }
    }
    guard error == 0 else { throw Fault(errno: error, "cannot start \(executable)") }
    return Running(process: process, output: outputPath, errors: errorPath)
  }

  /// A program that has been started.
  struct Running {
    let process: pid_t
    let output: String
    let errors: String

    func send(_ signal: Int32) {
      kill(process, signal)
    }

    func wait() throws -> Ending {
      var status: Int32 = 0
      while waitpid(process, &status, 0) < 0, errno == EINTR {}
      let signal = status & 0x7F
      let isRegular = (try? FileStamp(of: RawPath(output))?.kind) == .regular
      return Ending(
        status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal,
        output: isRegular ? try readRegularFile(RawPath(output), limit: 1 << 30).bytes : [],
        errors: String(
          decoding: try readRegularFile(RawPath(errors), limit: 1 << 30).bytes, as: UTF8.self))
    }

    /// Whether the program is still at work.
    var isRunning: Bool {
      var information = siginfo_t()
      let result = waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT)
      return result == 0 && information._sifields._sigchld.si_pid == 0
    }

    /// Waits until a condition holds or the program has ended.
    func waitUntil(_ condition: () -> Bool) {
      while isRunning, !condition() { poll(nil, 0, 2) }
    }
  }
}

/// Calls `body` with the texts as a NULL-terminated array of C strings.
private func withCStrings<R>(
  _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R
) -> R {
  let pointers = texts.map { strdup($0) }
  defer { for pointer in pointers { free(pointer) } }
  return body(pointers + [nil])
}

extension Program {
  /// The pictures that come with the project.
  static let samples = checkoutFolder.appending("samples")

  /// Copies a sample into the folder of the test.
  func copySample(_ name: String, to destination: RawPath) throws {
    let bytes = try readRegularFile(Self.samples.appending(name), limit: 1 << 30).bytes
    try folder.write(bytes, to: destination)
  }

  /// Fills `in/` with copies of a few samples of every format.
  func makeInputs(copies: Int = 1) throws {
    let names = [
      "metal-crack-01.jpg", "fabric-clean-01.png", "leather-scratch-01.tif", "tile-clean-01.bmp",
      "concrete-hole-01.jpg",
    ]
    for name in names {
      for copy in 0..<copies { try copySample(name, to: RawPath("in/\(copy)-\(name)")) }
    }
  }

  /// The results of a run without what may differ from run to run.
  func reproducibleResults(_ run: String) throws -> [JSONValue] {
    try folder.read("\(run)/results.jsonl").split(separator: 0x0A).map { line in
      guard case .object(var members) = try JSONValue(parsing: Array(line)) else { return .null }
      #expect(members.removeValue(forKey: "request_id") != nil)
      #expect(members.removeValue(forKey: "timings_ms") != nil)
      return .object(members)
    }
  }

  /// The names and contents of all heatmaps of a run.
  func heatmaps(_ run: String) throws -> [RawPath: [UInt8]] {
    var files: [RawPath: [UInt8]] = [:]
    func walk(_ folder: RawPath, _ prefix: RawPath) throws {
      for name in try namesInDirectory(folder) {
        let path = folder.appending(name)
        if try FileStamp(of: path)?.kind == .directory {
          try walk(path, prefix.appending(name))
        } else {
          files[prefix.appending(name)] = try readRegularFile(path, limit: 1 << 30).bytes
        }
      }
    }
    try walk(folder.path.appending("\(run)/heatmaps"), RawPath(""))
    return files
  }
}
