public import FileAccess
public import JSON

/// What a check found.
public struct CheckReport: Sendable {
  public static let schema = "infercam.check/1"

  /// The model that was checked, with its version.
  public var model: String
  /// Whether the golden was recorded by the same kind of machine with the same kernels.
  public var isSameProfile: Bool
  /// The machine that checked.
  public var machine: MachineFacts
  public var baseline: GoldenBaseline
  /// The folder of the golden.
  public var folder: RawPath
  /// In what the model is another one than the one that was recorded.
  public var changes: [Change]
  public var labels: StageComparison
  public var items: [ItemComparison]

  /// A field of the model that has changed.
  public struct Change: Sendable, Hashable {
    public var field: String
    public var golden: JSONValue
    public var now: JSONValue

    public var text: String { "\(field) is \(Self.short(now)), was \(Self.short(golden))" }

    /// Whether the name of the model, or what the labels say themselves, tells it already.
    var isTold: Bool { ["name", "version", "labels_sha256"].contains(field) }

    private static func short(_ value: JSONValue) -> String {
      guard let text = value.string, text.utf8.count > 40 else { return value.summary }
      return text.prefix(12) + "…"
    }
  }

  public var isSame: Bool { labels.outcome == .identical && items.allSatisfy(\.isSame) }

  /// The first stage, on the way from bytes to results, at which any input differs.
  public var firstDifference: StageComparison? {
    var candidates = items.compactMap(\.firstDifference)
    if labels.outcome == .differs { candidates.append(labels) }
    // Of layers the one that comes first in the graph, which all inputs have in common.
    return candidates.min { left, right in
      (left.stage.order, position(left.stage)) < (right.stage.order, position(right.stage))
    }
  }

  private func position(_ stage: Stage) -> Int {
    items.first?.stages.firstIndex { $0.stage == stage } ?? 0
  }

  /// The verdict in one sentence.
  public var verdict: String {
    let count = items.count { !$0.isSame }
    if isSame {
      let identical = items.allSatisfy { $0.stages.allSatisfy { $0.outcome == .identical } }
      return "same: \(items.count) inputs, "
        + (identical ? "every stage identical" : "every stage within the tolerances")
    }
    let parts =
      (count > 0 ? ["\(count) of \(items.count) inputs"] : [])
      + (labels.outcome == .differs ? ["the labels"] : [])
    var text = "differs: " + parts.joined(separator: " and ")
    if let first = firstDifference {
      text += "; first differs at \(first.stage.title): \(first.text)"
    }
    return text
  }

  public var json: JSONValue {
    [
      "schema": .string(Self.schema), "model": .string(model), "same": .bool(isSame),
      "verdict": .string(verdict), "first": JSONValue(firstDifference?.stage.name),
      "machine": machine.json,
      "golden": [
        "model": .string(baseline.modelName), "path": .string(folder.identifier),
        "profile": baseline.profile.json, "kernels": .string(baseline.kernels),
        "numerics": .string(baseline.numerics), "same_profile": .bool(isSameProfile),
      ],
      "changes": .array(
        changes.map { ["field": .string($0.field), "golden": $0.golden, "now": $0.now] }),
      "labels": labels.json, "items": .array(items.map(\.json)),
    ]
  }
}
