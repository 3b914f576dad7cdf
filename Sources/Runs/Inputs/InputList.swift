import Digests
import Faults
import JSON
import Requests
import Transfers

/// The frozen list of inputs: the lines of `inputs.jsonl`, in order, and their digest.
///
/// The lines are kept as text, about a hundred bytes each, and read one by one.
public struct InputList: Sendable, Sequence {
  /// Whole lines, each chunk about a mebibyte.
  let chunks: [[UInt8]]
  public let count: Int
  /// The SHA-256 of `inputs.jsonl` in hexadecimal.
  public let sha256: String
  /// Whole URLs by sequence where they have a query, which is not written down.
  var urls: [Int: WebURL] = [:]
  /// Where the base64 of items stands, by sequence, which is not written down either.
  var texts: [Int: EmbeddedText.Source] = [:]
  /// Whether items have to be read from the network.
  public var hasURLs = false
  /// Whether items say for themselves how their maps are made.
  var hasMapOptions = false
  /// Identifies the text that alone decides what the list is; `nil` where more does.
  var text: String?

  public var isEmpty: Bool { count == 0 }

  /// Whether its lines hold all that reading the items takes.
  var isWhole: Bool { !hasURLs && texts.isEmpty }

  public func makeIterator() -> Cursor { Cursor(self) }

  /// A position in the list.
  public struct Cursor: IteratorProtocol {
    private let list: InputList
    private var chunk = 0
    private var offset = 0

    init(_ list: InputList) {
      self.list = list
    }

    mutating func stop() {
      chunk = list.chunks.count
    }

    public mutating func next() -> InputItem? {
      while chunk < list.chunks.count {
        let bytes = list.chunks[chunk]
        if let end = bytes[offset...].firstIndex(of: 0x0A) {
          let line = Array(bytes[offset..<end])
          offset = end + 1
          // The lines were written by `InputListBuilder`, so that they can be read.
          guard let value = try? JSONValue(parsing: line), var item = InputItem(json: value) else {
            preconditionFailure("the input list holds a line that is no item")
          }
          if let url = list.urls[item.sequence] {
            item.url = url
            item.fault = nil
          }
          item.embedded?.source = list.texts[item.sequence]
          return item
        }
        chunk += 1
        offset = 0
      }
      return nil
    }
  }
}

/// Collects items into a list and refuses two that would share an id or an output name.
struct InputListBuilder {
  private static let chunkBytes = 1 << 20

  private var chunks: [[UInt8]] = []
  private var current: [UInt8] = []
  private var digest = SHA256()
  private var count = 0
  private var seen: [Key: Int32] = [:]
  private var urls: [Int: WebURL] = [:]
  private var texts: [Int: EmbeddedText.Source] = [:]
  private var hasURLs = false
  private var hasMapOptions = false

  /// The first 16 bytes of a SHA-256.
  private struct Key: Hashable {
    var high: UInt64
    var low: UInt64

    init(_ text: String) {
      var digest = SHA256()
      digest.update(text)
      let bytes = digest.finish()
      high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
      low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  var nextSequence: Int { count }
  let allowsDuplicates: Bool

  init(allowsDuplicates: Bool = false) {
    self.allowsDuplicates = allowsDuplicates
  }

  /// Adds an item, whose sequence must be `nextSequence`.
  /// - Returns: the sequence of an earlier item with the same output name, which is then kept.
  mutating func add(_ item: InputItem) -> Int? {
    if !allowsDuplicates {
      let key = Key(heatmapStem(id: item.id))
      if let earlier = seen[key] { return Int(earlier) }
      seen[key] = Int32(clamping: count)
    }
    if let url = item.url {
      hasURLs = true
      if url.hasQuery { urls[count] = url }
    }
    texts[count] = item.embedded?.source
    if item.options.concernsMaps { hasMapOptions = true }
    let line = item.json.encoded() + [0x0A]
    digest.update(line)
    if current.count + line.count > Self.chunkBytes {
      chunks.append(current)
      current = []
    }
    current += line
    count += 1
    return nil
  }

  mutating func finish() -> InputList {
    if !current.isEmpty { chunks.append(current) }
    current = []
    seen = [:]
    return InputList(
      chunks: chunks, count: count, sha256: digest.finishHex(), urls: urls, texts: texts,
      hasURLs: hasURLs, hasMapOptions: hasMapOptions)
  }
}
