import Faults
import Options

extension Flag where Arguments == Commands.Arguments {
  /// How results of a run are listed.
  static let listing: [Self] = [
    Self("limit", value: "N", .output, "items of one page, 1 to 10000", default: "100") {
      value, arguments throws(Fault) in arguments.limit = try value.int(in: 1...10_000)
    },
    Self("cursor", value: "CURSOR", .output, "go on after the page that gave this cursor") {
      value, arguments throws(Fault) in arguments.cursor = try value.nonEmptyText()
    },
    Self("status", value: "STATUS", .output, "only succeeded | failed items") {
      value, arguments throws(Fault) in arguments.status = try value.word(RunItemFilter.self)
    },
  ]

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
