#if canImport(Glibc)
import Glibc
#endif

/// Logits of items whose true class is known: what a temperature is fitted to.
public struct LabelledLogits: Sendable {
  public let classCount: Int
  /// Row by row.
  private var logits: [Float] = []
  private var truths: [Int] = []

  public init(classCount: Int) {
    self.classCount = classCount
  }

  public var count: Int { truths.count }

  /// Adds an item: a finite logit for each class, and the index of the true one.
  public mutating func add(_ row: [Float], truth: Int) {
    precondition(row.count == classCount && row.indices.contains(truth))
    logits += row
    truths.append(truth)
  }

  /// What the probabilities are worth at a temperature.
  public struct Scores: Sendable, Hashable {
    /// The mean negative log likelihood of the true classes, in nats.
    public var negativeLogLikelihood: Double
    /// The expected calibration error.
    public var calibrationError: Double
    /// The share of items whose first class is the true one; no temperature changes it.
    public var accuracy: Double
  }

  /// The figures of softmax over the logits divided by a temperature; `nil` without items.
  public func scores(temperature: Double) -> Scores? {
    if truths.isEmpty { return nil }
    var (loss, correct) = (0.0, 0)
    var calibration = CalibrationError()
    for (item, truth) in truths.enumerated() {
      let row = logits[(item * classCount)..<((item + 1) * classCount)]
      guard let first = row.firstMaximum else { continue }
      let highest = Double(row[first])
      var sum = 0.0
      for logit in row { sum += exp((Double(logit) - highest) / temperature) }
      loss += log(sum) - (Double(row[row.startIndex + truth]) - highest) / temperature
      let isCorrect = first - row.startIndex == truth
      if isCorrect { correct += 1 }
      // Rounded as results are, so that the figure is that of a run.
      calibration.add(confidence: Double(Float(1 / sum)), isCorrect: isCorrect)
    }
    return Scores(
      negativeLogLikelihood: loss / Double(count), calibrationError: calibration.value ?? 0,
      accuracy: Double(correct) / Double(count))
  }

  /// The mean slope and curvature of the negative log likelihood by the inverse temperature.
  ///
  /// With p the softmax of the logits z, the slope of an item is E_p[z] - z[truth], and the curvature
  /// the variance of z under p: the loss is convex in the inverse temperature.
  func derivatives(inverseTemperature beta: Double) -> (slope: Double, curvature: Double) {
    var (slope, curvature) = (0.0, 0.0)
    for (item, truth) in truths.enumerated() {
      let row = logits[(item * classCount)..<((item + 1) * classCount)]
      let highest = Double(row.max() ?? 0)
      var (sum, first, second) = (0.0, 0.0, 0.0)
      for logit in row {
        let distance = Double(logit) - highest
        let weight = exp(distance * beta)
        sum += weight
        first += weight * distance
        second += weight * distance * distance
      }
      let mean = first / sum
      slope += mean - (Double(row[row.startIndex + truth]) - highest)
      curvature += second / sum - mean * mean
    }
    return (slope / Double(count), curvature / Double(count))
  }
}
