/// The expected calibration error: how far the confidence of predictions is from their accuracy.
///
/// Predictions fall into bins of equal width by their confidence; the gaps between mean confidence and
/// accuracy count by the share of predictions in their bin.
/// Source: Guo et al., On Calibration of Modern Neural Networks, https://arxiv.org/abs/1706.04599
public struct CalibrationError: Sendable, Hashable {
  /// How many bins there are.
  public static let binCount = 15

  private var counts = [Int](repeating: 0, count: binCount)
  private var correct = [Int](repeating: 0, count: binCount)
  private var confidence = [Double](repeating: 0, count: binCount)

  public init() {}

  /// Adds a prediction.
  public mutating func add(confidence value: Double, isCorrect: Bool) {
    // A bin holds its upper end, as in the paper.
    let bin = Int((value * Double(Self.binCount)).rounded(.up)) - 1
    let place = min(max(bin, 0), Self.binCount - 1)
    counts[place] += 1
    confidence[place] += value
    if isCorrect { correct[place] += 1 }
  }

  public var count: Int { counts.reduce(0, +) }

  /// The mean confidence of all predictions; `nil` without any.
  public var meanConfidence: Double? {
    count > 0 ? confidence.reduce(0, +) / Double(count) : nil
  }

  /// The error, from 0 to 1; `nil` without predictions.
  public var value: Double? {
    let total = count
    guard total > 0 else { return nil }
    var sum = 0.0
    for bin in counts.indices where counts[bin] > 0 {
      sum += (Double(correct[bin]) - confidence[bin]).magnitude
    }
    return sum / Double(total)
  }
}
