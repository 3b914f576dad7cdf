public import JSON

/// Numbers of many items: how large they are on average, in the middle and at the ends.
public struct Distribution: Sendable, Hashable {
  private var values: [Double] = []
  private var names: (smallest: String, largest: String) = ("", "")
  private var smallest = Double.infinity
  private var largest = -Double.infinity

  public init() {}

  public static func == (left: Distribution, right: Distribution) -> Bool {
    left.values == right.values && left.names == right.names
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(values)
  }

  /// Adds the number of an item.
  public mutating func add(_ value: Double, of id: String) {
    values.append(value)
    if value < smallest { (smallest, names.smallest) = (value, id) }
    if value > largest { (largest, names.largest) = (value, id) }
  }

  public var count: Int { values.count }

  public var mean: Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  public var minimum: Double? { values.isEmpty ? nil : smallest }

  public var maximum: Double? { values.isEmpty ? nil : largest }

  /// The value that a share of the numbers does not exceed (nearest rank).
  public func percentile(_ share: Double) -> Double? {
    if values.isEmpty { return nil }
    let sorted = values.sorted()
    let rank = Int((share * Double(sorted.count)).rounded(.up))
    return sorted[min(max(rank, 1), sorted.count) - 1]
  }

  /// The count, mean, ends and percentiles, and the items at the ends.
  public var json: JSONValue {
    guard let mean, let minimum, let maximum else { return ["count": 0] }
    let sorted = values.sorted()
    func at(_ share: Double) -> JSONValue {
      let rank = Int((share * Double(sorted.count)).rounded(.up))
      return .double(sorted[min(max(rank, 1), sorted.count) - 1])
    }
    return [
      "count": JSONValue(values.count), "mean": .double(mean), "min": .double(minimum),
      "max": .double(maximum), "p10": at(0.1), "p50": at(0.5), "p90": at(0.9), "p99": at(0.99),
      "min_id": .string(names.smallest), "max_id": .string(names.largest),
    ]
  }
}
