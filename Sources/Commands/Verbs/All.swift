extension Verb {
  /// Every verb, in the order of the help.
  static let all: [Verb] = [
    .infer, .run, .validate,
    .export, .runsList, .runsShow, .runsResults, .runsWatch, .runsCancel, .runsVerify, .runsMerge,
    .runsPrune, .runsDeliver,
    .modelsList, .modelsShow, .modelsLayers, .modelsVerify,
    .check, .checkVerify, .checkRecord, .checkAccept, .checkCalibrate,
    .limits, .schema, .doctor, .completions,
    .bench,
  ]
}
