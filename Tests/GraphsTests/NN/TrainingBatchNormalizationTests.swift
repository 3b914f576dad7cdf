import Graphs
import Tensors
import Testing

struct TrainingBatchNormalizationTests {
  /// Two channels: 1, 3, 5, 7 and 0, 0, 0, 4.
  private let x = Tensor([1, 3, 0, 0, 5, 7, 0, 4] as [Float], shape: [2, 2, 2])

  @Test func `constants get the mean and variance asked for, whatever is stored`() throws {
    let stored = [[1, 2], [0, 1], [10, 20], [5, 6]].map {
      Tensor(($0 as [Float]), shape: [2])
    }
    let op = TrainingBatchNormalization(epsilon: 0, momentum: 0.75)
    let inputs = [x] + stored
    let types = try op.outputTypes(inputs.map { ValueFact($0.type, constant: $0) })
    let outputs = types.map { Tensor(uninitialized: $0.dtype, $0.shape) }
    try op.evaluate(inputs, into: outputs)
    let y = outputs[0].elements(of: Float.self)
    // Means 4 and 1, variances 5 and 3.
    let expected: [Float] = [-3, -1, -1, -1, 1, 3, -1, 3].enumerated().map { index, value in
      index / 2 % 2 == 0 ? value / Float(5).squareRoot() : 2 * value / Float(3).squareRoot() + 1
    }
    #expect(zip(y, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(y), not \(expected)")
    #expect(outputs[1].elements(of: Float.self) == [8.5, 15.25])
    #expect(outputs[2].elements(of: Float.self) == [5, 5.25])
    #expect(outputs[3].elements(of: Float.self) == [4, 1])
  }
}
