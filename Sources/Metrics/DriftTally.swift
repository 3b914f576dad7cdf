public import JSON

/// How the results of one model, or of one run, differ from those of another for the same items.
public struct DriftTally: Sendable, Hashable {
  /// How many flips are named; all are counted.
  private let namedFlips: Int
  private var items = 0
  private var failed = 0
  private var flipCount = 0
  private var flips: [JSONValue] = []
  private var probabilities = Distribution()
  private var rates = LabelRates()
  private var overlaps = Distribution()
  private var shifts = Distribution()
  private var truths = (first: TruthTally(), second: TruthTally())

  /// One item on both sides.
  public struct Item: Sendable, Hashable {
    public var id: String
    public var first: TopClass
    public var second: TopClass
    /// The largest difference of the probability of a class, as far as it is known.
    public var probabilityDrift: Double
    public var heatmaps: MapAgreement?
    public var truths: Truths?

    public init(id: String, first: TopClass, second: TopClass, probabilityDrift: Double) {
      self.id = id
      self.first = first
      self.second = second
      self.probabilityDrift = probabilityDrift
    }

    /// The true class beside the prediction of either side.
    public struct Truths: Sendable, Hashable {
      public var first: ItemTruth
      public var second: ItemTruth

      public init(first: ItemTruth, second: ItemTruth) {
        self.first = first
        self.second = second
      }
    }
  }

  /// The first class of a result.
  public struct TopClass: Sendable, Hashable {
    /// What the class is called on the first side, where it has a name there.
    public var name: String
    public var id: String
    public var label: String
    public var probability: Double

    public init(name: String, id: String, label: String, probability: Double) {
      self.name = name
      self.id = id
      self.label = label
      self.probability = probability
    }

    /// Reads the form of `json`.
    public init(json: JSONValue, name: String) {
      self.init(
        name: name, id: json["id"]?.string ?? "", label: json["label"]?.string ?? "",
        probability: json["prob"]?.double ?? 0)
    }

    public var json: JSONValue {
      ["id": .string(id), "label": .string(label), "prob": .double(probability)]
    }
  }

  /// - Parameter namedFlips: how many flips are named at most.
  public init(namedFlips: Int = 100) {
    self.namedFlips = namedFlips
  }

  public static func == (left: DriftTally, right: DriftTally) -> Bool { left.json == right.json }

  public func hash(into hasher: inout Hasher) { hasher.combine(items) }

  /// Whether no item has been compared, nor failed to be.
  public var isEmpty: Bool { items == 0 && failed == 0 }

  /// Adds an item that has a result on both sides.
  public mutating func add(_ item: Item) {
    items += 1
    probabilities.add(item.probabilityDrift, of: item.id)
    rates.add(item.first.name, item.second.name)
    if item.first.name != item.second.name {
      flipCount += 1
      if flips.count < namedFlips {
        flips.append(
          ["id": .string(item.id), "a": item.first.json, "b": item.second.json])
      }
    }
    if let heatmaps = item.heatmaps {
      overlaps.add(heatmaps.intersectionOverUnion, of: item.id)
      if let shift = heatmaps.centerShift { shifts.add(shift, of: item.id) }
    }
    if let truths = item.truths {
      self.truths.first.add(truths.first)
      self.truths.second.add(truths.second)
    }
  }

  /// Counts an item that the second side alone could not compute.
  public mutating func addFailure() { failed += 1 }

  public var json: JSONValue {
    var members: [String: JSONValue] = [
      "items": JSONValue(items), "failed": JSONValue(failed),
      "flips": [
        "count": JSONValue(flipCount),
        "share": items > 0 ? .double(Double(flipCount) / Double(items)) : .null,
        "items": .array(flips), "named": JSONValue(flips.count),
      ],
      "prob_drift": probabilities.json, "label_rates": rates.json,
    ]
    if overlaps.count > 0 {
      members["heatmaps"] = ["iou": overlaps.json, "center_shift": shifts.json]
    }
    if !truths.first.isEmpty {
      members["truth"] = [
        "a": Self.brief(truths.first), "b": Self.brief(truths.second),
      ]
    }
    return .object(members)
  }

  private static func brief(_ truth: TruthTally) -> JSONValue {
    let json = truth.json
    let names = ["labelled", "scored", "accuracy", "top5_accuracy", "ece", "mean_confidence"]
    return .object(names.reduce(into: [:]) { $0[$1] = json[$1] })
  }
}
