import JSON
public import Metrics

/// How one input stands beside what was expected of it.
public struct ItemComparison: Sendable, Hashable {
  /// The name that the input had when it was recorded.
  public var name: String
  /// The file below the folder of the golden.
  public var file: String
  public var stages: [StageComparison] = []
  public var ranks: RankComparison?
  public var heatmap: HeatmapComparison?
  /// Why the input could not be computed.
  public var failure: String?

  init(name: String, file: String) {
    self.name = name
    self.file = file
  }

  /// The first stage that differs.
  public var firstDifference: StageComparison? { stages.first { $0.outcome == .differs } }

  public var isSame: Bool { problems.isEmpty }

  /// What differs, the first stage first.
  public var problems: [String] {
    if let failure { return ["cannot be computed: \(failure)"] }
    var problems: [String] = []
    var layers = 0
    for stage in stages where stage.outcome == .differs {
      let start = problems.isEmpty ? "first differs at " : ""
      if case .layer = stage.stage {
        // What comes after a layer that differs differs too.
        layers += 1
        if layers > 1 { continue }
      }
      problems.append("\(start)\(stage.stage.title): \(stage.text)")
    }
    if layers > 1 { problems.append("\(grouped(layers - 1)) later layers differ") }
    problems += ranks?.problems ?? []
    problems += heatmap?.problems ?? []
    return problems
  }

  var json: JSONValue {
    var members: [String: JSONValue] = [
      "name": .string(name), "file": .string(file), "same": .bool(isSame),
      "stages": .array(stages.map(\.json)), "problems": .array(problems.map(JSONValue.string)),
      "first": JSONValue(firstDifference?.stage.name),
    ]
    members["ranks"] = ranks?.json
    members["heatmap"] = heatmap?.json
    members["failure"] = failure.map(JSONValue.string)
    return .object(members)
  }
}

/// How the order of the classes stands beside the golden one.
public struct RankComparison: Sendable, Hashable {
  public var expected: ExpectedClass
  public var actual: ExpectedClass
  /// Whether the first class is the same, or its rival was as likely within the tolerance.
  public var isTopSame: Bool
  /// Classes among the first that were not expected there.
  public var newcomers: [ExpectedClass]
  public var topK: Int
  /// Of the first ten classes of either side.
  public var kendallTau: Double
  public var leastTau: Double

  var problems: [String] {
    var problems: [String] = []
    if !isTopSame {
      problems.append(
        "top-1: \(Self.title(actual)) instead of \(Self.title(expected))")
    }
    if !newcomers.isEmpty {
      problems.append(
        "top-\(topK): \(newcomers.map(\.label).joined(separator: ", ")) not expected there")
    }
    if kendallTau < leastTau {
      problems.append("ranks: Kendall's tau \(short(kendallTau)), at least \(short(leastTau))")
    }
    return problems
  }

  var json: JSONValue {
    [
      "top1": [
        "expected": expected.json, "actual": actual.json, "same": .bool(isTopSame),
      ],
      "top_k": [
        "k": JSONValue(topK), "same": .bool(newcomers.isEmpty),
        "new": .array(newcomers.map(\.json)),
      ],
      "kendall_tau": .double(kendallTau), "kendall_tau_min": .double(leastTau),
    ]
  }

  private static func title(_ entry: ExpectedClass) -> String {
    "\(entry.label) (\(short(Double(entry.probability) * 100)) %)"
  }
}

/// How a heatmap stands beside the golden one.
public struct HeatmapComparison: Sendable, Hashable {
  public var agreement: MapAgreement
  public var tolerances: Tolerances

  var problems: [String] {
    var problems: [String] = []
    if agreement.rootMeanSquare > tolerances.heatmapRMSE {
      problems.append(
        "heatmap: RMSE \(short(agreement.rootMeanSquare)), at most \(short(tolerances.heatmapRMSE))"
      )
    }
    if agreement.intersectionOverUnion < tolerances.heatmapIoU {
      problems.append(
        "heatmap: IoU@0.5 \(short(agreement.intersectionOverUnion)), at least "
          + short(tolerances.heatmapIoU))
    }
    if let shift = agreement.centerShift, shift > tolerances.centerShift {
      problems.append(
        "heatmap: its centre moved \(short(shift)) px, at most \(short(tolerances.centerShift))")
    }
    return problems
  }

  var json: JSONValue {
    [
      "rmse": .double(agreement.rootMeanSquare), "iou": .double(agreement.intersectionOverUnion),
      "center_shift": agreement.centerShift.map(JSONValue.double) ?? .null,
      "same": .bool(problems.isEmpty),
    ]
  }
}
