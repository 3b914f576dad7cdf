public import JSON
public import Metrics
public import Models

/// How the results of one run differ from those of another, item by item.
public struct RunDiff: Sendable {
  public static let schema = "infercam.diff/1"

  /// Which items are named, at most, where there may be many.
  private let namedItems: Int
  private let mapping: LabelMapping
  private let inverse: LabelMapping
  private var drift: DriftTally
  private var both = 0
  private var identical = 0
  private var absences: [Absence: Names] = [:]
  private var otherFailures = Names()
  private var otherClasses = 0
  public private(set) var flips: [Flip] = []

  /// Why an item has a result on one side only.
  private enum Absence: String, CaseIterable {
    case onlyFirst = "only_a"
    case onlySecond = "only_b"
    case failedFirst = "failed_a"
    case failedSecond = "failed_b"
  }

  private struct Names {
    var count = 0
    var ids: [String] = []
  }

  /// An item whose first class is another one.
  public struct Flip: Sendable {
    public var id: String
    public var first: DriftTally.TopClass
    public var second: DriftTally.TopClass
    /// The results themselves.
    public var results: (first: JSONValue, second: JSONValue)
  }

  /// The heatmap of a result, and the numbers of its signed map.
  public struct Heatmap: Sendable {
    public var map: MapAgreement.Map
    public var classID: String
    /// The SHA-256 of the map's file.
    public var digest: String

    public init(map: MapAgreement.Map, classID: String, digest: String) {
      self.map = map
      self.classID = classID
      self.digest = digest
    }
  }

  /// - Parameters:
  ///   - mapping: from the labels of the first run to those of the second.
  ///   - inverse: the other way.
  ///   - namedItems: how many items of a kind are named.
  public init(mapping: LabelMapping, inverse: LabelMapping, namedItems: Int) {
    self.mapping = mapping
    self.inverse = inverse
    self.namedItems = namedItems
    drift = DriftTally(namedFlips: namedItems)
  }

  /// Adds an item that only one of the runs has.
  public mutating func addMissing(_ id: String, inSecond: Bool) {
    note(inSecond ? .onlyFirst : .onlySecond, id)
  }

  /// Adds the results of an item in both runs.
  public mutating func add(
    _ id: String, _ first: JSONValue, _ second: JSONValue,
    heatmaps: (first: Heatmap, second: Heatmap)? = nil
  ) {
    both += 1
    switch (first["result"], second["result"]) {
    case (nil, nil):
      if first["error"]?["code"] == second["error"]?["code"] {
        identical += 1
      } else {
        otherFailures.count += 1
        if otherFailures.ids.count < namedItems { otherFailures.ids.append(id) }
      }
    case (nil, _): note(.failedFirst, id)
    case (_, nil): note(.failedSecond, id)
    case (let mine?, let theirs?): compare(id, (first, mine), (second, theirs), heatmaps)
    }
  }

  private mutating func note(_ absence: Absence, _ id: String) {
    absences[absence, default: Names()].count += 1
    if absences[absence, default: Names()].ids.count < namedItems {
      absences[absence, default: Names()].ids.append(id)
    }
  }

  private mutating func compare(
    _ id: String, _ first: (item: JSONValue, result: JSONValue),
    _ second: (item: JSONValue, result: JSONValue), _ heatmaps: (first: Heatmap, second: Heatmap)?
  ) {
    let mine = ReportedClasses(first.result)
    let theirs = ReportedClasses(second.result)
    guard let a = mine.classes.first, let b = theirs.classes.first else {
      // A threshold has left nothing to compare.
      if mine.classes.isEmpty, theirs.classes.isEmpty { identical += 1 }
      return
    }
    let isSame = mapping.relates(a.id, to: b.id)
    let name = isSame ? a.id : inverse.counterparts(of: b.id).first ?? b.id
    let top = (
      first: DriftTally.TopClass(
        name: a.id, id: a.id, label: a.label, probability: a.probability),
      second: DriftTally.TopClass(
        name: name, id: b.id, label: b.label, probability: b.probability)
    )
    var item = DriftTally.Item(
      id: id, first: top.first, second: top.second, probabilityDrift: self.drift(mine, theirs))
    var isMapSame = true
    if let heatmaps {
      isMapSame = heatmaps.first.digest == heatmaps.second.digest
      if mapping.relates(heatmaps.first.classID, to: heatmaps.second.classID) {
        item.heatmaps = MapAgreement(heatmaps.first.map, heatmaps.second.map)
      } else {
        otherClasses += 1
      }
    }
    if let truth = first.result["truth"].flatMap(ItemTruth.init(json:)),
      let otherTruth = second.result["truth"].flatMap(ItemTruth.init(json:))
    {
      item.truths = DriftTally.Item.Truths(first: truth, second: otherTruth)
    }
    if isMapSame, mine == theirs { identical += 1 }
    if !isSame, flips.count < namedItems {
      flips.append(
        Flip(
          id: id, first: top.first, second: top.second, results: (first.item, second.item)))
    }
    drift.add(item)
  }

  /// The largest difference of a probability that the reported classes prove.
  ///
  /// A class that one side reports and the other does not is there at most as likely as the least
  /// likely one that is reported.
  private func drift(_ mine: ReportedClasses, _ theirs: ReportedClasses) -> Double {
    var largest = 0.0
    for entry in mine.classes {
      let others = mapping.counterparts(of: entry.id)
      guard others.count == 1, inverse.counterparts(of: others[0]).count == 1 else { continue }
      if let other = theirs.classes.first(where: { $0.id == others[0] }) {
        largest = max(largest, (entry.probability - other.probability).magnitude)
      } else if let least = theirs.classes.last {
        largest = max(largest, entry.probability - least.probability)
      }
    }
    for entry in theirs.classes {
      let others = inverse.counterparts(of: entry.id)
      guard others.count == 1, mapping.counterparts(of: others[0]).count == 1,
        !mine.classes.contains(where: { $0.id == others[0] }), let least = mine.classes.last
      else { continue }
      largest = max(largest, entry.probability - least.probability)
    }
    return largest
  }
}

/// The classes of a result, best first.
private struct ReportedClasses: Equatable {
  struct Entry: Equatable {
    var id: String
    var label: String
    var probability: Double
  }

  var classes: [Entry]

  init(_ result: JSONValue) {
    classes = (result["classes"]?.array ?? []).map { value in
      Entry(
        id: value["id"]?.string ?? "", label: value["label"]?.string ?? "",
        probability: value["prob"]?.double ?? 0)
    }
  }
}

extension RunDiff {
  /// Items that only one of the runs has a result for.
  public var missingCount: Int { absences.values.reduce(0) { $0 + $1.count } }

  /// All items of both runs.
  public var itemCount: Int {
    both + [.onlyFirst, .onlySecond].reduce(0) { $0 + (absences[$1]?.count ?? 0) }
  }

  /// Whether every item is in both runs with the same classes, probabilities and signed map, or the
  /// same failure.
  public var isIdentical: Bool { identical == both && missingCount == 0 }

  /// The limits beside what was found.
  public func verdicts(_ limits: DriftLimits) -> [DriftLimits.Verdict] {
    var limits = limits
    // Unless told otherwise every item must be there.
    limits.missing = limits.missing ?? .count(0)
    return limits.verdicts(on: drift.json, missing: (missingCount, itemCount))
  }

  /// The figures, without what is known of the runs.
  public var json: JSONValue {
    var members = drift.json.object ?? [:]
    members["compared"] = members["items"]
    members["failed"] = nil
    var items: [String: JSONValue] = [
      "both": JSONValue(both), "identical": JSONValue(identical),
      "other_failure": Self.json(otherFailures),
    ]
    for absence in Absence.allCases {
      items[absence.rawValue] = Self.json(absences[absence] ?? Names())
    }
    members["items"] = .object(items)
    if case .object(var heatmaps)? = members["heatmaps"] {
      heatmaps["other_class"] = JSONValue(otherClasses)
      members["heatmaps"] = .object(heatmaps)
    }
    return .object(members)
  }

  private static func json(_ names: Names) -> JSONValue {
    ["count": JSONValue(names.count), "ids": .array(names.ids.map(JSONValue.string))]
  }
}
