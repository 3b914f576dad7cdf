import FileAccess
import InfercamTestSupport
import JSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// How often the tests that kill and cut are repeated: few times among the other tests, as often as
/// the environment says for a soak.
func repetitions(_ variable: String, default count: Int) -> Int {
  getenv(variable).flatMap { Int(String(cString: $0)) } ?? count
}

/// Runs a command of the shell to its end and returns its exit status.
func shell(_ command: String) -> Int32 {
  var process = pid_t()
  let arguments: [String] = ["sh", "-c", command]
  var words = arguments.map { word -> UnsafeMutablePointer<CChar>? in strdup(word) }
  words.append(nil)
  defer { for word in words { free(word) } }
  guard posix_spawn(&process, "/bin/sh", nil, nil, words, environ) == 0 else { return 127 }
  var status: Int32 = 0
  while waitpid(process, &status, 0) < 0, errno == EINTR {}
  return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
}

private func readText(_ path: String) throws -> String {
  String(decoding: try readRegularFile(RawPath(path), limit: 1 << 30).bytes, as: UTF8.self)
}

extension Program {
  /// How many items of a run the lines of `--progress json` say are done.
  func acknowledged(_ running: Running) -> Int {
    guard let text = try? readText(running.errors) else { return 0 }
    var done = 0
    for line in text.split(separator: "\n") {
      guard let json = try? JSONValue(parsing: Array(line.utf8)) else { continue }
      done = max(done, json["progress"]?["done"]?.int ?? 0)
    }
    return done
  }

  /// The number of items with a record in the journals of a run directory.
  func recorded(_ journals: [String]) -> Int {
    var places: Set<Int> = []
    for journal in journals {
      guard let text = try? readText(journal) else { continue }
      for line in text.split(separator: "\n") {
        guard let record = try? JSONValue(parsing: Array(line.utf8)) else { continue }
        if record["t"] == "done" || record["t"] == "fail", let place = record["seq"]?.int {
          places.insert(place)
        }
      }
    }
    return places.count
  }
}
