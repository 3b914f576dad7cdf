import Attribution
import Faults
import Images
public import JSON
import Models
public import Requests

extension Classifier {
  /// The `result` object of a result item.
  /// - Parameter heatmaps: the files written for each explanation, or carried inline.
  public func resultObject(
    _ prediction: Prediction, of input: PreparedInput, heatmaps: [[WrittenHeatmap]]
  ) -> JSONValue {
    var members: [String: JSONValue] = [
      "classes": .array(prediction.ranking.map(\.json)),
      "top_k_effective": JSONValue(prediction.effectiveTopK),
    ]
    let objects = prediction.explanations.enumerated().map { index, explanation in
      heatmapObject(explanation, input, index < heatmaps.count ? heatmaps[index] : [])
    }
    if let first = objects.first { members["heatmap"] = first }
    if objects.count > 1 { members["heatmaps"] = .array(objects) }
    return .object(members)
  }

  private func heatmapObject(
    _ explanation: Explanation, _ input: PreparedInput, _ heatmaps: [WrittenHeatmap]
  ) -> JSONValue {
    let (map, options) = (explanation.map, request.gradCAM)
    let placement = placement(of: map, in: input)
    var members: [String: JSONValue] = [
      "method": .string(options.method.rawValue), "layer": .string(explanation.layer),
      "score": .string(options.score.rawValue),
      "target": [
        "kind": .string(options.target.kind), "id": .string(explanation.classID),
        "index": JSONValue(explanation.classIndex),
      ],
      "width": JSONValue(placement.target.width), "height": JSONValue(placement.target.height),
      "normalization": [
        "mode": .string(options.normalize.rawValue),
        "range": options.normalize == .none ? .null : [0, 1],
        "max": .float(map.rectified.max() ?? 0),
      ],
      "degenerate": JSONValue(map.degeneracy?.rawValue),
    ]
    if isStraightThrough, ![.eigencam, .scorecam].contains(options.method) {
      members["gradient"] = "straight_through"
    }
    if options.formats.contains(.png) {
      members["colormap"] = .string(options.colormap.rawValue)
      members["overlay"] = .bool(drawsOverlay(input))
    }
    if case .image(_, let geometry, _) = input.content {
      members["to_input"] = .array(
        geometry.gridToUpright(width: map.width, height: map.height).map(JSONValue.double))
      members["seen_box"] = .array(geometry.seenBox.map { JSONValue($0) })
    }
    var raw: [String: JSONValue] = [
      "shape": [JSONValue(map.height), JSONValue(map.width)], "min": .float(map.minimum),
      "max": .float(map.maximum),
    ]
    for heatmap in heatmaps where heatmap.format == .raw {
      raw.merge(heatmap.members) { _, new in new }
    }
    members["raw"] = .object(raw)
    let files = heatmaps.filter { $0.format != .raw }
    if let first = files.first {
      members.merge(first.members) { _, new in new }
      members["type"] = .string(first.isFile ? "file" : first.format.rawValue)
    }
    if files.count > 1 {
      members["files"] = .array(
        files.map { file in
          .object(file.members.merging(["format": .string(file.format.rawValue)]) { a, _ in a })
        })
    }
    return .object(members)
  }
}

extension RankedClass {
  fileprivate var json: JSONValue {
    [
      "index": JSONValue(index), "id": .string(id), "label": .string(label),
      "prob": .float(probability),
    ]
  }
}

extension WrittenHeatmap {
  fileprivate var isFile: Bool {
    if case .file = place { true } else { false }
  }

  fileprivate var members: [String: JSONValue] {
    switch place {
    case .file(let path): ["path": .string(path), "sha256": .string(sha256)]
    case .inline(let base64): ["data_b64": .string(base64), "sha256": .string(sha256)]
    }
  }
}

extension GradCAMOptions.Target {
  /// What decided which class is explained.
  fileprivate var kind: String {
    switch self {
    case .top1: "top1"
    case .topk: "topk"
    case .label: "label"
    case .index: "index"
    case .named: "class"
    }
  }
}
