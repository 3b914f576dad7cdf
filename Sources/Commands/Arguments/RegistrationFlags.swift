import Faults
import FileAccess
import Models
import Options

/// What `models add` is told beside the names and the file.
struct RegistrationArguments: Sendable {
  var configurations: [RawPath] = []
  var labelsVersion: String?
  var changes = PreprocessingChanges()
  var aliases: [String] = []
  var isDefault = false
  /// What a fitted temperature is called.
  var calibrationVersion: String?
}

extension Flag where Arguments == Commands.Arguments {
  /// How a model is described that is added to a repository.
  static let registration: [Self] =
    modelChoice.filter { $0.name != "model" } + [
      Self(
        "model-config", value: "FILE", repeatable: true, .model,
        "config.json of timm or Transformers, or preprocessor_config.json; repeatable"
      ) { $1.registration.configurations.append(RawPath(bytes: $0.rawBytes)) },
      Self("labels-version", value: "NAME", .model, "the version of the labels") {
        value, arguments throws(Fault) in
        arguments.registration.labelsVersion = try value.nonEmptyText()
      },
      Self("alias", value: "NAME", repeatable: true, .model, "an alias for it; repeatable") {
        value, arguments throws(Fault) in
        arguments.registration.aliases.append(try value.nonEmptyText())
      },
      Self("default", .model, "make it what the bare name stands for") {
        $1.registration.isDefault = $0.isOn
      },
      Self("size", value: "N|WxH", .model, "the input size, in place of the preset's") {
        value, arguments throws(Fault) in
        let size = try value.size()
        arguments.registration.changes.width = size.width
        arguments.registration.changes.height = size.height
      },
      Self(
        "resize", value: "N|WxH|stretch", .model,
        "scale the shorter side to N, or both sides, or to the input size"
      ) { value, arguments throws(Fault) in
        let text = try value.text()
        if text == "stretch" {
          arguments.registration.changes.resize = .stretch
        } else if Int(text) != nil {
          arguments.registration.changes.resize = .shortSide(
            try value.int(in: ModelSpec.Input.sideRange))
        } else {
          let size = try value.size()
          arguments.registration.changes.resize = .stretchTo(width: size.width, height: size.height)
        }
      },
      Self(
        "interpolation", value: "FILTER", .model,
        ModelSpec.Resize.Filter.allCases.map(\.rawValue).joined(separator: " | ")
      ) { value, arguments throws(Fault) in
        arguments.registration.changes.filter = try value.word(ModelSpec.Resize.Filter.self)
      },
      Self("crop", value: "center|center_floor|none", .model, "what is cut out of the scaled image")
      {
        value, arguments throws(Fault) in
        arguments.registration.changes.crop = try value.word(ModelSpec.Crop.self)
      },
      Self("channel-order", value: "RGB|BGR|GRAY", .model, "the channels of the input") {
        value, arguments throws(Fault) in
        arguments.registration.changes.color = try value.word(ModelSpec.Color.self)
      },
      Self("mean", value: "X[,X,X]", .model, "subtracted from pixels from 0 to 1") {
        value, arguments throws(Fault) in arguments.registration.changes.mean = try value.numbers()
      },
      Self("std", value: "X[,X,X]", .model, "divides what is left") {
        value, arguments throws(Fault) in arguments.registration.changes.std = try value.numbers()
      },
      Self(
        "activation", value: "softmax|sigmoid|none", .model, "what makes probabilities of scores"
      ) {
        value, arguments throws(Fault) in
        arguments.registration.changes.activation = try value.word(ModelSpec.Activation.self)
      },
    ]
}

extension FlagValue {
  fileprivate func size() throws(Fault) -> (width: Int, height: Int) {
    let text = try text()
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    let width = sides.first ?? nil
    let height = sides.count == 2 ? sides[1] : width
    guard sides.count <= 2, let width, let height, ModelSpec.Input.sideRange.contains(width),
      ModelSpec.Input.sideRange.contains(height)
    else {
      throw Fault(.paramOutOfRange, "must be like 224 or 320x240, of 1 to 16384, not \(text)")
    }
    return (width, height)
  }

  fileprivate func numbers() throws(Fault) -> [Double] {
    let text = try text()
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    let finite = numbers.compactMap(\.self).filter(\.isFinite)
    guard finite.count == numbers.count, [1, 3].contains(finite.count) else {
      throw Fault(.paramOutOfRange, "must be one number or three with commas, not \(text)")
    }
    return finite
  }
}
