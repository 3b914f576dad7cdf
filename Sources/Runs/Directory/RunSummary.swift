import Faults
import FileAccess
public import JSON

/// How far a run is and what came out: `summary.json`, the job resource of the API.
public struct RunSummary: Sendable, Hashable {
  public static let schema = "infercam.summary/1"

  public var jobID: String
  public var status: Status
  public var submittedAt: String
  public var startedAt: String
  public var completedAt: String?
  public var model: String
  public var modelVersion: String
  public var items: Int
  public var succeeded = 0
  public var failed = 0
  /// How many items failed with each code.
  public var failures: [String: Int] = [:]
  /// The SHA-256 over the digests of all results in order; known when the run has finished.
  public var runDigest: String?
  /// Why the run ended early.
  public var error: JSONValue?
  /// What the labels of the inputs say about the results; known when the run has finished.
  public var truth: JSONValue?
  /// How far the second model of the run is from the first; known when the run has finished.
  public var comparison: JSONValue?
  /// What the caller has said about the run.
  public var metadata: JSONValue?
  /// When the run expires; `nil` while a process is at work on it, and where it is kept for ever.
  public var expiresAt: String?

  public enum Status: String, Sendable, CaseIterable {
    case queued
    case running
    case succeeded
    case failed
    case canceled
    case expired
  }

  /// Whether every input has its record.
  public var isFinished: Bool { runDigest != nil }

  public var json: JSONValue {
    var members: [String: JSONValue] = [
      "schema": .string(Self.schema), "job_id": .string(jobID), "status": .string(status.rawValue),
      "submitted_at": .string(submittedAt), "started_at": .string(startedAt),
      "completed_at": JSONValue(completedAt), "model": .string(model),
      "model_version": .string(modelVersion), "error": error ?? .null,
      "result_summary": [
        "items": JSONValue(items), "succeeded": JSONValue(succeeded), "failed": JSONValue(failed),
        "failures": .object(failures.mapValues { JSONValue($0) }),
      ],
      "run_digest": JSONValue(runDigest), "metadata": metadata ?? .null,
      "expires_at": JSONValue(expiresAt),
    ]
    members["truth"] = truth
    members["compare"] = comparison
    return .object(members)
  }

  init(_ specification: RunSpecification, startedAt: String) {
    jobID = specification.jobID
    status = .running
    submittedAt = specification.createdAt
    self.startedAt = startedAt
    model = specification.fingerprint.json["model"]?["name"]?.string ?? ""
    modelVersion = specification.fingerprint.json["model"]?["version"]?.string ?? ""
    items = specification.inputCount
    metadata = specification.metadata
  }

  /// The summary as it stands for all inputs: with new ones the run is no longer finished.
  func covering(_ specification: RunSpecification) -> RunSummary {
    guard items != specification.inputCount else { return self }
    var summary = self
    summary.items = specification.inputCount
    summary.runDigest = nil
    summary.truth = nil
    summary.comparison = nil
    summary.completedAt = nil
    summary.expiresAt = nil
    summary.status = .queued
    return summary
  }

  /// `nil` when there is none.
  init?(reading directory: RunDirectory) throws(Fault) {
    guard try FileStamp(of: directory.summary) != nil else { return nil }
    let value = try readRunJSON(directory.summary)
    guard let jobID = value["job_id"]?.string,
      let status = value["status"]?.string.flatMap(Status.init(rawValue:)),
      let counts = value["result_summary"], let items = counts["items"]?.int,
      let succeeded = counts["succeeded"]?.int, let failed = counts["failed"]?.int
    else { throw Fault(.runCorrupt, "\(directory.summary.display) is incomplete") }
    self.jobID = jobID
    self.status = status
    submittedAt = value["submitted_at"]?.string ?? ""
    startedAt = value["started_at"]?.string ?? ""
    completedAt = value["completed_at"]?.string
    model = value["model"]?.string ?? ""
    modelVersion = value["model_version"]?.string ?? ""
    self.items = items
    self.succeeded = succeeded
    self.failed = failed
    failures = (counts["failures"]?.object ?? [:]).compactMapValues(\.int)
    runDigest = value["run_digest"]?.string
    if let error = value["error"], !error.isNull { self.error = error }
    if let truth = value["truth"], !truth.isNull { self.truth = truth }
    if let comparison = value["compare"], !comparison.isNull { self.comparison = comparison }
    if let metadata = value["metadata"], !metadata.isNull { self.metadata = metadata }
    expiresAt = value["expires_at"]?.string
  }
}
