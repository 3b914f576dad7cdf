/// The largest difference relative to the largest magnitude expected; infinite when one is not
/// finite or the counts differ.
public func relativeDifference(_ actual: [Float], _ expected: [Float]) -> Double {
  guard actual.count == expected.count else { return .infinity }
  var (difference, magnitude) = (0.0, 0.0)
  for (a, b) in zip(actual, expected) {
    guard a.isFinite, b.isFinite else { return .infinity }
    difference = max(difference, abs(Double(a) - Double(b)))
    magnitude = max(magnitude, abs(Double(b)))
  }
  return magnitude > 0 ? difference / magnitude : (difference > 0 ? .infinity : 0)
}

/// How close a vector comes to a multiple of another, and of which.
public struct VectorSimilarity: Sendable {
  /// The cosine of the angle between them; 0 when one of them is zero or the counts differ.
  public let cosine: Double
  /// The factor that brings the expected vector closest to the actual one.
  public let scale: Double

  public init(_ actual: [Float], _ expected: [Float]) {
    var (product, actualSquare, expectedSquare) = (0.0, 0.0, 0.0)
    for (a, b) in zip(actual, expected) {
      product += Double(a) * Double(b)
      actualSquare += Double(a) * Double(a)
      expectedSquare += Double(b) * Double(b)
    }
    guard actual.count == expected.count, actualSquare > 0, expectedSquare > 0 else {
      (cosine, scale) = (0, 0)
      return
    }
    cosine = product / (actualSquare * expectedSquare).squareRoot()
    scale = product / expectedSquare
  }
}
