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
    if layer.isEmpty { violations.append(outOfRange("layer", "empty", "auto or a name")) }
    return violations
  }

  /// The options under their API names; only `enabled` when nothing is explained.
  public var json: JSONValue {
    guard enabled else { return ["enabled": false] }
    return [
      "enabled": true, "layer": .string(layer), "method": .string(method.rawValue),
      "target": .string(target.text), "score": .string(score.rawValue),
      "colormap": .string(colormap.rawValue), "overlay": .bool(overlay), "alpha": .double(alpha),
      "format": .array(formats.map { .string($0.rawValue) }),
      "resolution": .string(resolution.text), "normalize": .string(normalize.rawValue),
    ]
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
  _ value: T, in range: ClosedRange<T>, _ name: String, _ violations: inout [Violation]
) {
  if !range.contains(value) {
    violations.append(
      outOfRange(name, "\(value)", "\(range.lowerBound) to \(range.upperBound)"))
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

private func outOfRange(_ name: String, _ value: String, _ allowed: String) -> Violation {
  Violation(.paramOutOfRange, at: "/" + name, "\(name) must be \(allowed), not \(value)")
}
