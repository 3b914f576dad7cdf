import Digests

/// One of several equal parts of a run, each worked on by its own process.
///
/// An item belongs to a shard by its id alone: the first eight bytes of the SHA-256 of the id, read
/// as a number in big-endian order, modulo the number of shards.
public struct Shard: Sendable, Hashable {
  public let index: Int
  public let count: Int

  /// `nil` unless 0 ≤ index < count ≤ 65536.
  public init?(index: Int, count: Int) {
    guard index >= 0, index < count, count <= 1 << 16 else { return nil }
    self.index = index
    self.count = count
  }

  /// Reads `index/count`, such as `0/4`.
  public init?(_ text: String) {
    self.init(text, separator: "/")
  }

  /// Reads the name of a journal, such as `0-of-4.jsonl`.
  init?(journalName name: String) {
    guard name.hasSuffix(".jsonl") else { return nil }
    self.init(String(name.dropLast(6)), separator: "-of-")
    if journalName != name { return nil }
  }

  private init?(_ text: String, separator: String) {
    guard let place = text.firstRange(of: separator), let index = Int(text[..<place.lowerBound]),
      let count = Int(text[place.upperBound...])
    else { return nil }
    self.init(index: index, count: count)
  }

  var name: String { "\(index)-of-\(count)" }
  var journalName: String { name + ".jsonl" }

  /// The only shard of a run that is not split.
  static let whole = Shard(unchecked: 0, 1)

  private init(unchecked index: Int, _ count: Int) {
    self.index = index
    self.count = count
  }

  public func owns(id: String) -> Bool {
    if count == 1 { return true }
    var digest = SHA256()
    digest.update(id)
    let number = digest.finish()[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return number % UInt64(count) == UInt64(index)
  }
}

extension String {
  fileprivate func firstRange(of text: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
