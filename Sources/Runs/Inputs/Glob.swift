/// A pattern for paths: `*`, `?`, `[a-z]`, `[!a-z]` within a component, `**` across components.
///
/// A pattern without a slash is compared with the last component, any other with the whole path.
public struct Glob: Sendable, Hashable {
  private let pattern: [UInt8]
  private let matchesWholePath: Bool

  public init(_ pattern: [UInt8]) {
    self.pattern = pattern
    self.matchesWholePath = pattern.contains(slash)
  }

  public func matches(_ path: [UInt8]) -> Bool {
    let start = matchesWholePath ? 0 : (path.lastIndex(of: slash) ?? -1) + 1
    return Self.match(pattern[...], path[start...])
  }

  private static func match(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
    var (pattern, text) = (pattern, text)
    while let symbol = pattern.first {
      switch symbol {
      case UInt8(ascii: "*"):
        return matchStar(pattern, text)
      case UInt8(ascii: "["):
        guard let byte = text.first, byte != slash, let set = ByteSet(pattern) else {
          // An unclosed bracket stands for itself.
          if ByteSet(pattern) == nil, text.first == symbol { break }
          return false
        }
        guard set.contains(byte) else { return false }
        pattern = pattern.dropFirst(set.length)
        text = text.dropFirst()
        continue
      case UInt8(ascii: "?"):
        guard let byte = text.first, byte != slash else { return false }
      case UInt8(ascii: "\\") where pattern.count > 1:
        pattern = pattern.dropFirst()
        guard text.first == pattern.first else { return false }
      default:
        guard text.first == symbol else { return false }
      }
      pattern = pattern.dropFirst()
      text = text.dropFirst()
    }
    return text.isEmpty
  }

  private static func matchStar(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
    let isDouble = pattern.dropFirst().first == UInt8(ascii: "*")
    var rest = pattern.drop { $0 == UInt8(ascii: "*") }
    // `**/` also stands for no component at all.
    if isDouble, rest.first == slash {
      if match(rest.dropFirst(), text) { return true }
    }
    if rest.isEmpty { return isDouble || !text.contains(slash) }
    var position = text
    while true {
      if match(rest, position) { return true }
      guard let byte = position.first, isDouble || byte != slash else { return false }
      position = position.dropFirst()
      rest = rest[...]
    }
  }
}

private let slash = UInt8(ascii: "/")

/// A bracket expression.
private struct ByteSet {
  private var ranges: [ClosedRange<UInt8>] = []
  private var isNegated = false
  /// The bytes of the pattern, brackets included.
  private(set) var length = 0

  /// - Returns: `nil` when the bracket is not closed.
  init?(_ pattern: ArraySlice<UInt8>) {
    var rest = pattern.dropFirst()
    if rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^") {
      isNegated = true
      rest = rest.dropFirst()
    }
    while let low = rest.popFirst() {
      if low == UInt8(ascii: "]"), !ranges.isEmpty {
        length = pattern.count - rest.count
        return
      }
      if rest.first == UInt8(ascii: "-"), let high = rest.dropFirst().first,
        high != UInt8(ascii: "]"), low <= high
      {
        ranges.append(low...high)
        rest = rest.dropFirst(2)
      } else {
        ranges.append(low...low)
      }
    }
    return nil
  }

  func contains(_ byte: UInt8) -> Bool {
    ranges.contains { $0.contains(byte) } != isNegated
  }
}
