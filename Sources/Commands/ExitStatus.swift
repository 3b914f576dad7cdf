import Faults
import JSON

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
    of(fault.code) ?? bug
  }

  /// The status of a code; `nil` for codes that never end the program.
  static func of(_ code: Fault.Code) -> Int32? {
    switch code {
    case .paramOutOfRange, .paramUnknown, .paramMissing, .layerNotFound: usage
    case .inputNotFound, .jsonMalformed, .manifestInvalid, .manifestDuplicateId, .jobNotFound,
      .jobExpired, .accessDenied, .imageTooLarge, .imageInvalidFormat, .imageChecksumMismatch,
      .uploadTooLarge, .mediaUnsupported, .imageDecodingFailed, .imageAnimatedNotSupported,
      .calibrationUndetermined:
      inputs
    case .modelNotFound, .modelInvalid, .modelUnsupportedOperator, .modelExternalData,
      .modelDigestMismatch, .modelNonFinite, .explainNotSupported, .calibrationNotSupported:
      model
    case .resourceVersionConflict, .jobAlreadyCompleted, .jobCanceled, .idempotencyKeyReused:
      configuration
    case .storageNoSpace, .storageIOError, .resourceExhausted: storage
    case .runCorrupt, .runNondeterministic: damaged
    case .modelLocked, .runLocked, .runIncomplete, .upstreamFailed, .timeoutUpstream: busy
    case .internalError: bug
    default: nil
    }
  }

  /// Every status with what it means; as in docs/errors.md.
  static let all: [(status: Int32, meaning: String)] = [
    (success, "all items succeeded, or the finished run was replayed; `check`: nothing differs"),
    (
      itemsFailed,
      "the command finished and more items failed than `--fail-on` allows; `check`: something differs"
    ),
    (usage, "usage: unknown verb or flag, parameter out of range, unknown layer"),
    (inputs, "the inputs or the manifest cannot be used; nothing was started"),
    (model, "the model or the model repository cannot be used"),
    (
      configuration,
      "the run directory belongs to another configuration or key, its lock was removed, or "
        + "`--max-failures` or `runs cancel` stopped the run"
    ),
    (storage, "storage fault: disk full, I/O error; the run can be resumed"),
    (damaged, "the run directory is damaged"),
    (bug, "a bug"),
    (
      busy,
      "not now: another process holds the run, `runs merge` misses items, `--deadline` stopped the "
        + "run, or an event could not be delivered yet; try again"
    ),
    (
      interrupted, "ended by SIGINT after finishing what was in work; the run can be resumed"
    ),
    (
      terminated, "ended by SIGTERM after finishing what was in work; the run can be resumed"
    ),
  ]

  /// The statuses as a document.
  static var catalogue: JSONValue {
    [
      "exit_statuses": .array(
        all.map { ["status": JSONValue(Int($0.status)), "meaning": .string($0.meaning)] })
    ]
  }
}
