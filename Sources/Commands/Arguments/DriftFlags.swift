import Faults
import FileAccess
import Metrics
import Options

/// What the command line says about drift.
struct DriftArguments: Sendable {
  var limits = DriftLimits()
  /// The second model of a run.
  var compared: String?
  /// A file that relates the labels of the two sides.
  var mapping: RawPath?
  var html: RawPath?
}

extension Flag where Arguments == Commands.Arguments {
  /// How much drift is accepted.
  static let driftLimits: [Self] = [
    Self(
      "max-flips", value: "N|P%", .compare, "exit 1 when the first class of more items differs"
    ) { value, arguments throws(Fault) in
      arguments.drift.limits.flips = try quota(value)
    },
    Self(
      "max-missing", value: "N|P%", .compare,
      "exit 1 when more items have a result on one side only", default: "0 where drift is limited"
    ) { value, arguments throws(Fault) in
      arguments.drift.limits.missing = try quota(value)
    },
    Self(
      "max-psi", value: "X", .compare,
      "exit 1 when the stability index of the first classes is larger"
    ) { value, arguments throws(Fault) in
      arguments.drift.limits.stabilityIndex = try value.double(in: 0...1e9)
    },
    Self(
      "max-prob-drift", value: "P", .compare,
      "exit 1 when a probability of any item differs by more, 0 to 1"
    ) { value, arguments throws(Fault) in
      arguments.drift.limits.probabilityDrift = try value.double(in: 0...1)
    },
    Self(
      "min-iou", value: "X", .compare,
      "exit 1 when heatmaps overlap less at half their maximum, on average, 0 to 1"
    ) { value, arguments throws(Fault) in
      arguments.drift.limits.overlap = try value.double(in: 0...1)
    },
    Self(
      "max-accuracy-loss", value: "P", .compare, "exit 1 when the accuracy falls by more, 0 to 1"
    ) { value, arguments throws(Fault) in
      arguments.drift.limits.accuracyLoss = try value.double(in: 0...1)
    },
    Self(
      "max-ece-growth", value: "P", .compare,
      "exit 1 when the calibration error grows by more, 0 to 1"
    ) { value, arguments throws(Fault) in
      arguments.drift.limits.calibrationLoss = try value.double(in: 0...1)
    },
  ]

  /// The file that relates two label sets.
  static let mapping = Self(
    "mapping", value: "FILE", .compare, "relate the labels of the two sides by this file",
    default: "the mapping file of the models, else by class id"
  ) { value, arguments throws(Fault) in
    arguments.drift.mapping = RawPath(bytes: try value.nonEmptyBytes())
  }

  static let compared = Self(
    "compare", value: "NAME[@VERSION|@ALIAS]", .compare,
    "also give each input to this model, and tell how far its results are from the first"
  ) { value, arguments throws(Fault) in
    arguments.drift.compared = try value.nonEmptyText()
  }

  static let html = Self("html", value: "FILE", .output, "also write a report as a web page") {
    value, arguments throws(Fault) in
    arguments.drift.html = RawPath(bytes: try value.nonEmptyBytes())
  }
}

@Sendable private func quota(_ value: FlagValue) throws(Fault) -> DriftLimits.Quota {
  guard let quota = DriftLimits.Quota(try value.text()) else {
    throw Fault(.paramOutOfRange, "must be a number of items, or a percentage like 1%")
  }
  return quota
}
