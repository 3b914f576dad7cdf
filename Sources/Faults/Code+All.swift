extension Fault.Code {
  public static let imageTooLarge = Self("image.too_large", .validationError)
  public static let imageInvalidFormat = Self("image.invalid_format", .validationError)
  public static let imageChecksumMismatch = Self("image.checksum_mismatch", .validationError)
  public static let paramOutOfRange = Self("param.out_of_range", .validationError)
  public static let paramUnknown = Self("param.unknown", .validationError)
  public static let paramMissing = Self("param.missing", .validationError)
  public static let jsonMalformed = Self("json.malformed", .validationError)
  public static let manifestDuplicateId = Self("manifest.duplicate_id", .validationError)
  public static let manifestInvalid = Self("manifest.invalid", .validationError)
  public static let authMissingToken = Self("auth.missing_token", .authError)
  public static let authInvalidToken = Self("auth.invalid_token", .authError)
  public static let authScopeInsufficient = Self("auth.scope_insufficient", .authError)
  public static let accessDenied = Self("access.denied", .authorizationError)
  public static let modelNotFound = Self("model.not_found", .notFound)
  public static let jobNotFound = Self("job.not_found", .notFound)
  public static let inputNotFound = Self("input.not_found", .notFound)
  public static let layerNotFound = Self("layer.not_found", .notFound)
  public static let resourceVersionConflict = Self("resource.version_conflict", .conflict)
  public static let jobAlreadyCompleted = Self("job.already_completed", .conflict)
  public static let jobCanceled = Self("job.canceled", .conflict)
  public static let modelLocked = Self("model.locked", .conflict)
  public static let runLocked = Self("run.locked", .conflict)
  public static let runIncomplete = Self("run.incomplete", .conflict)
  public static let idempotencyInProgress = Self("idempotency.in_progress", .conflict)
  public static let jobExpired = Self("job.expired", .gone)
  public static let uploadTooLarge = Self("upload.too_large", .limitExceeded)
  public static let batchTooLarge = Self("batch.too_large", .limitExceeded)
  public static let mediaUnsupported = Self("media.unsupported", .mediaTypeUnsupported)
  public static let imageDecodingFailed = Self("image.decoding_failed", .unprocessable)
  public static let imageAnimatedNotSupported = Self("image.animated_not_supported", .unprocessable)
  public static let imageRejectedByScanner = Self("image.rejected_by_scanner", .unprocessable)
  public static let modelInvalid = Self("model.invalid", .unprocessable)
  public static let modelUnsupportedOperator = Self("model.unsupported_operator", .unprocessable)
  public static let modelExternalData = Self("model.external_data", .unprocessable)
  public static let explainNotSupported = Self("explain.not_supported", .unprocessable)
  public static let calibrationNotSupported = Self("calibration.not_supported", .unprocessable)
  public static let calibrationUndetermined = Self("calibration.undetermined", .unprocessable)
  public static let idempotencyKeyReused = Self("idempotency.key_reused", .unprocessable)
  public static let rateExceeded = Self("rate.exceeded", .rateLimited)
  public static let quotaExceeded = Self("quota.exceeded", .rateLimited)
  public static let concurrencyExceeded = Self("concurrency.exceeded", .rateLimited)
  public static let internalError = Self("internal", .serverError)
  public static let storageNoSpace = Self("storage.no_space", .serverError)
  public static let storageIOError = Self("storage.io_error", .serverError)
  public static let runCorrupt = Self("run.corrupt", .serverError)
  public static let runNondeterministic = Self("run.nondeterministic", .serverError)
  public static let modelDigestMismatch = Self("model.digest_mismatch", .serverError)
  public static let modelNonFinite = Self("model.non_finite", .serverError)
  public static let workerCrashed = Self("worker.crashed", .serverError)
  public static let scanFailed = Self("scan.failed", .serverError)
  public static let resourceExhausted = Self("resource.exhausted", .serverError)
  public static let upstreamFailed = Self("upstream.failed", .upstreamError)
  public static let serviceOverloaded = Self("service.overloaded", .serviceUnavailable)
  public static let breakerOpen = Self("breaker.open", .serviceUnavailable)
  public static let timeoutItem = Self("timeout.item", .gatewayTimeout)
  public static let timeoutUpstream = Self("timeout.upstream", .gatewayTimeout)
  public static let timeoutSync = Self("timeout.sync", .gatewayTimeout)

  /// Every code there is, in the order of the contract's table.
  public static let all: [Self] = [
    .imageTooLarge, .imageInvalidFormat, .imageChecksumMismatch, .paramOutOfRange, .paramUnknown,
    .paramMissing, .jsonMalformed, .manifestDuplicateId, .manifestInvalid, .authMissingToken,
    .authInvalidToken, .authScopeInsufficient, .accessDenied, .modelNotFound, .jobNotFound,
    .inputNotFound, .layerNotFound, .resourceVersionConflict, .jobAlreadyCompleted, .jobCanceled,
    .modelLocked,
    .runLocked, .runIncomplete,
    .idempotencyInProgress, .jobExpired, .uploadTooLarge, .batchTooLarge, .mediaUnsupported,
    .imageDecodingFailed, .imageAnimatedNotSupported, .imageRejectedByScanner, .modelInvalid,
    .modelUnsupportedOperator, .modelExternalData, .explainNotSupported, .calibrationNotSupported,
    .calibrationUndetermined, .idempotencyKeyReused,
    .rateExceeded, .quotaExceeded, .concurrencyExceeded, .internalError, .storageNoSpace,
    .storageIOError, .runCorrupt, .runNondeterministic, .modelDigestMismatch, .modelNonFinite,
    .workerCrashed, .scanFailed, .resourceExhausted, .upstreamFailed, .serviceOverloaded,
    .breakerOpen,
    .timeoutItem, .timeoutUpstream, .timeoutSync,
  ]
}
