import Graphs
import InfercamTestSupport
import Tensors
import Testing

/// An operator on inputs at which its gradient is checked.
struct GradientCase: CustomTestStringConvertible, Sendable {
  var name: String
  var op: any Operator
  var inputs: [Tensor?]
  var wanted: [Bool]

  /// - Parameter wanted: the inputs to check; the first one unless told.
  init(_ op: any Operator, _ inputs: [Tensor?], wanted: [Int] = [0], _ note: String = "") {
    self.name = note.isEmpty ? op.opType : "\(op.opType) \(note)"
    self.op = op
    self.inputs = inputs
    self.wanted = inputs.indices.map { wanted.contains($0) }
  }

  var testDescription: String { name }

  /// Expects that the backward rule agrees with central differences.
  func check() throws {
    let mismatches = try GradientCheck().mismatches(of: op, inputs: inputs, wanted: wanted)
    #expect(mismatches.isEmpty)
  }
}

/// Makes a table of cases from one seed.
func gradientCases(
  seed: UInt64, _ make: (inout SeededTensors) -> [GradientCase]
) -> [GradientCase] {
  var seeded = SeededTensors(seed: seed)
  return make(&seeded)
}
