import Checks
import Execution
import Faults
import FileAccess
import Inference
import Options

/// What the command line says about golden values.
struct CheckArguments: Sendable {
  /// A model whose golden is taken, or the folder of one.
  var golden: String?
  var inputs: [RawPath] = []
  var layers: [String] = []
  var junit: RawPath?
  var format: Format?

  /// What stdout gets instead of tables or JSON.
  enum Format: Sendable {
    case github
    case tap
  }

  var layerSelection: LayerSelection {
    layers.isEmpty ? .none : layers == ["all"] ? .all : .named(layers)
  }
}

extension Flag where Arguments == Commands.Arguments {
  /// Where golden values lie.
  static let golden = Self(
    "golden", value: "NAME@VERSION|DIR", .input,
    "the golden of another version, or a folder (a path with a slash)",
    default: "the version's own, else that of the default version"
  ) { value, arguments throws(Fault) in arguments.check.golden = try value.nonEmptyText() }

  /// What is recorded.
  static let recording: [Self] = [
    Self(
      "inputs", value: "FILE", repeatable: true, .input,
      "an image, array or folder to record; more may follow as words",
      default: "those of the golden that is there"
    ) { value, arguments throws(Fault) in
      arguments.check.inputs.append(RawPath(bytes: try value.nonEmptyBytes()))
    },
    Self(
      "layers", value: "all|NAME", repeatable: true, .input,
      "also record inner layers: all that `models layers` lists, or this one; repeatable"
    ) { value, arguments throws(Fault) in
      arguments.check.layers.append(try value.nonEmptyText())
    },
  ]

  /// The instruction set whose kernels compute.
  static let instructionSet = Self(
    "instruction-set", value: "avx512|avx2|generic", .model,
    "compute as a processor with no more than this", default: "the best of this processor"
  ) { value, arguments throws(Fault) in
    let name = try value.text()
    guard MachineProfile.instructionSets.contains(name) else {
      throw Fault(
        .paramOutOfRange,
        "must be one that this processor has, "
          + MachineProfile.instructionSets.joined(separator: " | ") + ", not \(name)")
    }
    arguments.engine.instructionSet = name
  }

  /// How a check is told.
  static let checkReport: [Self] = [
    Self("junit", value: "FILE", .output, "also write a JUnit XML report") {
      value, arguments throws(Fault) in
      arguments.check.junit = RawPath(bytes: try value.nonEmptyBytes())
    },
    Self("github", .output, "annotations for GitHub Actions on stdout") {
      arguments(&$1, $0.isOn ? .github : nil)
    },
    Self("tap", .output, "Test Anything Protocol on stdout") {
      arguments(&$1, $0.isOn ? .tap : nil)
    },
  ]

  /// Which heatmap is recorded.
  static let explanationChoice: [Self] = explain.filter {
    ["layer", "method", "target", "score"].contains($0.name)
  }
}

private func arguments(_ arguments: inout Arguments, _ format: CheckArguments.Format?) {
  arguments.check.format = format
}
