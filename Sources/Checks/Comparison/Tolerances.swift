public import Faults
public import JSON

/// How far values may be from the golden ones: `tolerances.json`.
public struct Tolerances: Sendable, Hashable {
  public static let schema = "infercam.tolerances/1"

  /// By the name of a stage; `layers` stands for every layer.
  public var stages: [String: Bound] = [
    "decode": Bound(), "orient": Bound(), "resize": Bound(), "normalize": Bound(),
    "layers": Bound(relative: 1e-4), "logits": Bound(relative: 1e-4),
    "probabilities": Bound(absolute: 1e-4), "cam": Bound(relative: 1e-3),
  ]
  /// How many of the first classes must be the same set.
  public var topK = 5
  /// Kendall's tau of the first ten classes of either side, at least.
  public var kendallTau = 0.9
  /// The root of the mean squared difference of heatmaps, each divided by its maximum, at most.
  public var heatmapRMSE = 0.01
  /// The overlap of heatmaps at half their maximum, at least.
  public var heatmapIoU = 0.95
  /// How far the point in which a heatmap balances may move, in pixels of the upright input.
  public var centerShift = 1.0
  /// What the tolerances were made of; for people.
  public var measured: JSONValue?

  public init() {}

  /// How far numbers may be apart: `absolute`, plus `relative` times the largest expected magnitude.
  public struct Bound: Sendable, Hashable {
    public var absolute: Double
    public var relative: Double

    public init(absolute: Double = 0, relative: Double = 0) {
      self.absolute = absolute
      self.relative = relative
    }

    func limit(scale: Double) -> Double { absolute + relative * scale }
  }

  func bound(of stage: Stage) -> Bound {
    if case .layer = stage { return stages["layers"] ?? Bound() }
    return stages[stage.name] ?? Bound()
  }

  public var json: JSONValue {
    var members: [String: JSONValue] = [
      "schema": .string(Self.schema),
      "stages": .object(
        stages.mapValues { ["absolute": .double($0.absolute), "relative": .double($0.relative)] }),
      "ranks": ["top_k": JSONValue(topK), "kendall_tau": .double(kendallTau)],
      "heatmap": [
        "rmse": .double(heatmapRMSE), "iou": .double(heatmapIoU),
        "center_shift": .double(centerShift),
      ],
    ]
    members["measured"] = measured
    return .object(members)
  }

  /// Reads `tolerances.json`; what is not named keeps its standard value.
  /// - Throws: `Fault` with code `json.malformed` or `model.invalid`.
  public init(_ bytes: [UInt8]) throws(Fault) {
    let value = try JSONValue(parsing: bytes)
    var fields = JSONFields(value)
    if let schema = fields.string("schema"), schema != Self.schema {
      fields.report(.modelInvalid, "the schema \(schema) is not \(Self.schema)", at: "schema")
    }
    var bounds = stages
    fields.object("stages") { stages in
      for name in bounds.keys.sorted() {
        stages.object(name) { bound in
          bounds[name] = Bound(
            absolute: bound.double("absolute") ?? 0, relative: bound.double("relative") ?? 0)
          bound.refuseUnknown()
        }
      }
      stages.refuseUnknown()
    }
    stages = bounds
    fields.object("ranks") { ranks in
      topK = ranks.int("top_k") ?? topK
      kendallTau = ranks.double("kendall_tau") ?? kendallTau
      ranks.refuseUnknown()
    }
    fields.object("heatmap") { heatmap in
      heatmapRMSE = heatmap.double("rmse") ?? heatmapRMSE
      heatmapIoU = heatmap.double("iou") ?? heatmapIoU
      centerShift = heatmap.double("center_shift") ?? centerShift
      heatmap.refuseUnknown()
    }
    measured = fields.value("measured")
    fields.refuseUnknown()
    if let fault = Fault(fields.violations, code: .modelInvalid) { throw fault }
  }
}
