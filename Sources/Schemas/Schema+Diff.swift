import Checks
import JSON

extension Schema {
  /// How two runs differ.
  static let diff = Schema(
    "diff", "How the results of two runs differ: what diff prints",
    Keywords.object(
      [
        "schema": Keywords.constant(.string(RunDiff.schema)), "same": Keywords.bool(),
        "a": DiffTerms.side, "b": DiffTerms.side, "items": DiffTerms.items,
        "compared": Keywords.count("items with a result on both sides"),
        "flips": Keywords.object(
          [
            "count": Keywords.count(), "share": Keywords.nullable(Keywords.number(0...1)),
            "items": Keywords.array(
              of: Keywords.object(
                ["id": Keywords.string(), "a": DiffTerms.top, "b": DiffTerms.top],
                required: ["id", "a", "b"])),
            "named": Keywords.count("how many of them are in items"),
          ], required: ["count", "share", "items", "named"],
          "items whose first class is another one"),
        "prob_drift": Keywords.reference("distribution"),
        "label_rates": Keywords.object(
          [
            "psi": Keywords.nullable(Keywords.number("population stability index")),
            "classes": Keywords.count(),
            "changed": Keywords.array(
              of: Keywords.object(
                ["id": Keywords.string(), "a": Keywords.count(), "b": Keywords.count()],
                required: ["id", "a", "b"])),
          ], required: ["psi", "classes", "changed"]),
        "heatmaps": Keywords.object(
          [
            "iou": Keywords.reference("distribution"),
            "center_shift": Keywords.reference("distribution"),
            "other_class": Keywords.count("items that explain another class"),
          ], required: ["iou", "center_shift"]),
        "truth": Keywords.object(
          ["a": DiffTerms.truth, "b": DiffTerms.truth], required: ["a", "b"]),
        "mapping": Keywords.object(
          [
            "from": Keywords.string(), "to": Keywords.string(),
            "classes": Keywords.count("that the mapping lists"),
          ], required: ["from", "to", "classes"]),
        "verdicts": Keywords.array(
          of: Keywords.object(
            [
              "name": Keywords.text(), "value": Keywords.nullable(Keywords.number()),
              "limit": Keywords.text(), "passed": Keywords.bool(),
            ], required: ["name", "value", "limit", "passed"])),
      ],
      required: [
        "schema", "same", "a", "b", "items", "compared", "flips", "prob_drift", "label_rates",
        "mapping", "verdicts",
      ]), terms: ["distribution": DiffTerms.distribution])
}

private enum DiffTerms {
  static let side = Keywords.object(
    [
      "output": Keywords.text("the run directory"), "job_id": Keywords.text(),
      "model": Keywords.string(), "model_version": Keywords.string(),
      "model_sha256": Keywords.sha256, "labels_version": Keywords.string(),
      "calibration_version": Keywords.nullable(Keywords.text()),
      "items": Keywords.count(), "run_digest": Keywords.nullable(Keywords.sha256),
    ],
    required: [
      "output", "job_id", "model", "model_version", "model_sha256", "labels_version", "items",
      "run_digest",
    ])

  private static let names = Keywords.object(
    ["count": Keywords.count(), "ids": Keywords.array(of: Keywords.string())],
    required: ["count", "ids"])

  static let items = Keywords.object(
    [
      "both": Keywords.count(), "identical": Keywords.count(), "only_a": names, "only_b": names,
      "failed_a": names, "failed_b": names, "other_failure": names,
    ],
    required: [
      "both", "identical", "only_a", "only_b", "failed_a", "failed_b", "other_failure",
    ])

  static let top = Keywords.object(
    [
      "id": Keywords.string(), "label": Keywords.string(), "prob": Keywords.number(0...1),
    ], required: ["id", "label", "prob"])

  static let distribution = Keywords.object(
    [
      "count": Keywords.count(), "mean": Keywords.number(), "min": Keywords.number(),
      "max": Keywords.number(), "p10": Keywords.number(), "p50": Keywords.number(),
      "p90": Keywords.number(), "p99": Keywords.number(), "min_id": Keywords.string(),
      "max_id": Keywords.string(),
    ], required: ["count"], "count alone where there is nothing")

  private static let share = Keywords.nullable(Keywords.number(0...1))

  static let truth = Keywords.object(
    [
      "labelled": Keywords.count(), "scored": Keywords.count(), "accuracy": share,
      "top5_accuracy": share, "ece": share, "mean_confidence": share,
    ], required: ["labelled", "scored", "accuracy", "top5_accuracy", "ece", "mean_confidence"])
}
