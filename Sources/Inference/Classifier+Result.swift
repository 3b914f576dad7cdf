import Attribution
import Faults
public import Graphs
import Images
public import JSON
import Metrics
import Models
public import Requests

extension Classifier {
  /// The `result` object of a result item.
  /// - Parameters:
  ///   - heatmaps: the files written for each explanation, or carried inline.
  ///   - classMaps: the file of the maps of all classes.
  public func resultObject(
    _ prediction: Prediction, of input: PreparedInput, heatmaps: [[WrittenHeatmap]],
    classMaps: WrittenHeatmap? = nil
  ) -> JSONValue {
    var members: [String: JSONValue] = [
      "classes": .array(prediction.ranking.map(\.json)),
      "top_k_effective": JSONValue(prediction.effectiveTopK),
    ]
    members["truth"] = truth(of: input, prediction)?.json
    let objects = prediction.explanations.enumerated().map { index, explanation in
      heatmapObject(
        explanation, input, index < heatmaps.count ? heatmaps[index] : [], classMaps: classMaps)
    }
    if let maps = prediction.classMaps {
      members["heatmap"] = classMapsObject(maps, input, classMaps)
      if !objects.isEmpty { members["heatmaps"] = .array(objects) }
    } else if !attributors.isEmpty {
      if let first = objects.first { members["heatmap"] = first }
      if request.gradCAM.explainsSeveral { members["heatmaps"] = .array(objects) }
    }
    return .object(members)
  }

  private func heatmapObject(
    _ explanation: Explanation, _ input: PreparedInput, _ heatmaps: [WrittenHeatmap],
    classMaps: WrittenHeatmap?
  ) -> JSONValue {
    let (map, options) = (explanation.map, request.gradCAM)
    var members = methodMembers(input, height: map.height, width: map.width)
    members["target"] = [
      "kind": .string(explanation.target.kind), "id": .string(explanation.classID),
      "index": JSONValue(explanation.classIndex),
    ]
    let placement = placement(of: map, in: input)
    members["width"] = JSONValue(placement.target.width)
    members["height"] = JSONValue(placement.target.height)
    members["normalization"] = normalizationObject(of: map)
    members["degenerate"] = JSONValue(map.degeneracy(under: normalizationMode)?.rawValue)
    if !explanation.layers.isEmpty {
      members["fuse"] = .string(options.fuse.rawValue)
      members["layers"] = .array(
        zip(explanation.layers, attributors).map { facts, attributor in
          facts.json(attributor.layout)
        })
    }
    if options.formats.contains(.png) {
      members["colormap"] = .string(options.effectiveColormap.rawValue)
      members["overlay"] = .bool(drawsOverlay(input))
    }
    members["center_of_mass"] =
      centerOfMass(of: map, in: input).map { .array($0.map(JSONValue.double)) } ?? .null
    if let threshold = options.box {
      members["box"] = boxObject(around: map, threshold: threshold, in: input)
    }
    if options.faithfulness {
      members["faithfulness"] = explanation.faithfulness?.json ?? .null
    }
    members["raw"] = rawObject(explanation, heatmaps, classMaps)
    members.merge(fileMembers(heatmaps.filter { $0.format != .raw })) { _, new in new }
    return .object(members)
  }

  /// What the maps of all classes have in common, with their file.
  private func classMapsObject(
    _ maps: ClassActivationMaps, _ input: PreparedInput, _ file: WrittenHeatmap?
  ) -> JSONValue {
    var members = methodMembers(input, height: maps.height, width: maps.width)
    members["target"] = ["kind": .string(GradCAMOptions.Target.all.kind)]
    var raw: [String: JSONValue] = [
      "shape": [JSONValue(maps.count), JSONValue(maps.height), JSONValue(maps.width)],
      "min": .float(maps.minimum), "max": .float(maps.maximum),
    ]
    raw.merge(file?.members ?? [:]) { _, new in new }
    members["raw"] = .object(raw)
    members["degenerate"] = maps.values.allSatisfy(\.isFinite) ? .null : "non_finite"
    return .object(members)
  }

  /// How maps of a grid were made and where they lie.
  private func methodMembers(
    _ input: PreparedInput, height: Int, width: Int
  ) -> [String: JSONValue] {
    let options = request.gradCAM
    var members: [String: JSONValue] = [
      "method": .string(options.method.rawValue), "layer": JSONValue(layerName),
      "score": .string(options.score.rawValue),
    ]
    if attributors.count == 1 { members["layout"] = attributors[0].layout.json }
    if isStraightThrough, ![.eigencam, .scorecam].contains(options.method) {
      members["gradient"] = "straight_through"
    }
    if case .image(_, let geometry, _) = input.content {
      members["to_input"] = .array(
        geometry.gridToUpright(width: width, height: height).map(JSONValue.double))
      members["seen_box"] = .array(geometry.seenBox.map { JSONValue($0) })
    }
    return members
  }

  private func normalizationObject(of map: ClassActivationMap) -> JSONValue {
    let mode = request.gradCAM.normalize
    let range: JSONValue =
      switch mode {
      case .none: .null
      case .signed: [-1, 1]
      case .max, .minmax, .run: [0, 1]
      }
    return [
      "mode": .string(mode.rawValue), "range": range,
      "max": .float(mode == .signed ? map.magnitude : map.rectified.max() ?? 0),
    ]
  }

  /// The signed map: its numbers and its file, which it may share with the other classes.
  private func rawObject(
    _ explanation: Explanation, _ heatmaps: [WrittenHeatmap], _ classMaps: WrittenHeatmap?
  ) -> JSONValue {
    let map = explanation.map
    var raw: [String: JSONValue] = [
      "shape": [JSONValue(map.height), JSONValue(map.width)], "min": .float(map.minimum),
      "max": .float(map.maximum),
    ]
    if explanation.target == .all {
      raw["index"] = JSONValue(explanation.classIndex)
      if let classMaps, classMaps.isFile { raw.merge(classMaps.members) { _, new in new } }
    }
    for heatmap in heatmaps where heatmap.format == .raw {
      raw.merge(heatmap.members) { _, new in new }
    }
    return .object(raw)
  }

  private func fileMembers(_ files: [WrittenHeatmap]) -> [String: JSONValue] {
    guard let first = files.first else { return [:] }
    var members = first.members
    members["type"] = .string(first.isFile ? "file" : first.format.rawValue)
    if files.count > 1 {
      members["files"] = .array(
        files.map { file in
          .object(file.members.merging(["format": .string(file.format.rawValue)]) { a, _ in a })
        })
    }
    return members
  }
}

extension ClassActivationMaps {
  fileprivate var minimum: Float { whole.minimum }
  fileprivate var maximum: Float { whole.maximum }

  /// All maps below each other.
  private var whole: ClassActivationMap {
    ClassActivationMap(height: count * height, width: width, values: values)
  }
}

extension LayerFacts {
  fileprivate func json(_ layout: LayerLayout) -> JSONValue {
    [
      "name": .string(name), "layout": layout.json,
      "shape": [JSONValue(height), JSONValue(width)],
      "min": .float(minimum), "max": .float(maximum), "degenerate": JSONValue(degeneracy?.rawValue),
    ]
  }
}

extension Faithfulness {
  fileprivate var json: JSONValue {
    ["deletion": .double(deletion), "insertion": .double(insertion), "steps": JSONValue(steps)]
  }
}

extension LayerLayout {
  /// The order of the axes, the rows and columns of the grid, and the tokens beside it.
  public var json: JSONValue {
    var members: [String: JSONValue] = [
      "axes": .string(axes), "grid": [JSONValue(height), JSONValue(width)],
    ]
    if let prefixTokens {
      members["prefix_tokens"] = JSONValue(prefixTokens)
      members["suffix_tokens"] = JSONValue(suffixTokens)
    }
    return .object(members)
  }
}

extension RankedClass {
  var json: JSONValue {
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
    case .all: "all"
    case .label: "label"
    case .index: "index"
    case .named: "class"
    }
  }
}
