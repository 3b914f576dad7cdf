import JSON
import Requests

extension Schema {
  /// One image to classify at once.
  static let inferRequest = Schema(
    "infer-request", "One image and what is asked about it: the body of a synchronous request",
    Keywords.object(
      RequestTerms.input.merging(["model": RequestTerms.model]) { first, _ in first },
      required: ["image"], isClosed: true),
    terms: RequestTerms.options)

  /// Many images to classify as a job.
  static let jobRequest = Schema(
    "job-request", "A list of inputs as one job: the body of a job request, a manifest in .json",
    Keywords.object(
      [
        "job_type": Keywords.constant("inference"), "model": RequestTerms.model,
        "inputs": Keywords.array(of: Keywords.reference("input")),
        "metadata": RequestTerms.metadata,
      ], required: ["inputs"], isClosed: true),
    terms: RequestTerms.options.merging(["input": inputTerm]) { first, _ in first })

  /// One line of a manifest.
  static let input = Schema(
    "input", "One input of a job: a line of a manifest in .jsonl", inputTerm,
    terms: RequestTerms.options)

  private static let inputTerm = Keywords.object(
    RequestTerms.input, required: ["image"], isClosed: true
  ).adding(["anyOf": [["required": ["id"]], RequestTerms.imageNamesItself]])
}

/// What requests are made of.
private enum RequestTerms {
  static let model = Keywords.text("NAME, NAME@VERSION or NAME@ALIAS; without it the default model")
  static let metadata: JSONValue = [
    "type": "object", "description": "comes back unchanged with the result",
  ]

  static let input: [String: JSONValue] = [
    "id": Keywords.text("unique among the inputs; by default the path as given"),
    "image": image,
    "sha256": Keywords.pattern("^[0-9a-fA-F]{64}$", "what the SHA-256 of the bytes must be"),
    "label": Keywords.string("what the image shows: the id, the label or the index of a class"),
    "metadata": metadata,
    "classify": Keywords.reference("classify"), "grad_cam": Keywords.reference("grad_cam"),
    "resize": Keywords.reference("resize"),
  ]

  private static let sources = ["path", "url", "bytes", "storage_id"]

  /// An image by bytes has no name that could stand for an id.
  static let imageNamesItself: JSONValue = [
    "properties": ["image": ["not": ["required": ["bytes"]]]]
  ]

  private static let image = Keywords.object(
    [
      "path": Keywords.pattern(
        "^[^\\u0000]+$", "a file; a relative path starts at the manifest's folder"),
      "url": Keywords.pattern("^https?://", "an address that may be reached"),
      "bytes": Keywords.string("the file in base64").adding(["contentEncoding": "base64"]),
      "storage_id": Keywords.pattern("^sha256:[0-9a-f]{64}$", "an object of the store"),
      "content_md5": Keywords.pattern(
        "^[A-Za-z0-9+/]{22}==$", "what the MD5 of the bytes must be, in base64"),
    ], isClosed: true, "where the image is: exactly one of path, url, bytes and storage_id"
  ).adding(["oneOf": .array(sources.map { ["required": [.string($0)]] })])

  static let options: [String: JSONValue] = [
    "classify": classify, "grad_cam": gradCAM, "resize": resize,
  ]

  private static let classify = Keywords.object(
    [
      "top_k": Keywords.integer(
        ClassifyOptions.topKRange, "how many classes at most; clamped to those of the model"
      ).adding(["default": JSONValue(ClassifyOptions().topK)]),
      "prob_threshold": Keywords.number(
        ClassifyOptions.probThresholdRange, "leaves out classes less probable"
      ).adding(["default": .double(ClassifyOptions().probThreshold)]),
    ], isClosed: true, "which classes are reported")

  private static let resize = Keywords.object(
    [
      "longest_side": Keywords.integer(
        RequestLimits.longestSideRange, "scales larger images down before anything else")
    ], isClosed: true)

  private static let gradCAM: JSONValue = {
    let standard = GradCAMOptions()
    return Keywords.object(
      [
        "enabled": Keywords.bool("true unless said otherwise where any member is given"),
        "layer": textOrList(
          GradCAMOptions.layerCountRange, "auto, or the name of a tensor or node; several are fused"
        ).adding(["default": "auto"]),
        "fuse": Keywords.words(GradCAMOptions.Fuse.allCases)
          .adding(["default": .string(standard.fuse.rawValue)]),
        "method": Keywords.words(GradCAMOptions.Method.allCases)
          .adding(["default": .string(standard.method.rawValue)]),
        "target": textOrList(
          GradCAMOptions.targetCountRange,
          "top1, topk, all, label, index:N, a class id or a class label", pattern: target
        ).adding(["default": "top1"]),
        "score": Keywords.words(GradCAMOptions.Score.allCases)
          .adding(["default": .string(standard.score.rawValue)]),
        "colormap": Keywords.words(GradCAMOptions.Colormap.allCases),
        "overlay": Keywords.bool().adding(["default": .bool(standard.overlay)]),
        "alpha": Keywords.number(GradCAMOptions.alphaRange)
          .adding(["default": .double(standard.alpha)]),
        "format": format,
        "resolution": resolution.adding(["default": "input"]),
        "normalize": Keywords.words(GradCAMOptions.Normalization.supported)
          .adding(["default": .string(standard.normalize.rawValue)]),
        "box": box,
        "faithfulness": Keywords.bool().adding(["default": .bool(standard.faithfulness)]),
        "faithfulness_steps": Keywords.integer(GradCAMOptions.faithfulnessStepsRange)
          .adding(["default": JSONValue(standard.faithfulnessSteps)]),
      ], isClosed: true, "whether and how the decision is explained")
  }()

  /// What starts with `index:` must go on with numbers.
  private static let target = #"^(?!index:)[\s\S]+$|^index:\d+(,\d+)*$"#

  private static func textOrList(
    _ count: ClosedRange<Int>, _ about: String, pattern: String = #"^[\s\S]+$"#
  ) -> JSONValue {
    let text = Keywords.pattern(pattern)
    return Keywords.any(text, Keywords.array(of: text, count: count), about: about)
  }

  /// A format, both in one word, or a list.
  private static let format: JSONValue = {
    let names = HeatmapFormat.selectable.map(\.rawValue)
    let word = "(\(names.joined(separator: "|")))"
    let text = Keywords.pattern("^\(word)(,\(word))*$")
    return Keywords.any(
      text, Keywords.array(of: text, count: 1...16), about: "the files that are wanted")
  }()

  private static let resolution = Keywords.any(
    ["enum": ["input", "model", "cam"]], Keywords.pattern(#"^\d{1,5}x\d{1,5}$"#),
    Keywords.object(
      [
        "width": Keywords.integer(GradCAMOptions.resolutionRange),
        "height": Keywords.integer(GradCAMOptions.resolutionRange),
      ], required: ["width", "height"], isClosed: true),
    about: "the size of the heatmap")

  private static let box: JSONValue = [
    "type": "number", "exclusiveMinimum": .double(GradCAMOptions.boxRange.lowerBound),
    "maximum": .double(GradCAMOptions.boxRange.upperBound),
    "description": "boxes the largest region of this share of the maximum",
  ]
}
