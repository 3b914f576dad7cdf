import Execution
import Faults
import FileAccess
import Inference
import Models
import Options

extension Flag where Arguments == Commands.Arguments {
  /// Where models are looked for.
  static let modelFolders = Self(
    "models", value: "DIR", repeatable: true, .model,
    "search this folder of models first; INFERCAM_MODELS names more, with colons"
  ) { $1.modelFolders.append(RawPath(bytes: $0.rawBytes)) }

  /// Which model runs, and how.
  static let model: [Self] = modelChoice + engine

  /// Which model is meant.
  static let modelChoice: [Self] = [
    Self(
      "model", short: "m", value: "NAME[@VERSION|@ALIAS]", .model,
      "a model of the repository, or the path of an .onnx file", default: "the only or bundled one"
    ) { value, arguments throws(Fault) in arguments.model = try value.nonEmptyText() },
    modelFolders,
    Self("labels", value: "FILE", .model, "labels of an .onnx file: one per line, or labels.json") {
      $1.labels = RawPath(bytes: $0.rawBytes)
    },
    Self(
      "preprocess", value: "PRESET", .model,
      "imagenet | imagenet-bicubic | inception | caffe | none | pixels, for an .onnx file",
      default: "imagenet", choices: PreprocessPreset.allCases.map(\.rawValue)
    ) { value, arguments throws(Fault) in
      arguments.preprocess = try value.word(PreprocessPreset.self)
    },
    Self("output-name", value: "NAME", .model, "the scores of an .onnx file with several outputs") {
      value, arguments throws(Fault) in
      arguments.outputName = try value.nonEmptyText()
    },
  ]

  /// How a model is computed.
  private static let engine: [Self] = [
    Self("kernels", value: "auto|blas", .model, "which matrix kernels compute", default: "auto") {
      value, arguments throws(Fault) in
      arguments.engine.kernels = try value.word(KernelChoice.self)
    },
    Self(
      "numerics", value: "fast|exact", .model,
      "fast computes 3x3 convolutions with fewer multiplications; exact never does",
      default: "fast"
    ) { value, arguments throws(Fault) in
      arguments.engine.numerics = try value.word(Numerics.self)
    },
    Self(
      "precision", value: "fp32|bf16", .model,
      "bf16 multiplies in bfloat16 and sums in float32, on processors that do", default: "fp32"
    ) { value, arguments throws(Fault) in
      arguments.engine.precision = try value.word(Precision.self)
    },
  ]
}
