public import JSON

#if canImport(Glibc)
import Glibc
#endif

/// How often each class comes first, on two sides.
public struct LabelRates: Sendable, Hashable {
  private var counts: [String: Pair] = [:]
  private var total = 0

  private struct Pair: Sendable, Hashable {
    var first = 0
    var second = 0
  }

  public init() {}

  /// Adds an item with its first class on either side.
  public mutating func add(_ first: String, _ second: String) {
    counts[first, default: Pair()].first += 1
    counts[second, default: Pair()].second += 1
    total += 1
  }

  /// The population stability index over the classes that come first on either side.
  ///
  /// The sum of (b - a) ln(b / a) over the shares a and b, half an item added to every count so that
  /// a class that is absent on one side does not make it infinite.
  public var stabilityIndex: Double? {
    guard total > 0 else { return nil }
    let whole = Double(total) + 0.5 * Double(counts.count)
    var sum = 0.0
    for (_, pair) in sorted {
      let first = (Double(pair.first) + 0.5) / whole
      let second = (Double(pair.second) + 0.5) / whole
      sum += (second - first) * log(second / first)
    }
    return sum
  }

  /// The index and the classes whose counts differ, those that differ most first.
  public var json: JSONValue {
    let changed = sorted.filter { $0.1.first != $0.1.second }
      .sorted { ($0.1.second - $0.1.first).magnitude > ($1.1.second - $1.1.first).magnitude }
    return [
      "psi": stabilityIndex.map(JSONValue.double) ?? .null, "classes": JSONValue(counts.count),
      "changed": .array(
        changed.map {
          ["id": .string($0.0), "a": JSONValue($0.1.first), "b": JSONValue($0.1.second)]
        }),
    ]
  }

  private var sorted: [(String, Pair)] {
    counts.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, $0.value) }
  }
}
