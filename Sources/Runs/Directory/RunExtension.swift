import Digests
import Faults
import FileAccess
import JSON
import Requests
import Transfers

#if canImport(Glibc)
import Glibc
#endif

/// Inputs that were added to a run: `extensions/N.json` says what is in `extensions/N.jsonl`.
public struct RunExtension: Sendable, Hashable {
  public static let schema = "infercam.extension/1"

  public var sha256: String
  /// The place of its first input in the whole list.
  public var first: Int
  public var count: Int
  public var createdAt: String

  var json: JSONValue {
    [
      "schema": .string(Self.schema), "created_at": .string(createdAt),
      "inputs": [
        "sha256": .string(sha256), "first": JSONValue(first), "count": JSONValue(count),
      ],
    ]
  }
}

extension RunDirectory {
  func extensionFile(_ number: Int) -> RawPath { extensions.appending("\(number).json") }
  func extensionInputs(_ number: Int) -> RawPath { extensions.appending("\(number).jsonl") }

  /// Reads what has been added to a list of `count` inputs.
  func readExtensions(after count: Int) throws(Fault) -> [RunExtension] {
    var result: [RunExtension] = []
    var next = count
    while try FileStamp(of: extensionFile(result.count + 1)) != nil {
      let path = extensionFile(result.count + 1)
      let value = try readRunJSON(path)
      guard let sha256 = value["inputs"]?["sha256"]?.string,
        let first = value["inputs"]?["first"]?.int, let added = value["inputs"]?["count"]?.int,
        first == next, added > 0
      else { throw Fault(.runCorrupt, "\(path.display) does not continue the list of inputs") }
      result.append(
        RunExtension(
          sha256: sha256, first: first, count: added,
          createdAt: value["created_at"]?.string ?? ""))
      next += added
    }
    return result
  }

  /// The whole list of a run as it was frozen, compared with its digests.
  func readInputs(_ specification: RunSpecification) throws(Fault) -> InputList {
    var pieces = [(inputs, specification.inputsSHA256, specification.listCount)]
    for (index, piece) in specification.extensions.enumerated() {
      pieces.append((extensionInputs(index + 1), piece.sha256, piece.count))
    }
    var chunks: [[UInt8]] = []
    var whole = SHA256()
    for (path, sha256, count) in pieces {
      let piece = try readLines(path)
      guard piece.sha256 == sha256, piece.count == count else {
        throw Fault(.runCorrupt, "\(path.display) is not the list of inputs that was frozen")
      }
      chunks += piece.chunks
      for chunk in piece.chunks { whole.update(chunk) }
    }
    return InputList(chunks: chunks, count: specification.inputCount, sha256: whole.finishHex())
  }

  /// Adds inputs to the run, durably; the lock is held.
  func extend(
    _ specification: inout RunSpecification, with added: InputList, at createdAt: String
  ) throws(Fault) {
    let number = specification.extensions.count + 1
    let entry = RunExtension(
      sha256: added.sha256, first: specification.inputCount, count: added.count,
      createdAt: createdAt)
    try createDirectory(extensions)
    try createDirectory(temporary)
    try write(added.chunks, to: extensionInputs(number))
    try synchronizeDirectory(path)
    try synchronizeDirectory(extensions)
    try write([entry.json.encoded(pretty: true) + [0x0A]], to: extensionFile(number))
    try synchronizeDirectory(extensions)
    specification.extensions.append(entry)
  }

  /// The lines of a list in chunks, with their digest.
  private func readLines(_ path: RawPath) throws(Fault) -> InputList {
    let file = try Descriptor(opening: path, O_RDONLY | O_NOFOLLOW)
    var chunks: [[UInt8]] = []
    var rest: [UInt8] = []
    var digest = SHA256()
    var count = 0
    while true {
      let chunk = try file.readNext(count: 1 << 20)
      if chunk.isEmpty { break }
      digest.update(chunk)
      count += chunk.count { $0 == 0x0A }
      rest += chunk
      guard let end = rest.lastIndex(of: 0x0A) else { continue }
      chunks.append(Array(rest[...end]))
      rest.removeFirst(end + 1)
    }
    guard rest.isEmpty else { throw Fault(.runCorrupt, "\(path.display) ends within a line") }
    return InputList(chunks: chunks, count: count, sha256: digest.finishHex())
  }
}

/// What a list adds to another.
struct InputListExtension {
  /// The inputs that are new, with their places behind the old ones.
  let added: InputList
  /// The old list and the new inputs.
  let whole: InputList

  /// - Throws: `Fault` with code `resource.version_conflict` when an input has the id or the output
  ///   name of an old one and is not the same.
  init(_ old: InputList, adding new: InputList) throws(Fault) {
    var known: [UInt64: UInt64] = [:]
    known.reserveCapacity(old.count)
    // Old items that were not stored whole: the new list may have the query of a URL, or the base64.
    var incomplete: [UInt64: Int] = [:]
    var urls: [Int: WebURL] = [:]
    var texts: [Int: EmbeddedText.Source] = [:]
    var (hasURLs, hasMapOptions) = (false, false)
    for item in old {
      let key = Self.hash(heatmapStem(id: item.id))
      known[key] = Self.contents(of: item)
      if item.url != nil { hasURLs = true }
      if item.options.concernsMaps { hasMapOptions = true }
      if item.isIncomplete { incomplete[key] = item.sequence }
    }
    var chunks: [[UInt8]] = []
    var current: [UInt8] = []
    var count = 0
    var digest = SHA256()
    for var item in new {
      let key = Self.hash(heatmapStem(id: item.id))
      if let contents = known[key] {
        guard contents == Self.contents(of: item) else {
          throw Fault(
            .resourceVersionConflict,
            "\(printable(item.id)) is in the run already, with another path or label: "
              + "give it another id",
            details: ["id": .string(item.id)])
        }
        if let place = incomplete[key] {
          urls[place] = item.url
          texts[place] = item.embedded?.source
        }
        continue
      }
      item.sequence = old.count + count
      if item.url != nil { hasURLs = true }
      if let url = item.url, url.hasQuery { urls[item.sequence] = url }
      texts[item.sequence] = item.embedded?.source
      if item.options.concernsMaps { hasMapOptions = true }
      current += item.json.encoded() + [0x0A]
      count += 1
      if current.count >= 1 << 20 {
        chunks.append(current)
        current = []
      }
    }
    if !current.isEmpty { chunks.append(current) }
    for chunk in chunks { digest.update(chunk) }
    added = InputList(chunks: chunks, count: count, sha256: digest.finishHex())
    var all = SHA256()
    for chunk in old.chunks + chunks { all.update(chunk) }
    whole = InputList(
      chunks: old.chunks + chunks, count: old.count + count, sha256: all.finishHex(), urls: urls,
      texts: texts, hasURLs: hasURLs, hasMapOptions: hasMapOptions)
  }

  /// Identifies what is said about an input, its place apart.
  private static func contents(of item: InputItem) -> UInt64 {
    var item = item
    item.sequence = 0
    return hash(item.json.encodedText)
  }

  private static func hash(_ text: String) -> UInt64 {
    var digest = SHA256()
    digest.update(text)
    return digest.finish()[..<8].reduce(0) { $0 << 8 | UInt64($1) }
  }
}
