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
  /// - Throws: `Fault` with code `job.not_found` while the run has not finished, `param.out_of_range`
  ///   for a cursor of other results.
  public func resultPage(
    after cursor: String?, limit: Int, isWanted: (JSONValue) -> Bool
  ) throws(Fault) -> ResultPage {
    let summary = try finishedSummary()
    let digest = summary.runDigest ?? ""
    let list = "\(summary.jobID) \(digest)"
    var offset = 0
    if let cursor {
      offset = Int(try PageCursor.open(cursor, of: list)) ?? 0
    }
    let file = try Descriptor(opening: results, O_RDONLY | O_NOFOLLOW)
    var page = ResultPage(items: [])
    var buffer: [UInt8] = []
    var start = 0
    while true {
      if let end = buffer[start...].firstIndex(of: 0x0A) {
        let line = Array(buffer[start..<end])
        if page.items.count == limit {
          page.nextCursor = PageCursor.seal("\(offset)", of: list)
          return page
        }
        let value = try parseResult(line)
        offset += line.count + 1
        start = end + 1
        if isWanted(value) { page.items.append(value) }
        continue
      }
      buffer.removeFirst(start)
      start = 0
      let chunk = try file.read(at: offset + buffer.count, count: 1 << 20)
      if chunk.isEmpty { return page }
      buffer += chunk
    }
  }

  /// The summary of a run whose results can be read.
  /// - Throws: `Fault` with code `job.not_found` while it has not finished, `job.expired`.
  public func finishedSummary() throws(Fault) -> RunSummary {
    let (specification, summary) = try read()
    guard let summary, summary.isFinished else {
      throw Fault(
        .jobNotFound, "the run in \(path.display) has not finished: run its command again")
    }
    try refuseExpired(specification, summary)
    return summary
  }

  /// Reads all results in the order of the inputs.
  public func eachResult(_ body: (JSONValue) throws(Fault) -> Void) throws(Fault) {
    let file = try Descriptor(opening: results, O_RDONLY | O_NOFOLLOW)
    var buffer: [UInt8] = []
    while true {
      var start = 0
      while let end = buffer[start...].firstIndex(of: 0x0A) {
        try body(try parseResult(Array(buffer[start..<end])))
        start = end + 1
      }
      buffer.removeFirst(start)
      let chunk = try file.readNext(count: 1 << 20)
      if chunk.isEmpty { return }
      buffer += chunk
    }
  }

  /// The file of the logits; `nil` where they were not kept.
  public func logitsFile() throws(Fault) -> [UInt8]? {
    guard try FileStamp(of: logits) != nil else { return nil }
    return try readRegularFile(logits, limit: .max - 1).bytes
  }

  private func parseResult(_ line: [UInt8]) throws(Fault) -> JSONValue {
    do throws(Fault) {
      return try JSONValue(parsing: line)
    } catch {
      throw Fault(.runCorrupt, "\(results.display) holds a line that is not JSON", cause: error)
    }
  }
}
