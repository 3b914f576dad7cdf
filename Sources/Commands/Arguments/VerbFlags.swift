import Faults
import Options
import Requests
import Runs

extension Flag where Arguments == Commands.Arguments {
  /// How lists are cut into pages.
  static let pages: [Self] = [
    Self("limit", value: "N", .output, "items of one page, 1 to 10000", default: "100") {
      value, arguments throws(Fault) in arguments.limit = try value.int(in: JobLimits.pageSizeRange)
    },
    Self("cursor", value: "CURSOR", .output, "go on after the page that gave this cursor") {
      value, arguments throws(Fault) in arguments.cursor = try value.nonEmptyText()
    },
  ]

  /// Which results of a run are listed.
  static let resultFilter: [Self] = [
    Self(
      "status", value: "STATUS", .output, "only succeeded | failed items",
      choices: RunItemFilter.allCases.map(\.rawValue)
    ) {
      value, arguments throws(Fault) in arguments.status = try value.word(RunItemFilter.self)
    },
    Self("code", value: "GLOB", .output, "only items that failed with a code like image.*") {
      value, arguments throws(Fault) in arguments.codes = Glob(try value.nonEmptyBytes())
    },
    Self("class", value: "CLASS", .output, "only items whose first class has this id or label") {
      value, arguments throws(Fault) in arguments.topClass = try value.nonEmptyText()
    },
  ]

  /// Which runs are listed.
  static let runFilter: [Self] = [
    Self(
      "status", value: "STATUS", repeatable: true, .output,
      "only runs that are " + RunSummary.Status.allCases.map(\.rawValue).joined(separator: " | ")
        + "; repeatable",
      choices: RunSummary.Status.allCases.map(\.rawValue)
    ) { value, arguments throws(Fault) in
      arguments.runs.statuses.insert(try value.word(RunSummary.Status.self))
    },
    Self(
      "model", value: "NAME[@VERSION]", repeatable: true, .output,
      "only runs of this model; repeatable"
    ) { value, arguments throws(Fault) in
      arguments.runs.models.append(try value.nonEmptyText())
    },
    Self("since", value: "TIME", .output, "only runs submitted then (RFC 3339) or since, as 24h") {
      value, arguments throws(Fault) in arguments.runs.since = try moment(value)
    },
    Self("until", value: "TIME", .output, "only runs submitted before") {
      value, arguments throws(Fault) in arguments.runs.until = try moment(value)
    },
  ]

  /// How many threads pass a batch through the network together.
  static let threads = Self(
    "threads", value: "N", .run, "threads that work on a batch together", default: "1"
  ) { value, arguments throws(Fault) in
    arguments.threads = try value.int(in: JobLimits.workersRange)
  }

  /// How long a measurement lasts.
  static let seconds = Self("seconds", value: "S", .run, "how long to measure", default: "4") {
    value, arguments throws(Fault) in arguments.seconds = try value.double(in: 0.1...3600)
  }

  /// How near outputs must be to the expected ones.
  static let tolerances: [Self] = [
    Self("rtol", value: "X", .run, "relative tolerance", default: "0.001") {
      value, arguments throws(Fault) in
      arguments.relativeTolerance = try value.double(in: 0...1e9)
    },
    Self("atol", value: "X", .run, "absolute tolerance", default: "0.0000001") {
      value, arguments throws(Fault) in
      arguments.absoluteTolerance = try value.double(in: 0...1e9)
    },
  ]
}

/// A point in time, or how long ago it was.
private func moment(_ value: FlagValue) throws(Fault) -> Timestamp {
  let text = try value.text()
  if let time = Timestamp(text) { return time }
  guard let seconds = durationSeconds(text) else {
    throw Fault(
      .paramOutOfRange,
      "must be a time like 2026-01-31T12:00:00Z, or how long ago, like 90s, 15m, 24h, 7d or 2w")
  }
  return Timestamp(milliseconds: Timestamp.now.milliseconds - Int(seconds * 1000))
}
