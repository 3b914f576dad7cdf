public import Faults
import FileAccess
public import JSON

#if canImport(Glibc)
import Glibc
#endif

/// A page of a run's results.
public struct ResultPage: Sendable {
  public var items: [JSONValue]
  /// Continues after this page; `nil` at the end.
  public var nextCursor: String?
}

extension RunDirectory {
  /// Reads results in order, from a cursor on.
  ///
  /// - Parameter isWanted: decides on each item by its `status`.
  /// - Throws: `Fault` with code `job.not_found` while the run has not finished.
  public func resultPage(
    after cursor: String?, limit: Int, isWanted: (String) -> Bool
  ) throws(Fault) -> ResultPage {
    guard try read().summary?.isFinished == true else {
      throw Fault(
        .jobNotFound, "the run in \(path.display) has not finished: run its command again")
    }
    var offset = 0
    if let cursor {
      guard let value = Int(cursor), value >= 0 else {
        throw Fault(.paramOutOfRange, "\(printable(cursor)) is no cursor of this run")
      }
      offset = value
    }
    let file = try Descriptor(opening: results, O_RDONLY | O_NOFOLLOW)
    var page = ResultPage(items: [])
    var buffer: [UInt8] = []
    var start = 0
    while true {
      if let end = buffer[start...].firstIndex(of: 0x0A) {
        let line = Array(buffer[start..<end])
        if page.items.count == limit {
          page.nextCursor = "\(offset)"
          return page
        }
        let value = try parseResult(line)
        offset += line.count + 1
        start = end + 1
        if isWanted(value["status"]?.string ?? "") { page.items.append(value) }
        continue
      }
      buffer.removeFirst(start)
      start = 0
      let chunk = try file.read(at: offset + buffer.count, count: 1 << 20)
      if chunk.isEmpty { return page }
      buffer += chunk
    }
  }

  private func parseResult(_ line: [UInt8]) throws(Fault) -> JSONValue {
    do throws(Fault) {
      return try JSONValue(parsing: line)
    } catch {
      throw Fault(.runCorrupt, "\(results.display) holds a line that is not JSON", cause: error)
    }
  }
}
