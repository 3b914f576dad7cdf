import Faults
import Images
import Inference
import Options
import Requests

extension Flag where Arguments == Commands.Arguments {
  /// Which classes are reported.
  static let classify: [Self] = [
    Self("top-k", value: "N", .classify, "report at most N classes, 1 to 1000", default: "5") {
      value, arguments throws(Fault) in
      arguments.inference.classify.topK = try value.int(in: ClassifyOptions.topKRange)
    },
    Self(
      "prob-threshold", value: "P", .classify, "leave out classes less probable, 0 to 1",
      default: "0"
    ) { value, arguments throws(Fault) in
      arguments.inference.classify.probThreshold = try value.double(
        in: ClassifyOptions.probThresholdRange)
    },
    Self(
      "resize-longest-side", value: "PX", .classify,
      "scale larger images down first; the original and the used size are recorded"
    ) { value, arguments throws(Fault) in
      arguments.inference.resizeLongestSide = try value.int(in: RequestLimits.longestSideRange)
    },
  ]

  /// How decisions are explained.
  static let explain: [Self] = [
    Self(
      "heatmap", value: "FORMATS", .explain, "none, png, npy or png,npy: a Grad-CAM per image",
      default: "run: png, infer: none", choices: ["none", "png", "npy", "png,npy"]
    ) { value, arguments throws(Fault) in
      arguments.heatmaps = try heatmapFormats(try value.text())
    },
    Self(
      "layer", value: "NAME", repeatable: true, .explain,
      "the layer to explain: auto, a tensor or a node; repeatable, or several with commas",
      default: "auto", clear: clearLayers
    ) {
      value, arguments throws(Fault) in
      arguments.inference.gradCAM.layers.append(try value.nonEmptyText())
    },
    Self(
      "fuse", value: "mean|max", .explain, "how the maps of several layers become one",
      default: "mean"
    ) {
      value, arguments throws(Fault) in
      arguments.inference.gradCAM.fuse = try value.word(GradCAMOptions.Fuse.self)
    },
    Self(
      "method", value: "NAME", .explain, words(GradCAMOptions.Method.allCases), default: "gradcam",
      choices: GradCAMOptions.Method.allCases.map(\.rawValue)
    ) {
      value, arguments throws(Fault) in
      arguments.inference.gradCAM.method = try value.word(GradCAMOptions.Method.self)
    },
    Self(
      "target", value: "CLASS", repeatable: true, .explain,
      "top1, topk (each reported class), all (each class), label (the input's own), index:N[,N…], a "
        + "class id or a label; repeatable",
      default: "top1", choices: ["top1", "topk", "all", "label"], clear: clearTargets
    ) { value, arguments throws(Fault) in
      guard let targets = GradCAMOptions.Target.list(try value.text()) else {
        throw Fault(
          .paramOutOfRange,
          "must be top1, topk, all, label, index:N, a class id or a class label")
      }
      for target in targets where !arguments.inference.gradCAM.targets.contains(target) {
        arguments.inference.gradCAM.targets.append(target)
      }
    },
    Self(
      "score", value: "NAME", .explain, words(GradCAMOptions.Score.allCases), default: "logit",
      choices: GradCAMOptions.Score.allCases.map(\.rawValue)
    ) {
      value, arguments throws(Fault) in
      arguments.inference.gradCAM.score = try value.word(GradCAMOptions.Score.self)
    },
    Self(
      "colormap", value: "NAME", .explain, words(GradCAMOptions.Colormap.allCases),
      default: "jet; signed: coolwarm",
      choices: GradCAMOptions.Colormap.allCases.map(\.rawValue)
    ) { value, arguments throws(Fault) in
      arguments.inference.gradCAM.colormap = try value.word(GradCAMOptions.Colormap.self)
    },
    Self(
      "overlay", negation: "no-overlay", .explain, "draw heatmaps over the images", default: "off"
    ) {
      $1.inference.gradCAM.overlay = $0.isOn
    },
    Self(
      "alpha", value: "A", .explain, "how much of the heatmap an overlay shows, 0 to 1",
      default: "0.4"
    ) {
      value, arguments throws(Fault) in
      arguments.inference.gradCAM.alpha = try value.double(in: GradCAMOptions.alphaRange)
    },
    Self(
      "resolution", value: "SIZE", .explain, "input, model, cam or WIDTHxHEIGHT", default: "input",
      choices: ["input", "model", "cam"]
    ) { value, arguments throws(Fault) in
      guard let resolution = GradCAMOptions.Resolution(try value.text()) else {
        throw Fault(.paramOutOfRange, "must be input, model, cam or WIDTHxHEIGHT")
      }
      arguments.inference.gradCAM.resolution = resolution
    },
    Self(
      "normalize", value: "MODE", .explain, words(GradCAMOptions.Normalization.supported),
      default: "max",
      choices: GradCAMOptions.Normalization.supported.map(\.rawValue)
    ) { value, arguments throws(Fault) in
      arguments.inference.gradCAM.normalize = try value.word(
        among: GradCAMOptions.Normalization.supported)
    },
    Self(
      "box", value: "T", .explain,
      "box the largest region of at least T times the map's maximum, above 0 to 1"
    ) { value, arguments throws(Fault) in
      arguments.inference.gradCAM.box = try value.double(in: GradCAMOptions.boxRange)
    },
    Self(
      "faithfulness", negation: "no-faithfulness", .explain,
      "score each map by deletion and insertion; two passes of the network a step", default: "off"
    ) {
      $1.inference.gradCAM.faithfulness = $0.isOn
    },
    Self(
      "faithfulness-steps", value: "N", .explain, "steps of these scores, 1 to 1000",
      default: "50"
    ) { value, arguments throws(Fault) in
      arguments.inference.gradCAM.faithfulnessSteps = try value.int(
        in: GradCAMOptions.faithfulnessStepsRange)
    },
  ]

  /// How images are read.
  static let decoding: [Self] = [
    Self(
      "decode", value: "exact|fast", .input,
      "decode every pixel, or large JPEG files at a half, a quarter or an eighth", default: "exact"
    ) { value, arguments throws(Fault) in
      arguments.inference.decoding.mode = try value.word(DecodeOptions.Mode.self)
    },
    Self(
      "on-truncated", value: "fail|pad", .input,
      "whether damaged images fail or keep the pixels they have", default: "fail"
    ) { value, arguments throws(Fault) in
      arguments.inference.decoding.truncated =
        try value.word(TruncatedPolicy.self) == .pad ? .pad : .fail
    },
    Self("page", value: "N", .input, "the page of multi-page TIFF files, from 0") {
      value, arguments throws(Fault) in
      arguments.inference.decoding.page = try value.int(in: DecodeOptions.pageRange)
    },
  ]

  /// What one image may cost.
  static let limits: [Self] = [
    limit("max-bytes", "N", "bytes of one image file", DecodeLimits.bytesRange, \.maxBytes),
    limit("max-side", "PX", "the longer side of one image", DecodeLimits.sideRange, \.maxSide),
    limit("max-pixels", "N", "pixels of one image", DecodeLimits.pixelsRange, \.maxPixels),
    Self(
      "max-aspect-ratio", value: "N", .limits, "the longer side over the shorter one",
      default: "off"
    ) { value, arguments throws(Fault) in
      arguments.inference.decoding.limits.maxAspectRatio = try value.int(
        in: DecodeLimits.aspectRatioRange)
    },
    limit("max-scans", "N", "scans of one progressive JPEG", DecodeLimits.scansRange, \.maxScans),
    Self(
      "max-decode-seconds", value: "S", .limits, "processor time to decode one image",
      default: "\(Int(DecodeLimits().cpuSeconds))"
    ) { value, arguments throws(Fault) in
      arguments.inference.decoding.limits.cpuSeconds = try value.double(
        in: DecodeLimits.cpuSecondsRange)
    },
    limit(
      "max-codec-bytes", "N", "memory to decode one image, beside its pixels",
      DecodeLimits.codecBytesRange, \.maxCodecBytes),
    Self(
      "memory-budget", value: "BYTES", .limits,
      "memory for images that are being decoded, together; who finds none left waits",
      default: "half of the machine's or the cgroup's"
    ) { value, arguments throws(Fault) in
      arguments.memoryBudget = try value.int(in: 1...Int.max)
    },
  ]

  private static func limit(
    _ name: String, _ valueName: String, _ help: String, _ range: ClosedRange<Int>,
    _ path: any WritableKeyPath<DecodeLimits, Int> & Sendable
  ) -> Self {
    Self(
      name, value: valueName, .limits, help, default: "\(DecodeLimits()[keyPath: path])"
    ) { value, arguments throws(Fault) in
      arguments.inference.decoding.limits[keyPath: path] = try value.int(in: range)
    }
  }
}

@Sendable private func clearLayers(_ arguments: inout Arguments) {
  arguments.inference.gradCAM.layers = []
}

@Sendable private func clearTargets(_ arguments: inout Arguments) {
  arguments.inference.gradCAM.targets = []
}

private enum TruncatedPolicy: String, CaseIterable {
  case fail
  case pad
}

private func words<T: RawRepresentable>(_ cases: [T]) -> String where T.RawValue == String {
  cases.map(\.rawValue).joined(separator: " | ")
}

/// Reads `none`, or formats between commas.
private func heatmapFormats(_ text: String) throws(Fault) -> [HeatmapFormat] {
  guard let formats = HeatmapFormat.list(text) else {
    throw Fault(.paramOutOfRange, "must be none, png, npy or png,npy, not \(text)")
  }
  return formats
}
