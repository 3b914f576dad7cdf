public import Faults
public import JSON
import Metrics

/// How far the values of a model are apart between two ways of computing them.
public struct Spread: Sendable, Hashable {
  /// The way that was compared with the plain one.
  public var name: String
  /// The machine and kernels that computed it.
  public var profile: MachineFacts?
  /// By stage (`layers` for all layers): the largest difference as a share of the largest magnitude.
  public var relative: [String: Double] = [:]
  /// By stage: the largest difference.
  public var absolute: [String: Double] = [:]
  public var rmse = 0.0
  public var iou = 1.0
  public var centerShift = 0.0
  public var kendallTau = 1.0
  /// Inputs whose first class is another one.
  public var flips = 0

  public init(name: String) {
    self.name = name
  }

  public var json: JSONValue {
    [
      "name": .string(name), "profile": profile?.json ?? .null,
      "relative": .object(relative.mapValues(JSONValue.double)),
      "absolute": .object(absolute.mapValues(JSONValue.double)),
      "heatmap": [
        "rmse": .double(rmse), "iou": .double(iou), "center_shift": .double(centerShift),
      ],
      "kendall_tau": .double(kendallTau), "flips": JSONValue(flips),
    ]
  }

  /// Whether all values are the same bits.
  public var isNothing: Bool { absolute.values.allSatisfy { $0 == 0 } }

  private mutating func note(_ stage: Stage, _ difference: ArrayDifference) {
    let name = if case .layer = stage { "layers" } else { stage.name }
    relative[name] = max(relative[name] ?? 0, difference.relative)
    absolute[name] = max(absolute[name] ?? 0, difference.maximum)
  }

  /// Measures how far what has been recorded in two folders is apart.
  /// - Throws: `Fault` when one of them cannot be read, or when they are of other inputs.
  public init(
    name: String, from reference: GoldenFolder, to other: GoldenFolder
  ) throws(Fault) {
    self.init(name: name)
    let first = try reference.read(isNew: true).baselines[0]
    let second = try other.read(isNew: true).baselines[0]
    profile = second.profile
    guard first.inputs == second.inputs else {
      throw Fault(.internalError, "two recordings to compare are of other inputs")
    }
    for (mine, theirs) in zip(first.items, second.items) {
      if mine.classes.first?.index != theirs.classes.first?.index { flips += 1 }
      for record in mine.stages {
        guard let counterpart = theirs.stages.first(where: { $0.stage == record.stage }) else {
          continue
        }
        if record.sha256 == counterpart.sha256 {
          note(record.stage, ArrayDifference([Float](), []))
          continue
        }
        guard let before = try reference.array(of: record),
          let after = try other.array(of: counterpart),
          let difference = before.difference(from: after)
        else {
          // Pixels whose digest alone is kept: nothing but another decoder changes them.
          note(record.stage, ArrayDifference([0 as Float], [.infinity]))
          continue
        }
        note(record.stage, difference)
        if record.stage == .logits, let a = before.floats, let b = after.floats {
          kendallTau = min(kendallTau, leadingTau(a, b))
        }
        if record.stage == .cam, let before = mine.heatmap.map({ ($0, before) }),
          let after = theirs.heatmap.map({ ($0, after) }),
          let agreement = agreement(before, after)
        {
          rmse = max(rmse, agreement.rootMeanSquare)
          iou = min(iou, agreement.intersectionOverUnion)
          centerShift = max(centerShift, agreement.centerShift ?? 0)
        }
      }
    }
  }
}

extension Tolerances {
  /// How many times what was measured is tolerated.
  public static let margin = 4.0

  /// The tolerances that what was measured suggests: its largest values times the margin, rounded up
  /// to one digit, and never less than what the last bits of numbers make.
  public init(measured spreads: [Spread]) {
    self.init()
    func worst(_ values: [Double]) -> Double { values.max() ?? 0 }
    for name in ["layers", "logits", "cam"] {
      let relative = worst(spreads.compactMap { $0.relative[name] })
      stages[name] = Bound(relative: Self.proposed(relative, atLeast: 1e-6))
    }
    let probabilities = worst(spreads.compactMap { $0.absolute["probabilities"] })
    stages["probabilities"] = Bound(absolute: Self.proposed(probabilities, atLeast: 1e-6))
    // These are integers, or looked up in tables of them: they are the same everywhere.
    for name in ["decode", "orient", "resize", "normalize"] { stages[name] = Bound() }
    heatmapRMSE = Self.proposed(worst(spreads.map(\.rmse)), atLeast: 1e-5)
    heatmapIoU = 1 - min(1, Self.proposed(1 - (spreads.map(\.iou).min() ?? 1), atLeast: 0.01))
    centerShift = Self.proposed(worst(spreads.map(\.centerShift)), atLeast: 0.01)
    kendallTau =
      1 - min(1, Self.proposed(1 - (spreads.map(\.kendallTau).min() ?? 1), atLeast: 0.01))
    measured = ["margin": .double(Self.margin), "spreads": .array(spreads.map(\.json))]
  }

  /// The measured value times the margin, rounded up to one digit.
  private static func proposed(_ measured: Double, atLeast floor: Double) -> Double {
    let value = max(measured * margin, floor)
    guard value.isFinite else { return value }
    var (scale, digits) = (1.0, value)
    while digits < 1 { (digits, scale) = (digits * 10, scale * 10) }
    while digits >= 10 { (digits, scale) = (digits / 10, scale / 10) }
    // Just above a digit is that digit.
    let rounded = (digits - 1e-9).rounded(.up)
    return scale >= 1 ? rounded / scale : rounded * (1 / scale).rounded()
  }
}
