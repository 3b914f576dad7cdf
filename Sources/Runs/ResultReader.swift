public import Faults
import FileAccess
public import JSON

#if canImport(Glibc)
import Glibc
#endif

/// Reads the results of a finished run, in order or by their place in the file.
public final class ResultReader {
  public let specification: RunSpecification
  public let summary: RunSummary
  private let file: Descriptor
  private let name: String
  private var offset = 0
  private var buffer: [UInt8] = []
  private var start = 0

  /// Where the line of a result is.
  public struct Place: Sendable, Hashable {
    var offset: Int
    var length: Int
  }

  /// - Throws: `Fault` with code `job.not_found` where there is no run, or it has not finished.
  public init(_ directory: RunDirectory) throws(Fault) {
    let (specification, summary) = try directory.read()
    guard let summary, summary.isFinished else {
      throw Fault(
        .jobNotFound,
        "the run in \(directory.path.display) has not finished: run its command again")
    }
    self.specification = specification
    self.summary = summary
    name = directory.results.display
    file = try Descriptor(opening: directory.results, O_RDONLY | O_NOFOLLOW)
  }

  /// The next result; `nil` at the end.
  public func next() throws(Fault) -> (value: JSONValue, place: Place)? {
    while true {
      if let end = buffer[start...].firstIndex(of: 0x0A) {
        let line = Array(buffer[start..<end])
        let place = Place(offset: offset, length: line.count)
        offset += line.count + 1
        start = end + 1
        return (try parse(line), place)
      }
      buffer.removeFirst(start)
      start = 0
      let chunk = try file.read(at: offset + buffer.count, count: 1 << 20)
      if chunk.isEmpty { return nil }
      buffer += chunk
    }
  }

  /// The result at a place.
  public func value(at place: Place) throws(Fault) -> JSONValue {
    try parse(try file.read(at: place.offset, count: place.length))
  }

  private func parse(_ line: [UInt8]) throws(Fault) -> JSONValue {
    do throws(Fault) {
      return try JSONValue(parsing: line)
    } catch {
      throw Fault(.runCorrupt, "\(name) holds a line that is not JSON", cause: error)
    }
  }
}
