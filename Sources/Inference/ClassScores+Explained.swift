import Models
import Requests

#if canImport(Glibc)
import Glibc
#endif

extension ClassScores {
  /// The number that is explained, of one class.
  func value(
    of score: GradCAMOptions.Score, classIndex: Int, logits: [Float]
  ) -> Double {
    switch score {
    case .logit: return Double(logits[classIndex])
    case .probability: return Double(compute(logits)[classIndex])
    case .margin:
      let rival = Self.rival(of: classIndex, logits)
      return Double(logits[classIndex]) - (rival.map { Double(logits[$0]) } ?? 0)
    }
  }

  /// The gradient of the number that is explained by each logit.
  ///
  /// Probability: p[k] (1 - p[k]) / T by the class's own logit and, under softmax, -p[k] p[j] / T by
  /// the others, T being the temperature; without an activation the score is the probability.
  /// Margin: 1 by the class's own logit, -1 by the largest other one.
  /// - Parameter known: the softmax of the logits, where many classes are asked for.
  func gradient(
    of score: GradCAMOptions.Score, classIndex: Int, logits: [Float], softmax known: [Double]? = nil
  ) -> [Float] {
    var gradient = [Float](repeating: 0, count: logits.count)
    gradient[classIndex] = 1
    switch (score, activation) {
    case (.logit, _), (.probability, .none): break
    case (.margin, _):
      if let rival = Self.rival(of: classIndex, logits) { gradient[rival] = -1 }
    case (.probability, .sigmoid):
      // Both factors are small where they should be: 1 - p would lose the digits of a p close to 1.
      let logit = Double(logits[classIndex]) / temperature
      let slope = 1 / ((1 + exp(-logit)) * (1 + exp(logit)))
      gradient[classIndex] = Float(slope / temperature)
    case (.probability, .softmax):
      let probabilities = known ?? softmax(logits)
      let own = probabilities[classIndex]
      var others = 0.0
      for (index, probability) in probabilities.enumerated() where index != classIndex {
        others += probability
        gradient[index] = Float(-own * probability / temperature)
      }
      gradient[classIndex] = Float(own * others / temperature)
    }
    return gradient
  }

  /// The largest logit besides one, the first among equals; `nil` when there is no other.
  private static func rival(of classIndex: Int, _ logits: [Float]) -> Int? {
    var best: Int?
    for index in logits.indices where index != classIndex {
      if let current = best, !(logits[index] > logits[current]) { continue }
      best = index
    }
    return best
  }
}
