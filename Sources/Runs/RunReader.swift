import Digests
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

  /// Compares everything in a finished run with the digests that were recorded.
  ///
  /// - Returns: what is wrong, one sentence each; empty for a sound run.
  /// - Throws: `Fault` when the run cannot be read at all.
  public func verify() throws(Fault) -> [String] {
    let (specification, summary) = try read()
    var defects: [String] = []
    let list = try digest(of: inputs)
    if list != specification.inputsSHA256 { defects.append("inputs.jsonl has changed") }
    let journal: Journal
    do throws(Fault) {
      journal = try Journal.openReadOnly(self.journal, count: specification.inputCount)
    } catch {
      guard error.code == .runCorrupt else { throw error }
      return defects + [error.message]
    }
    var digest = SHA256()
    var expected = SHA256()
    for sequence in 0..<specification.inputCount {
      guard let (record, line) = try journal.read(sequence) else {
        defects.append("item \(sequence) has no record")
        continue
      }
      digest.update(record.digest + "\n")
      expected.update(Array(record.item(in: line)) + [0x0A])
      if reproducibleDigest(of: Array(record.item(in: line))) != record.digest {
        defects.append("the record of item \(sequence) does not have its digest")
      }
      for artefact in record.files(in: line)?.artefacts ?? [] {
        if try self.digest(of: path.appending(artefact.path)) != artefact.sha256 {
          defects.append("\(printable(artefact.path)) is missing or has changed")
        }
      }
    }
    guard let summary, summary.isFinished else {
      defects.append("the run has not finished")
      return defects
    }
    if digest.finishHex() != summary.runDigest { defects.append("the run digest differs") }
    if try self.digest(of: results) != expected.finishHex() {
      defects.append("results.jsonl differs from the journal")
    }
    return defects
  }

  /// The SHA-256 of a file; `nil` when there is none.
  private func digest(of path: RawPath) throws(Fault) -> String? {
    guard let stamp = try FileStamp(of: path, followingLinks: false), stamp.kind == .regular else {
      return nil
    }
    let file = try Descriptor(opening: path, O_RDONLY | O_NOFOLLOW)
    var digest = SHA256()
    while true {
      let chunk = try file.readNext(count: 1 << 20)
      if chunk.isEmpty { return digest.finishHex() }
      digest.update(chunk)
    }
  }
}

/// The digest of what is the same however often an item is computed.
private func reproducibleDigest(of item: [UInt8]) -> String? {
  guard case .object(var members)? = try? JSONValue(parsing: item) else { return nil }
  members["request_id"] = nil
  members["timings_ms"] = nil
  return SHA256.hex(of: JSONValue.object(members).encoded())
}
