import JSON
import Models

extension Schema {
  /// What a model version says about itself.
  static let version = Schema(
    "version", "What a model version expects and returns: version.json in its folder",
    Keywords.object(
      [
        "schema": Keywords.constant(.string(ModelSpec.schema)),
        "file": Keywords.pattern("^[^./\\u0000][^/\\u0000]*$", "the ONNX file beside it"),
        "sha256": Keywords.sha256, "external_data": Keywords.map(of: Keywords.sha256),
        "input": VersionTerms.input, "output": VersionTerms.output,
        "labels_version": Keywords.string(), "calibration": VersionTerms.calibration,
        "grad_cam": Keywords.object(["layer": Keywords.text()], isClosed: true),
      ], required: ["sha256", "input"]))

  /// A version as `models show` prints it.
  static let modelVersion = Schema(
    "model-version", "A model version with its digest and its place: what models show prints",
    Keywords.object(
      [
        "schema": Keywords.constant(.string(ModelSpec.schema)), "name": Keywords.text(),
        "version": Keywords.text(), "sha256": Keywords.sha256,
        "file": Keywords.text("the path of the ONNX file"),
        "classes": Keywords.integer(1...Int.max, "how many labels there are"),
        "input": VersionTerms.input, "output": VersionTerms.output,
        "labels_version": Keywords.string(), "calibration": VersionTerms.calibration,
        "grad_cam": Keywords.object(["layer": Keywords.text()]),
        "reference": Keywords.text("NAME@VERSION, with +CALIBRATION where one is in use"),
        "labels": Keywords.object(
          [
            "version": Keywords.string(), "sha256": Keywords.sha256, "count": Keywords.count(),
          ], required: ["version", "sha256", "count"]),
        "files": Keywords.array(
          of: Keywords.object(
            [
              "name": Keywords.text(), "bytes": Keywords.nullable(Keywords.count()),
              "sha256": Keywords.sha256,
            ], required: ["name", "bytes", "sha256"]), "the graph and its external data"),
        "graph": Keywords.nullable(VersionTerms.graph), "error": Keywords.reference("error"),
        "aliases": Keywords.map(of: Keywords.text(), "those that stand for this version"),
        "is_default": Keywords.bool("whether the bare name stands for it"),
        "calibrations": Keywords.array(
          of: Keywords.object(
            [
              "version": Keywords.text(),
              "temperature": ["type": "number", "exclusiveMinimum": 0],
              "items": Keywords.nullable(Keywords.count("that it was fitted to")),
            ], required: ["version", "temperature"]), "that were fitted later"),
        "golden": Keywords.nullable(VersionTerms.golden),
      ], required: ["name", "version", "sha256", "file", "classes", "input", "output"]),
    terms: ["error": ErrorTerms.fault])

  /// The names that stand for versions.
  static let model = Schema(
    "model", "The aliases of a model and the version that its bare name means: model.json",
    Keywords.object([
      "aliases": Keywords.map(of: Keywords.text("a version")),
      "default": Keywords.text("a version or an alias"),
    ]))

  /// The classes of a model version.
  static let labels = Schema(
    "labels", "The classes of a model version in the order of its outputs: labels.json",
    Keywords.object(
      [
        "version": Keywords.text(),
        "classes": Keywords.array(
          of: Keywords.object(
            ["id": Keywords.text("unique"), "label": Keywords.text("what people read")],
            required: ["id", "label"])),
      ], required: ["version", "classes"]))
}

/// What `version.json` is made of.
private enum VersionTerms {
  static let graph = Keywords.object(
    [
      "nodes": Keywords.count(),
      "precision": Keywords.nullable(Keywords.text("the element type of most weights")),
      "weights": Keywords.map(of: Keywords.count(), "elements by type"),
      "inputs": Keywords.array(
        of: Keywords.object(
          [
            "name": Keywords.string(), "dtype": Keywords.text(),
            "shape": Keywords.nullable(
              Keywords.array(of: Keywords.any(Keywords.integer(0...Int.max), Keywords.string()))),
          ], required: ["name", "dtype", "shape"])),
      "outputs": Keywords.array(of: Keywords.string()),
    ], required: ["nodes", "precision", "weights", "inputs", "outputs"])

  static let golden = Keywords.object(
    [
      "path": Keywords.text(), "inputs": Keywords.count(),
      "model": Keywords.text("the version that was recorded"),
      "baselines": Keywords.array(
        of: Keywords.object(
          [
            "instruction_set": Keywords.text(), "blas_core": Keywords.text(),
            "kernels": Keywords.text(), "numerics": Keywords.text(),
          ], required: ["instruction_set", "blas_core", "kernels", "numerics"])),
    ], required: ["path", "inputs", "model", "baselines"])

  static let output = Keywords.object(
    [
      "name": Keywords.nullable(Keywords.text("of several outputs, the scores")),
      "activation": Keywords.words(ModelSpec.Activation.allCases, "what makes probabilities"),
    ], isClosed: true)

  static let calibration = Keywords.object(
    [
      "version": Keywords.text(),
      "temperature": [
        "type": "number", "exclusiveMinimum": 0, "description": "divides the logits",
      ],
    ], isClosed: true)

  static let input = Keywords.object(
    [
      "name": Keywords.nullable(Keywords.text("of several inputs, the image")),
      "width": Keywords.integer(ModelSpec.Input.sideRange),
      "height": Keywords.integer(ModelSpec.Input.sideRange),
      "layout": Keywords.words(ModelSpec.Layout.allCases),
      "color": Keywords.words(ModelSpec.Color.allCases), "resize": resize,
      "crop": Keywords.words(ModelSpec.Crop.allCases),
      "mean": Keywords.array(of: Keywords.number(), count: channels, "of the range 0 to 1"),
      "std": Keywords.array(
        of: Keywords.number().adding(["not": Keywords.constant(0)]), count: channels),
      "pad": Keywords.array(
        of: Keywords.integer(0...255), count: channels, "colour of padding; black without it"),
    ], required: ["width", "height", "resize", "mean", "std"], isClosed: true)

  private static let channels: ClosedRange<Int> = {
    let counts = ModelSpec.Color.allCases.map(\.channelCount)
    return (counts.min() ?? 1)...(counts.max() ?? 3)
  }()

  private static let resize = Keywords.object(
    [
      "mode": ["enum": ["stretch", "short_side", "cover", "contain"]],
      "size": Keywords.integer(ModelSpec.Input.sideRange, "of the shorter side"),
      "width": Keywords.integer(ModelSpec.Input.sideRange, "of stretch, cover and contain"),
      "height": Keywords.integer(ModelSpec.Input.sideRange),
      "filter": Keywords.words(ModelSpec.Resize.Filter.allCases),
    ], required: ["mode"], isClosed: true
  ).adding([
    "if": ["properties": ["mode": Keywords.constant("short_side")]],
    "then": ["required": ["size"]],
  ])
}
