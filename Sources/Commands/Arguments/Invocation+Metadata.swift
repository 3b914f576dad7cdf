import Faults
import FileAccess
import JSON
import Runs

extension Invocation {
  /// What `--metadata` says about the run: an object, typed or in a file.
  func metadata() throws(Fault) -> JSONValue? {
    guard let word = arguments.metadata else { return nil }
    var bytes = word
    var name = "--metadata"
    do throws(Fault) {
      if word.first == UInt8(ascii: "@") {
        let path = RawPath(bytes: word.dropFirst())
        name = "--metadata: \(path.display)"
        bytes = try readRegularFile(path, limit: 1 << 20).bytes
      }
      return try parseMetadata(bytes)
    } catch {
      throw Fault(
        .paramOutOfRange, "\(name) \(error.message)", details: error.details, cause: error)
    }
  }
}
