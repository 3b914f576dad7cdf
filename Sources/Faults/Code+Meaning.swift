extension Fault.Code {
  /// When the code is given, and what helps; the text of docs/errors.md.
  public var meaning: String {
    switch self {
    case .imageTooLarge:
      "more pixels or longer sides than the limits: scale it down, or raise `--max-side`, "
        + "`--max-pixels`"
    case .imageInvalidFormat:
      "not an image, not a regular file, or content and file name disagree"
    case .imageChecksumMismatch:
      "the bytes are not those that the manifest's digest names"
    case .paramOutOfRange:
      "a value outside its range, or a choice this version does not compute; the message "
        + "names the range"
    case .paramUnknown:
      "an unknown verb, flag, setting or field; the message suggests the nearest one"
    case .paramMissing:
      "something required was not given"
    case .jsonMalformed:
      "not strict JSON: duplicate keys, trailing bytes, invalid UTF-8; details give line, "
        + "column, byte and pointer"
    case .manifestDuplicateId:
      "two inputs share an id or would share an output name"
    case .manifestInvalid:
      "the manifest cannot be used; details list every violation"
    case .authMissingToken:
      "service: no bearer token"
    case .authInvalidToken:
      "service: the token does not verify"
    case .authScopeInsufficient:
      "service: the token lacks the scope"
    case .accessDenied:
      "the system or the service does not allow it: check permissions; for URLs, a scheme, "
        + "port or address that is closed"
    case .modelNotFound:
      "no such model, version, alias or file; the message lists what there is"
    case .jobNotFound:
      "no run in this folder, or it has not finished"
    case .inputNotFound:
      "no such file or folder; as a fault of one item it is a failed record"
    case .layerNotFound:
      "no tensor or node of this name: `infercam models layers` lists them"
    case .resourceVersionConflict:
      "the folder holds a run with another configuration; details list each differing field"
    case .jobAlreadyCompleted:
      "the run has finished: there is nothing to cancel"
    case .jobCanceled:
      "`runs cancel` stopped the run: the same command with `--resume` goes on"
    case .modelLocked:
      "another process changes the aliases of the model; details name the file: try again"
    case .runLocked:
      "another process works on the run; details name it"
    case .runIncomplete:
      "`runs merge`: items have no record yet: finish the shards, or run the command without "
        + "`--shard`"
    case .idempotencyInProgress:
      "service: the first request with this key is still in work"
    case .jobExpired:
      "the time to live of the run (`--ttl`) is over: `runs prune` removes it, "
        + "`run --overwrite` computes it anew"
    case .uploadTooLarge:
      "more bytes than `--max-bytes`"
    case .batchTooLarge:
      "service: more inputs than one request may have"
    case .mediaUnsupported:
      "a type that is not JPEG, PNG, TIFF or BMP: convert it"
    case .imageDecodingFailed:
      "truncated or corrupt data; `--on-truncated pad` keeps the pixels there are"
    case .imageAnimatedNotSupported:
      "GIF, WebP, APNG or several pages; `--page` chooses a page of a TIFF"
    case .imageRejectedByScanner:
      "the scan command refused the item"
    case .modelInvalid:
      "the ONNX file or its description is damaged or contradicts itself"
    case .modelUnsupportedOperator:
      "operators that cannot run; the message names each with its node"
    case .modelExternalData:
      "weights in a file that is missing, too short, a link or in another folder: put it "
        + "beside the model, or save the model as one file"
    case .explainNotSupported:
      "no map can be computed for this layer: choose a later one"
    case .calibrationNotSupported:
      "a temperature is fitted to softmax heads of several classes only"
    case .calibrationUndetermined:
      "too few labelled items for a temperature, all of them right, or none better than chance"
    case .idempotencyKeyReused:
      "the key (`--run-key`) belongs to another request"
    case .rateExceeded:
      "service: too many requests"
    case .quotaExceeded:
      "service: the quota is used up"
    case .concurrencyExceeded:
      "service: too many requests at once"
    case .internalError:
      "a bug: please report it with the command and the message"
    case .storageNoSpace:
      "the disk or the quota is full: free space and run the same command again"
    case .storageIOError:
      "the system reports a failed read or write; as a fault of one item it is a failed "
        + "record"
    case .runCorrupt:
      "a file of the run directory is damaged; the message names it and the line"
    case .runNondeterministic:
      "two computations of one item gave different bytes"
    case .modelDigestMismatch:
      "the ONNX file is not the one that `version.json` names: restore it or register a new "
        + "version"
    case .modelNonFinite:
      "the network returned NaN or infinity"
    case .workerCrashed:
      "the item brought a worker down several times"
    case .scanFailed:
      "the scan command could not run, was killed or took too long, so that nothing is known of "
        + "the item: correct `--scan-cmd`, then `--retry-failed`"
    case .resourceExhausted:
      "memory, threads or descriptors ran out: use fewer workers or a smaller batch"
    case .upstreamFailed:
      "a server cannot be reached, ends early, or answers with another status than success; "
        + "details name its origin and status"
    case .serviceOverloaded:
      "service: the queue is full"
    case .breakerOpen:
      "a server failed too often in a row and is left alone for a while"
    case .timeoutItem:
      "one item took longer than allowed"
    case .timeoutUpstream:
      "a server did not answer in time"
    case .timeoutSync:
      "service: use a job instead of a synchronous request"
    default: ""
    }
  }
}
