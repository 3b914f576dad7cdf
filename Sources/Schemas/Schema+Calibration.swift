import JSON
import Models

extension Schema {
  /// A temperature that was fitted to results of a model version.
  static let calibration = Schema(
    "calibration", "A temperature fitted to labelled runs: calibrations/NAME.json of a version",
    CalibrationTerms.file)

  /// What `models calibrate` prints.
  static let calibrationReport = Schema(
    "calibration-report", "A fitted temperature and where it went: what models calibrate prints",
    Keywords.object(
      [
        "added": Keywords.bool("false when the same calibration was there, or nothing was written"),
        "dry_run": Keywords.bool(),
        "reference": Keywords.text("NAME@VERSION+CALIBRATION"),
        "file": Keywords.text("the path of the calibration's file"),
        "calibration": CalibrationTerms.file,
      ], required: ["added", "dry_run", "reference", "file", "calibration"]))
}

private enum CalibrationTerms {
  static let file = Keywords.object(
    [
      "schema": Keywords.constant(.string(Calibration.schema)),
      "version": Keywords.text("its name: calibration_version of results"),
      "temperature": temperature,
      "model": Keywords.object(
        [
          "sha256": Keywords.sha256, "external_data": Keywords.map(of: Keywords.sha256),
          "labels_sha256": Keywords.sha256, "input_sha256": Keywords.sha256,
          "output_sha256": Keywords.sha256,
        ], required: ["sha256", "labels_sha256", "input_sha256", "output_sha256"],
        "what it was fitted to and belongs to"),
      "fit": Keywords.object(
        [
          "items": Keywords.count("labelled items"),
          "accuracy": Keywords.number(0...1),
          "before": figures, "after": figures,
          "runs": Keywords.array(
            of: Keywords.object(
              [
                "job_id": Keywords.text(), "run_digest": Keywords.nullable(Keywords.sha256),
                "items": Keywords.count(),
              ], required: ["job_id", "items"])),
        ], required: ["items", "accuracy", "before", "after", "runs"]),
      "digest": Keywords.sha256,
    ], required: ["schema", "version", "temperature", "model", "digest"])

  private static let temperature: JSONValue = [
    "type": "number", "exclusiveMinimum": 0, "description": "divides the logits",
  ]

  private static let figures = Keywords.object(
    [
      "temperature": temperature, "nll": Keywords.number("of the true classes, in nats"),
      "ece": Keywords.number(0...1),
    ], required: ["temperature", "nll", "ece"])
}
