import JSON

extension Schema {
  /// The models of a repository.
  static let models = Schema(
    "models", "The models that are found, with their versions: what models list prints",
    Keywords.object(
      [
        "items": Keywords.array(of: ModelsTerms.model),
        "page": Keywords.object(
          [
            "next_cursor": Keywords.nullable(Keywords.text()), "size": Keywords.count(),
          ], required: ["next_cursor", "size"]),
      ], required: ["items", "page"]), terms: ["error": ErrorTerms.fault])

}

private enum ModelsTerms {
  static let model = Keywords.object(
    [
      "name": Keywords.text(), "folder": Keywords.text(),
      "default": Keywords.nullable(Keywords.text("what the bare name stands for")),
      "aliases": Keywords.map(of: Keywords.text("VERSION or VERSION+CALIBRATION")),
      "versions": Keywords.array(of: version),
    ], required: ["name", "default", "aliases", "versions"])

  private static let version = Keywords.object(
    [
      "version": Keywords.text(), "sha256": Keywords.sha256, "labels_version": Keywords.string(),
      "classes": Keywords.count(), "width": Keywords.integer(1...Int.max),
      "height": Keywords.integer(1...Int.max),
      "calibration": Keywords.object(
        [
          "version": Keywords.text(), "temperature": ["type": "number", "exclusiveMinimum": 0],
        ], required: ["version", "temperature"], "the one it was registered with"),
      "calibrations": Keywords.array(of: Keywords.text(), "that were fitted later"),
      "golden": Keywords.bool("whether there is one"),
      "error": Keywords.reference("error"),
    ], required: ["version"], "error alone where the description cannot be used")
}
