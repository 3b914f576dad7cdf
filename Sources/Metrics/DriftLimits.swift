public import JSON

/// How much drift is accepted; what is `nil` is not looked at.
public struct DriftLimits: Sendable, Hashable {
  /// Items whose first class is another one.
  public var flips: Quota?
  /// Items that are missing or failed on one side only.
  public var missing: Quota?
  /// The population stability index of the first classes.
  public var stabilityIndex: Double?
  /// The largest difference of a probability in any item.
  public var probabilityDrift: Double?
  /// The mean overlap of heatmaps at half their maximum, at least.
  public var overlap: Double?
  /// How much the accuracy may fall.
  public var accuracyLoss: Double?
  /// How much the calibration error may grow.
  public var calibrationLoss: Double?

  public init() {}

  public var isEmpty: Bool { self == DriftLimits() }

  /// A number of items, or a share of them.
  public enum Quota: Sendable, Hashable {
    case count(Int)
    case percent(Double)

    /// Reads a number or a percentage such as `1%`.
    public init?(_ text: String) {
      if text.hasSuffix("%") {
        guard let percent = Double(text.dropLast()), (0...100).contains(percent) else { return nil }
        self = .percent(percent)
      } else {
        guard let count = Int(text), count >= 0 else { return nil }
        self = .count(count)
      }
    }

    public var text: String {
      switch self {
      case .count(let count): "\(count)"
      case .percent(let percent):
        percent == percent.rounded() ? "\(Int(percent))%" : "\(percent)%"
      }
    }

    func allows(_ count: Int, of items: Int) -> Bool {
      switch self {
      case .count(let limit): count <= limit
      case .percent(let percent): Double(count) * 100 <= percent * Double(items)
      }
    }
  }

  /// A limit beside what was found.
  public struct Verdict: Sendable, Hashable {
    public var name: String
    /// `nil` where nothing could be compared, which passes nowhere.
    public var value: Double?
    public var limit: String
    public var passed: Bool

    public var json: JSONValue {
      [
        "name": .string(name), "value": value.map(JSONValue.double) ?? .null,
        "limit": .string(limit), "passed": .bool(passed),
      ]
    }
  }

  /// Compares each limit with a report of `DriftTally`.
  /// - Parameter missing: items that only one side has a result for, and all items.
  public func verdicts(on report: JSONValue, missing: (count: Int, items: Int)) -> [Verdict] {
    var verdicts: [Verdict] = []
    let items = report["items"]?.int ?? 0
    if let quota = flips {
      let count = report["flips"]?["count"]?.int ?? 0
      verdicts.append(
        Verdict(
          name: "flips", value: Double(count), limit: quota.text,
          passed: quota.allows(count, of: items)))
    }
    if let quota = self.missing {
      verdicts.append(
        Verdict(
          name: "missing", value: Double(missing.count), limit: quota.text,
          passed: quota.allows(missing.count, of: missing.items)))
    }
    func add(_ name: String, _ value: Double?, atMost limit: Double?) {
      guard let limit else { return }
      verdicts.append(
        Verdict(
          name: name, value: value, limit: "\(limit)", passed: value.map { $0 <= limit } ?? false))
    }
    add("psi", report["label_rates"]?["psi"]?.double, atMost: stabilityIndex)
    add("prob_drift", report["prob_drift"]?["max"]?.double, atMost: probabilityDrift)
    if let overlap {
      let value = report["heatmaps"]?["iou"]?["mean"]?.double
      verdicts.append(
        Verdict(
          name: "iou", value: value, limit: "\(overlap)",
          passed: value.map { $0 >= overlap } ?? false
        ))
    }
    let (first, second) = (report["truth"]?["a"], report["truth"]?["b"])
    func change(_ name: String) -> Double? {
      guard let a = first?[name]?.double, let b = second?[name]?.double else { return nil }
      return b - a
    }
    add("accuracy_loss", change("accuracy").map { 0 - $0 }, atMost: accuracyLoss)
    add("ece_growth", change("ece"), atMost: calibrationLoss)
    return verdicts
  }
}
