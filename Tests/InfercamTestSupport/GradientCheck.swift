public import Faults
public import Graphs
public import Tensors

/// Compares an operator's backward rule with central differences in Float64.
///
/// The score is the sum of the floating-point outputs, each element weighted by a seeded random
/// number. Choose inputs away from kinks by more than `step`.
public struct GradientCheck: Sendable {
  /// An element whose two gradients differ.
  public struct Mismatch: Sendable, CustomStringConvertible {
    public let input: Int
    public let element: Int
    public let backward: Double
    public let difference: Double

    public var description: String {
      "input \(input), element \(element): backward \(backward), central difference \(difference)"
    }
  }

  /// Half the distance between the two points of a central difference.
  public var step = 1e-5
  /// The accepted difference, relative to 1 + |gradient|.
  public var tolerance = 1e-6
  public var seed: UInt64 = 1

  public init(step: Double = 1e-5, tolerance: Double = 1e-6, seed: UInt64 = 1) {
    self.step = step
    self.tolerance = tolerance
    self.seed = seed
  }

  /// Returns every element whose gradient is wrong; empty when the rule is right.
  ///
  /// - Parameter wanted: the inputs to check; `nil` stands for every Float64 input.
  public func mismatches(
    of op: any Operator, inputs: [Tensor?], wanted: [Bool]? = nil
  ) throws(Fault) -> [Mismatch] {
    let wanted = wanted ?? inputs.map { $0?.dtype == .float64 }
    let outputs = try op.outputs(of: inputs)
    var seeded = SeededTensors(seed: seed)
    let outputGradients = outputs.map { $0.dtype == .float64 ? seeded.uniform($0.shape) : nil }
    let gradients = try op.backward(
      BackwardPass(
        inputs: inputs, outputs: outputs, outputGradients: outputGradients, wanted: wanted))
    precondition(gradients.count == inputs.count, "one gradient for each input, nil for none")

    var mismatches: [Mismatch] = []
    for (index, input) in inputs.enumerated() where wanted[index] {
      guard let input else { continue }
      let gradient = gradients[index] ?? Tensor(zeros: .float64, input.shape)
      precondition(gradient.type == input.type, "a gradient has the type of its input")
      let backward = gradient.elements(of: Double.self)
      for element in 0..<input.elementCount {
        var scores: [Double] = []
        for offset in [step, -step] {
          var moved = inputs
          moved[index] = input.moved(element, by: offset)
          scores.append(try score(op, moved, weights: outputGradients))
        }
        let difference = (scores[0] - scores[1]) / (2 * step)
        if !(abs(backward[element] - difference) <= tolerance * (1 + abs(difference))) {
          mismatches.append(
            Mismatch(
              input: index, element: element, backward: backward[element], difference: difference))
        }
      }
    }
    return mismatches
  }

  private func score(
    _ op: any Operator, _ inputs: [Tensor?], weights: [Tensor?]
  ) throws(Fault) -> Double {
    var sum = 0.0
    for (output, weight) in zip(try op.outputs(of: inputs), weights) {
      guard let weight else { continue }
      output.withElements(of: Double.self) { y in
        weight.withElements(of: Double.self) { g in
          for index in y.indices { sum += y[index] * g[index] }
        }
      }
    }
    return sum
  }
}

extension Operator {
  /// Runs the shape rule and the forward function on constant inputs.
  ///
  /// The outputs are filled with a pattern first, so that an element that is never written shows.
  public func outputs(of inputs: [Tensor?]) throws(Fault) -> [Tensor] {
    let facts = inputs.map { input in input.map { ValueFact($0.type, constant: $0) } }
    let outputs = try outputTypes(facts).map { type in
      let output = Tensor(uninitialized: type.dtype, type.shape)
      output.base.initializeMemory(as: UInt8.self, repeating: 0xFF, count: output.byteCount)
      return output
    }
    try evaluate(inputs, into: outputs)
    return outputs
  }
}

extension Tensor {
  fileprivate func moved(_ element: Int, by offset: Double) -> Tensor {
    let result = copy()
    result.withMutableElements(of: Double.self) { $0[element] += offset }
    return result
  }
}
