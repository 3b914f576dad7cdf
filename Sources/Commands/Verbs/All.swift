extension Verb {
  /// Every verb, in the order of the help.
  static let all: [Verb] = [
    .infer, .run, .validate,
    .export, .render, .runsList, .runsShow, .runsResults, .runsWatch, .runsCancel, .runsVerify,
    .runsMerge,
    .runsPrune, .runsDeliver,
    .modelsList, .modelsShow, .modelsLayers, .modelsVerify, .modelsAdd, .modelsCalibrate,
    .modelsAliasSet, .modelsAliasRemove, .modelsAliasList,
    .diff, .check, .checkVerify, .checkRecord, .checkAccept, .checkCalibrate,
    .storagePut, .storageGet, .storageRemove, .storageList,
    .limits, .schema, .doctor, .completions,
    .bench,
  ]
}
