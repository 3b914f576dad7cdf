import Faults

/// How the process ends; the table of the contract.
enum ExitStatus {
  static let success: Int32 = 0
  static let itemsFailed: Int32 = 1
  static let usage: Int32 = 2
  static let inputs: Int32 = 3
  static let model: Int32 = 4
  static let configuration: Int32 = 5
  static let storage: Int32 = 6
  static let damaged: Int32 = 7
  static let bug: Int32 = 70
  /// Not now: another process is at work, others have to finish first, or the time was up.
  static let busy: Int32 = 75
  static let interrupted: Int32 = 130
  static let terminated: Int32 = 143

  /// The status of a fault that ends the program.
  static func of(_ fault: Fault) -> Int32 {
    switch fault.code {
    case .paramOutOfRange, .paramUnknown, .paramMissing, .layerNotFound: usage
    case .inputNotFound, .jsonMalformed, .manifestInvalid, .manifestDuplicateId, .jobNotFound,
      .jobExpired, .accessDenied, .imageTooLarge, .imageInvalidFormat, .imageChecksumMismatch,
      .uploadTooLarge, .mediaUnsupported, .imageDecodingFailed, .imageAnimatedNotSupported:
      inputs
    case .modelNotFound, .modelInvalid, .modelUnsupportedOperator, .modelExternalData,
      .modelDigestMismatch, .modelNonFinite, .explainNotSupported:
      model
    case .resourceVersionConflict, .jobAlreadyCompleted, .jobCanceled, .idempotencyKeyReused:
      configuration
    case .storageNoSpace, .storageIOError, .resourceExhausted: storage
    case .runCorrupt, .runNondeterministic: damaged
    case .runLocked, .runIncomplete, .upstreamFailed, .timeoutUpstream: busy
    default: bug
    }
  }
}
