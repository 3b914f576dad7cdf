import JSON
import Runs

extension Schema {
  /// How far a job is and what came out.
  static let job = Schema(
    "job", "How far a job is and what came out: summary.json, what run and runs show print",
    JobTerms.job, terms: ["error": ErrorTerms.fault])

  /// A part of a list.
  static let page = Schema(
    "page", "A page of jobs or of results: what runs list and runs results print",
    Keywords.object(
      [
        "items": Keywords.array(
          of: Keywords.any(Keywords.reference("result"), Keywords.reference("job"))),
        "page": Keywords.object(
          [
            "next_cursor": Keywords.nullable(
              Keywords.text("where the next page begins; null at the end")),
            "size": Keywords.count("how many items this page has"),
          ], required: ["next_cursor", "size"]),
      ], required: ["items", "page"]),
    terms: ResultTerms.all.merging(["result": ResultTerms.result, "job": JobTerms.job]) { a, _ in a
    })
}

/// What a job resource is made of.
private enum JobTerms {
  static let job = Keywords.object(
    [
      "schema": Keywords.constant(.string(RunSummary.schema)), "job_id": Keywords.text(),
      "status": Keywords.words(RunSummary.Status.allCases), "submitted_at": Keywords.moment,
      "started_at": Keywords.nullable(Keywords.moment),
      "completed_at": Keywords.nullable(Keywords.moment),
      "model": Keywords.string(), "model_version": Keywords.string(),
      "error": Keywords.nullable(Keywords.reference("error")),
      "result_summary": Keywords.object(
        [
          "items": Keywords.count(), "succeeded": Keywords.count(), "failed": Keywords.count(),
          "failures": Keywords.map(
            of: Keywords.integer(1...Int.max), "how many items failed with each code"),
        ], required: ["items", "succeeded", "failed"]),
      "run_digest": Keywords.nullable(
        Keywords.pattern("^[0-9a-f]{64}$", "one string to compare; null before the end")),
      "metadata": Keywords.nullable(["type": "object"]),
      "expires_at": Keywords.nullable(Keywords.moment),
      "truth": Keywords.object([:], "what the labels of the inputs say about the results"),
      "compare": Keywords.object([:], "how far the second model is from the first"),
      "output": Keywords.string("the run directory"),
      "cancel_requested": Keywords.bool(),
      "active": Keywords.bool("whether a process is at work"),
      "replayed": Keywords.bool("whether the run had finished and nothing was changed"),
    ],
    required: [
      "schema", "job_id", "status", "submitted_at", "started_at", "completed_at", "model",
      "model_version", "error", "result_summary", "run_digest",
    ])
}
