import Faults
import Models

#if canImport(Glibc)
import Glibc
#endif

/// Turns the scores of one image into probabilities.
struct ClassScores: Sendable {
  let activation: ModelSpec.Activation
  let temperature: Double

  /// The probabilities of the classes.
  ///
  /// Softmax over logits divided by the temperature, or a sigmoid for each class on its own; computed
  /// in Double and rounded once. Without an activation the scores are the probabilities.
  /// - Throws: `Fault` with code `model.non_finite` when a score is not a finite number.
  func probabilities(_ logits: [Float]) throws(Fault) -> [Float] {
    guard let worst = logits.firstIndex(where: { !$0.isFinite }) else {
      return compute(logits)
    }
    throw Fault(
      .modelNonFinite,
      "the model's score of class \(worst) is not a finite number: check the model and the input",
      details: ["class": .int(worst)])
  }

  /// The probabilities of finite scores.
  func compute(_ logits: [Float]) -> [Float] {
    switch activation {
    case .none:
      return logits
    case .sigmoid:
      return logits.map { Float(1 / (1 + exp(-Double($0) / temperature))) }
    case .softmax:
      return softmax(logits).map { Float($0) }
    }
  }

  func softmax(_ logits: [Float]) -> [Double] {
    let highest = Double(logits.max() ?? 0)
    let exponentials = logits.map { exp((Double($0) - highest) / temperature) }
    let sum = exponentials.reduce(0, +)
    return exponentials.map { $0 / sum }
  }

  /// The classes with the highest probabilities, ties in the order of the classes.
  static func ranking(_ probabilities: [Float], count: Int) -> [Int] {
    func precedes(_ first: Int, _ second: Int) -> Bool {
      let (a, b) = (probabilities[first], probabilities[second])
      return a == b ? first < second : a > b
    }
    guard count <= longestSelection else {
      return Array(probabilities.indices.sorted(by: precedes).prefix(count))
    }
    var best: [Int] = []
    for index in probabilities.indices {
      if best.count >= count {
        guard let last = best.last, precedes(index, last) else { continue }
        best.removeLast()
      }
      let place = best.lastIndex { precedes($0, index) }.map { $0 + 1 } ?? 0
      best.insert(index, at: place)
    }
    return best
  }

  /// Up to so many classes are found in one pass over all, without sorting them.
  private static let longestSelection = 16
}
