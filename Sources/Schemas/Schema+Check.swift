import Checks
import JSON

extension Schema {
  /// What a check found.
  static let check = Schema(
    "check", "How a model stands beside its golden values: what check prints",
    Keywords.object(
      [
        "schema": Keywords.constant(.string(CheckReport.schema)), "model": Keywords.text(),
        "same": Keywords.bool(), "verdict": Keywords.text("in one sentence"),
        "first": Keywords.nullable(Keywords.text("the first stage that differs in any input")),
        "machine": CheckTerms.machine,
        "golden": Keywords.object(
          [
            "model": Keywords.text("the version that was recorded"), "path": Keywords.text(),
            "profile": CheckTerms.machine, "kernels": Keywords.text(),
            "numerics": Keywords.text(),
            "same_profile": Keywords.bool("whether it is of this kind of machine and kernels"),
          ], required: ["model", "path", "profile", "kernels", "numerics", "same_profile"]),
        "changes": Keywords.array(
          of: Keywords.object(
            ["field": Keywords.text(), "golden": [:], "now": [:]],
            required: ["field", "golden", "now"]),
          "what the model says about itself and did not say then"),
        "labels": Keywords.reference("stage"), "items": Keywords.array(of: CheckTerms.item),
      ],
      required: [
        "schema", "model", "same", "verdict", "first", "machine", "golden", "changes", "labels",
        "items",
      ]), terms: ["stage": CheckTerms.stage])

  /// How far values may be from golden ones.
  static let tolerances = Schema(
    "tolerances",
    "How far values may be from golden ones: tolerances.json, what check calibrate prints",
    Keywords.object(
      [
        "schema": Keywords.constant(.string(Tolerances.schema)),
        "stages": Keywords.object(
          Tolerances().stages.mapValues { _ in CheckTerms.bound }, isClosed: true),
        "ranks": Keywords.object(
          ["top_k": Keywords.count(), "kendall_tau": Keywords.number(-1...1)], isClosed: true),
        "heatmap": Keywords.object(
          [
            "rmse": CheckTerms.length, "iou": Keywords.number(0...1),
            "center_shift": CheckTerms.length,
          ], isClosed: true),
        "measured": Keywords.object([:], "what they were made of; for people"),
      ], isClosed: true))
}

private enum CheckTerms {
  static let length: JSONValue = ["type": "number", "minimum": 0]

  static let bound = Keywords.object(["absolute": length, "relative": length], isClosed: true)

  static let machine = Keywords.object(
    ["instruction_set": Keywords.text(), "blas_core": Keywords.text()],
    required: ["instruction_set", "blas_core"])

  static let stage = Keywords.object(
    [
      "stage": Keywords.text("decode, orient, resize, normalize, layer:NAME, logits, …"),
      "outcome": Keywords.words(StageComparison.Outcome.allCases),
      "text": Keywords.text("in a few words"), "different": Keywords.count("values"),
      "total": Keywords.count(), "max": Keywords.nullable(length),
      "rms": Keywords.nullable(length), "relative": Keywords.nullable(length),
      "allowed": length,
    ], required: ["stage", "outcome", "text"])

  static let item = Keywords.object(
    [
      "name": Keywords.text(), "file": Keywords.text(), "same": Keywords.bool(),
      "first": Keywords.nullable(Keywords.text()),
      "stages": Keywords.array(of: Keywords.reference("stage")),
      "problems": Keywords.array(of: Keywords.text(), "in words"),
      "failure": Keywords.text("why the input could not be computed"), "ranks": ranks,
      "heatmap": Keywords.object(
        [
          "rmse": Keywords.nullable(length), "iou": Keywords.nullable(Keywords.number(0...1)),
          "center_shift": Keywords.nullable(length), "same": Keywords.bool(),
        ], required: ["rmse", "iou", "center_shift", "same"]),
    ], required: ["name", "file", "same", "first", "stages", "problems"])

  private static let ranks = Keywords.object(
    [
      "top1": Keywords.object(
        ["expected": ranked, "actual": ranked, "same": Keywords.bool()],
        required: ["expected", "actual", "same"]),
      "top_k": Keywords.object(
        ["k": Keywords.count(), "same": Keywords.bool(), "new": Keywords.array(of: ranked)],
        required: ["k", "same", "new"]),
      "kendall_tau": Keywords.number(-1...1), "kendall_tau_min": Keywords.number(-1...1),
    ], required: ["top1", "top_k", "kendall_tau", "kendall_tau_min"])

  private static let ranked = Keywords.object(
    [
      "index": Keywords.count(), "id": Keywords.string(), "label": Keywords.string(),
      "prob": Keywords.nullable(Keywords.number(0...1)),
    ], required: ["index", "id", "label", "prob"])
}
