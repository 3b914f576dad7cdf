#if canImport(Glibc)
import Glibc
#endif

/// The temperature at which the true classes are most likely.
///
/// Source: Guo et al., On Calibration of Modern Neural Networks, https://arxiv.org/abs/1706.04599
public enum TemperatureFit: Sendable, Hashable {
  case found(Double)
  /// The lower, the more likely: every item is right.
  case belowRange
  /// The higher, the more likely: the logits say nothing about the truth.
  case aboveRange

  /// The temperatures that are looked at.
  public static let range = 0.01...100.0
  /// How many items a fit needs.
  public static let minimumItems = 10

  private static let maximumSteps = 200
  private static let digits = 1e9

  /// Minimises the negative log likelihood over the logarithm of the temperature.
  ///
  /// The slope has one root, because the loss is convex in the inverse temperature: Newton's steps go
  /// for it within a bracket that every step narrows. The result is rounded to nine decimals, which
  /// keeps the last bits of sums out of it.
  public init(_ items: LabelledLogits) {
    var (low, high) = (log(Self.range.lowerBound), log(Self.range.upperBound))
    // The slope by the inverse temperature falls as the temperature grows.
    if items.derivatives(inverseTemperature: exp(-low)).slope <= 0 {
      self = .belowRange
      return
    }
    if items.derivatives(inverseTemperature: exp(-high)).slope >= 0 {
      self = .aboveRange
      return
    }
    var position = 0.0
    for _ in 0..<Self.maximumSteps {
      let beta = exp(-position)
      let (slope, curvature) = items.derivatives(inverseTemperature: beta)
      if slope == 0 { break }
      if slope > 0 { low = position } else { high = position }
      var next = position + slope / (beta * curvature)
      if !(next > low && next < high) { next = (low + high) / 2 }
      let step = next - position
      position = next
      if step.magnitude < 1e-13 { break }
    }
    self = .found((exp(position) * Self.digits).rounded() / Self.digits)
  }
}
