import JSON

extension Schema {
  /// What `models verify` found of one model or folder.
  static let verification = Schema(
    "verification",
    "Whether a model is what was registered and computes as its graph says: "
      + "what models verify prints",
    Keywords.object(
      [
        "passed": Keywords.bool(), "model": Keywords.text("NAME@VERSION"),
        "dir": Keywords.text("a folder with test data"), "sha256": Keywords.sha256,
        "digests": Keywords.map(of: Keywords.sha256, "the graph and its external data"),
        "labels": Keywords.count(), "calibrations": Keywords.array(of: Keywords.text()),
        "golden": Keywords.bool("whether there is one, whose files were checked"),
        "engines": Keywords.array(
          of: Keywords.object(
            [
              "kernels": Keywords.text(), "numerics": Keywords.text(),
              "logits": Keywords.count("how many were compared"),
              "max_abs_difference": Keywords.nullable(Keywords.number()),
              "max_abs_logit": Keywords.nullable(Keywords.number()),
              "flips": Keywords.count(), "passed": Keywords.bool(),
            ],
            required: [
              "kernels", "numerics", "logits", "max_abs_difference", "max_abs_logit", "flips",
              "passed",
            ])),
        "sets": Keywords.array(
          of: Keywords.object(
            [
              "set": Keywords.text(), "passed": Keywords.bool(),
              "outputs": VerificationTerms.outputs,
              "plan_outputs": VerificationTerms.outputs,
              "plan_skipped": Keywords.text("why the project's own kernels did not run"),
            ], required: ["set", "passed", "outputs"])),
        "error": Keywords.reference("error"),
      ], required: ["passed"]), terms: ["error": ErrorTerms.fault])
}

private enum VerificationTerms {
  static let outputs = Keywords.array(
    of: Keywords.object(
      [
        "name": Keywords.string(), "passed": Keywords.bool(),
        "mismatch": Keywords.nullable(Keywords.text("how type or shape differ")),
        "differing": Keywords.count("elements"), "elements": Keywords.count(),
        "max_abs_difference": Keywords.nullable(Keywords.number()),
      ], required: ["name", "passed", "mismatch", "differing", "elements", "max_abs_difference"]))
}
