import Images
import JSON
import Requests

extension Schema {
  /// What is said about one input.
  static let result = Schema(
    "result",
    "What was found for one input: a line of results.jsonl and of infer, an element of items",
    ResultTerms.result, terms: ResultTerms.all)

  /// What validation says about one input.
  static let validated = Schema(
    "validated",
    "What validate says about one input: what it would decode to, or why it is rejected",
    Keywords.object(
      [
        "seq": Keywords.count(), "id": Keywords.text(), "source": Keywords.reference("source"),
        "status": ["enum": ["accepted", "rejected"]], "error": Keywords.reference("error"),
      ], required: ["seq", "id", "source", "status"]
    ).adding(
      ResultTerms.either(
        "accepted", [], without: "error", or: "rejected", ["error"], without: nil)),
    terms: ["source": ResultTerms.source, "error": ErrorTerms.fault])
}

/// What results are made of.
enum ResultTerms {
  static let all: [String: JSONValue] = [
    "source": source, "class": rankedClass, "heatmap": heatmap, "raw": raw, "layout": layout,
    "error": ErrorTerms.fault,
  ]

  static let result = Keywords.object(
    [
      "schema": Keywords.constant(.string(ResultItem.schema)),
      "seq": Keywords.count("the place in the list of inputs, from 0"), "id": Keywords.text(),
      "status": ["enum": ["succeeded", "failed"]], "request_id": Keywords.text(),
      "source": Keywords.reference("source"), "label": Keywords.string(),
      "metadata": ["type": "object"], "model": Keywords.text(), "model_version": Keywords.text(),
      "model_sha256": Keywords.sha256, "labels_version": Keywords.text(),
      "calibration_version": Keywords.text(),
      "result": Keywords.object(
        [
          "classes": Keywords.array(
            of: Keywords.reference("class"), "the likeliest first, equal ones by index"),
          "top_k_effective": Keywords.count(), "heatmap": Keywords.reference("heatmap"),
          "heatmaps": Keywords.array(of: Keywords.reference("heatmap")),
          "truth": Keywords.object(
            [
              "match": ["enum": ["id", "label", "index", "unknown", "ambiguous"]],
              "index": Keywords.count(), "id": Keywords.string(),
              "rank": Keywords.integer(1...Int.max, "the place of the true class, from 1"),
            ], required: ["match"], "how the class that the input is said to show stands"),
          "compare": Keywords.object(
            [
              "model": Keywords.string(), "model_version": Keywords.string(),
              "classes": Keywords.array(of: Keywords.reference("class")),
              "error": Keywords.reference("error"),
            ], required: ["model", "model_version"], "what the second model of the run says"),
        ], required: ["classes", "top_k_effective"]),
      "error": Keywords.reference("error"),
      "timings_ms": Keywords.object(
        (Timings().json.object ?? [:]).mapValues { _ in ["type": "number", "minimum": 0] },
        required: ["total"]),
    ],
    required: [
      "schema", "seq", "id", "status", "request_id", "source", "model", "model_version",
      "model_sha256", "labels_version", "calibration_version", "timings_ms",
    ]
  ).adding(
    either("succeeded", ["result"], without: "error", or: "failed", ["error"], without: "result"))

  /// Two states, each with members of its own.
  static func either(
    _ first: String, _ firstMembers: [String], without: String?, or second: String,
    _ secondMembers: [String], without other: String?
  ) -> [String: JSONValue] {
    func state(_ word: String, _ members: [String], _ absent: String?) -> JSONValue {
      var properties: [String: JSONValue] = ["status": Keywords.constant(.string(word))]
      if let absent { properties[absent] = false }
      return ["properties": .object(properties), "required": .array(members.map(JSONValue.string))]
    }
    return [
      "oneOf": [state(first, firstMembers, without), state(second, secondMembers, other)]
    ]
  }

  static let source = Keywords.object(
    [
      "path": Keywords.string("as given; bytes that are not UTF-8 as %XX"),
      "url": Keywords.string("without its query"),
      "storage_id": Keywords.text("of an object of the store"),
      "array": Keywords.count("the place in a file of stacked arrays"),
      "shape": Keywords.array(of: Keywords.count()), "dtype": Keywords.text(),
      "sha256": Keywords.sha256,
      "bytes": Keywords.count("the size of the file"),
      "format": Keywords.any(Keywords.words(ImageFormat.allCases), Keywords.constant("npy")),
      "width": Keywords.integer(1...Int.max, "as stored, before the orientation"),
      "height": Keywords.integer(1...Int.max),
      "orientation": Keywords.integer(1...8, "by EXIF; applied once"),
      "channels": Keywords.integer(1...5, "samples of a pixel in the file; validate"),
      "bit_depth": Keywords.integer(1...16, "bits of a sample in the file; validate"),
      "pages": Keywords.integer(1...Int.max, "pages of a TIFF; validate"),
      "shrink_on_load": Keywords.integer(2...8, "a JPEG was decoded at 1/2, 1/4 or 1/8"),
      "warnings": Keywords.array(of: Keywords.text()), "partial": Keywords.bool(),
    ], "what was known about the input's file")

  private static let rankedClass = Keywords.object(
    [
      "index": Keywords.count(), "id": Keywords.string(), "label": Keywords.string(),
      "prob": Keywords.number(0...1),
    ], required: ["index", "id", "label", "prob"])

  private static let raw = Keywords.object(
    [
      "path": Keywords.text(), "sha256": Keywords.sha256,
      "data_b64": Keywords.text().adding(["contentEncoding": "base64"]),
      "shape": Keywords.array(of: Keywords.integer(1...Int.max), count: 2...3),
      "min": Keywords.nullable(Keywords.number()), "max": Keywords.nullable(Keywords.number()),
      "index": Keywords.count("the place in the array of all classes"),
    ], required: ["shape", "min", "max"], "the signed map at the resolution of the layer")

  private static let layout = Keywords.object(
    [
      "axes": Keywords.text("C channels, H rows, W columns, T tokens, N and 1 a single element"),
      "grid": Keywords.array(of: Keywords.integer(1...Int.max), count: 2...2),
    ], required: ["axes", "grid"])

  private static let heatmap = Keywords.object(
    [
      "type": ["enum": ["file", "png", "npy", "url"]], "path": Keywords.text(),
      "sha256": Keywords.sha256, "url": Keywords.text(), "expires_at": Keywords.moment,
      "data_b64": Keywords.text().adding(["contentEncoding": "base64"]),
      "width": Keywords.integer(1...Int.max), "height": Keywords.integer(1...Int.max),
      "colormap": Keywords.words(GradCAMOptions.Colormap.allCases), "overlay": Keywords.bool(),
      "method": Keywords.words(GradCAMOptions.Method.allCases), "layer": Keywords.text(),
      "layout": Keywords.reference("layout"),
      "target": Keywords.object(
        [
          "kind": ["enum": ["top1", "topk", "all", "label", "index", "class"]],
          "id": Keywords.string(), "index": Keywords.count(),
        ], required: ["kind"]),
      "score": Keywords.words(GradCAMOptions.Score.allCases), "raw": Keywords.reference("raw"),
      "normalization": Keywords.object(
        [
          "mode": Keywords.words(GradCAMOptions.Normalization.allCases),
          "range": Keywords.nullable(
            Keywords.array(of: Keywords.number(-1...1), count: 2...2)),
          "max": Keywords.nullable(Keywords.number()),
        ], required: ["mode", "range", "max"]),
      "degenerate": ["enum": ["all_zero", "constant", "non_finite", nil]],
      "to_input": Keywords.array(
        of: Keywords.number(), count: 6...6, "from cells of the grid to pixels of the upright input"
      ),
      "seen_box": Keywords.array(
        of: Keywords.integer(0...Int.max), count: 4...4, "the pixels that the model saw"),
      "center_of_mass": Keywords.nullable(Keywords.array(of: Keywords.number(), count: 2...2)),
      "box": Keywords.nullable(["type": "object"]),
      "faithfulness": Keywords.nullable(["type": "object"]),
    ], required: ["method", "layer", "score", "target", "raw", "degenerate"])
}
