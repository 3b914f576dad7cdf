import Models
import Requests
import Testing

@testable import Inference

struct ClassScoresTests {
  static let logits: [Float] = [1.5, -0.25, 2, 0.5]

  @Test(arguments: [0, 1, 5, 16, 17, 60])
  func `the highest come first, ties in the order of the classes`(count: Int) {
    // Few different values, so that ties are common.
    let probabilities = (0..<50).map { Float(($0 * 37 + 11) % 13) }
    let order = probabilities.indices.sorted {
      (-probabilities[$0], $0) < (-probabilities[$1], $1)
    }
    #expect(ClassScores.ranking(probabilities, count: count) == Array(order.prefix(count)))
  }

  @Test(arguments: [ModelSpec.Activation.softmax, .sigmoid], [1, 1.7])
  func `the gradient of a probability is its slope`(
    activation: ModelSpec.Activation, temperature: Double
  ) {
    let scores = ClassScores(activation: activation, temperature: temperature)
    for classIndex in Self.logits.indices {
      let gradient = scores.gradient(
        of: .probability, classIndex: classIndex, logits: Self.logits)
      for logit in Self.logits.indices {
        var (above, below) = (Self.logits, Self.logits)
        above[logit] += 0.03125
        below[logit] -= 0.03125
        let rise =
          scores.value(of: .probability, classIndex: classIndex, logits: above)
          - scores.value(of: .probability, classIndex: classIndex, logits: below)
        #expect(
          abs(rise / 0.0625 - Double(gradient[logit])) < 1e-4, "class \(classIndex) by \(logit)")
      }
    }
  }

  @Test func `the slope of a certain class does not drown in rounding`() {
    for activation in [ModelSpec.Activation.softmax, .sigmoid] {
      let scores = ClassScores(activation: activation, temperature: 1)
      let gradient = scores.gradient(of: .probability, classIndex: 0, logits: [40, 0])
      #expect(abs(gradient[0] / 4.248354e-18 - 1) < 1e-5, "\(activation)")
    }
  }

  @Test(arguments: [(0, 2), (2, 0), (1, 2)])
  func `the margin is the lead over the largest other class`(classIndex: Int, rival: Int) {
    let scores = ClassScores(activation: .softmax, temperature: 2)
    var expected = [Float](repeating: 0, count: 4)
    expected[classIndex] = 1
    expected[rival] = -1
    #expect(
      scores.gradient(of: .margin, classIndex: classIndex, logits: Self.logits) == expected)
    #expect(
      scores.value(of: .margin, classIndex: classIndex, logits: Self.logits)
        == Double(Self.logits[classIndex] - Self.logits[rival]))
    #expect(scores.gradient(of: .margin, classIndex: 0, logits: [3]) == [1])
  }

  @Test func `among equal rivals the first one counts, and a logit counts alone`() {
    let scores = ClassScores(activation: .none, temperature: 1)
    #expect(scores.gradient(of: .margin, classIndex: 1, logits: [2, 5, 2]) == [-1, 1, 0])
    #expect(scores.gradient(of: .logit, classIndex: 1, logits: [2, 5, 2]) == [0, 1, 0])
    #expect(scores.gradient(of: .probability, classIndex: 1, logits: [2, 5, 2]) == [0, 1, 0])
  }
}
