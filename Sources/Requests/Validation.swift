import Faults
public import JSON

extension ClassifyOptions {
  /// What is out of range.
  public var violations: [Violation] {
    var violations: [Violation] = []
    check(topK, in: Self.topKRange, "top_k", &violations)
    check(probThreshold, in: Self.probThresholdRange, "prob_threshold", &violations)
    return violations
  }

  /// The options under their API names.
  public var json: JSONValue {
    ["top_k": JSONValue(topK), "prob_threshold": .double(probThreshold)]
  }
}

extension GradCAMOptions {
  /// What is out of range or not computed by this version.
  public var violations: [Violation] {
    var violations: [Violation] = []
    check(alpha, in: Self.alphaRange, "alpha", &violations)
    check(normalize, in: Normalization.supported, "normalize", &violations)
    if case .size(let width, let height) = resolution {
      check(width, in: Self.resolutionRange, "resolution", &violations)
      check(height, in: Self.resolutionRange, "resolution", &violations)
    }
    if layers.contains("") { violations.append(outOfRange("layer", "empty", "auto or a name")) }
    check(layers.count, in: Self.layerCountRange, "the number of layers", at: "layer", &violations)
    check(
      targets.count, in: Self.targetCountRange, "the number of targets", at: "target", &violations)
    if let box {
      if box == 0 { violations.append(outOfRange("box", "0", "above 0")) }
      check(box, in: Self.boxRange, "box", &violations)
    }
    check(faithfulnessSteps, in: Self.faithfulnessStepsRange, "faithfulness_steps", &violations)
    if explainsAll { violations += violationsOfAll }
    return violations
  }

  /// What does not go together with a map of every class.
  private var violationsOfAll: [Violation] {
    var violations: [Violation] = []
    if targets.count > 1 {
      violations.append(
        Violation(.paramOutOfRange, at: "/target", "target all holds every other: give it alone"))
    }
    if layers.count > 1 {
      violations.append(
        Violation(.paramOutOfRange, at: "/layer", "target all explains one layer: name only one"))
    }
    if faithfulness {
      violations.append(
        Violation(
          .paramOutOfRange, at: "/faithfulness",
          "faithfulness takes many passes for each class: name the targets instead of all"))
    }
    return violations
  }

  /// The options under their API names; only `enabled` when nothing is explained.
  public var json: JSONValue {
    guard enabled else { return ["enabled": false] }
    return [
      "enabled": true, "layer": Self.json(layers), "fuse": .string(fuse.rawValue),
      "method": .string(method.rawValue), "target": Self.json(targets.map(\.text)),
      "score": .string(score.rawValue), "colormap": .string(effectiveColormap.rawValue),
      "overlay": .bool(overlay), "alpha": .double(alpha),
      "format": .array(formats.map { .string($0.rawValue) }),
      "resolution": .string(resolution.text), "normalize": .string(normalize.rawValue),
      "box": box.map(JSONValue.double) ?? .null,
      "faithfulness": faithfulness ? ["steps": JSONValue(faithfulnessSteps)] : .null,
    ]
  }

  /// One text as it is, several as an array.
  private static func json(_ texts: [String]) -> JSONValue {
    texts.count == 1 ? .string(texts[0]) : .array(texts.map(JSONValue.string))
  }
}

/// Limits of requests that are not those of an image.
public enum RequestLimits {
  public static let longestSideRange = 1...16_384
}

/// Checks the longest side that images are scaled down to.
public func longestSideViolations(_ side: Int?) -> [Violation] {
  var violations: [Violation] = []
  if let side { check(side, in: RequestLimits.longestSideRange, "longest_side", &violations) }
  return violations
}

private func check<T: Comparable>(
  _ value: T, in range: ClosedRange<T>, _ name: String, at field: String? = nil,
  _ violations: inout [Violation]
) {
  if !range.contains(value) {
    violations.append(
      outOfRange(name, at: field, "\(value)", "\(range.lowerBound) to \(range.upperBound)"))
  }
}

private func check<T: RawRepresentable & Equatable>(
  _ value: T, in supported: [T], _ name: String, _ violations: inout [Violation]
) where T.RawValue == String {
  if !supported.contains(value) {
    let words = supported.map(\.rawValue).joined(separator: " | ")
    violations.append(outOfRange(name, value.rawValue, "\(words) in this version"))
  }
}

private func outOfRange(
  _ name: String, at field: String? = nil, _ value: String, _ allowed: String
) -> Violation {
  Violation(
    .paramOutOfRange, at: "/" + (field ?? name), "\(name) must be \(allowed), not \(value)")
}
