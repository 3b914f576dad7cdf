import JSON
import Models

extension ModelVersion {
  /// What each result says about the model that it comes from.
  var identity: [String: JSONValue] {
    [
      "model": .string(name), "model_version": .string(version), "model_sha256": .string(sha256),
      "labels_version": .string(labels.version),
      "calibration_version": .string(spec.calibration.version),
    ]
  }
}
