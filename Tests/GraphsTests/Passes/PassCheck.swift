import Graphs
import InfercamTestSupport
import Tensors
import Testing

/// Runs a graph before and after a pass on the same seeded inputs.
struct PassCheck {
  var seed: UInt64 = 7
  /// The accepted difference of outputs and kept values, relative to 1 + |value|; 0 means bits.
  var tolerance = 0.0

  /// Checks that outputs and kept values agree, and returns the changed graph.
  @discardableResult
  func expectSame(
    _ graph: Graph, keep: Set<ValueID> = [], sourceLocation: SourceLocation = #_sourceLocation,
    _ pass: (Graph) throws -> Graph
  ) throws -> Graph {
    let before = try graph.specialized(keep: keep)
    let after = try pass(before)
    var seeded = SeededTensors(seed: seed)
    var inputs: [ValueID: Tensor] = [:]
    for input in before.inputs {
      guard let type = before[input.value].type else { continue }
      inputs[input.value] =
        type.dtype == .float64
        ? seeded.uniform(type.shape, of: Double.self) : seeded.uniform(type.shape, of: Float.self)
    }
    let expected = try ReferenceExecutor(before).run(inputs: inputs, keep: keep)
    let actual = try ReferenceExecutor(after).run(inputs: inputs, keep: keep)
    #expect(Set(actual.keys) == Set(expected.keys), sourceLocation: sourceLocation)
    for (id, value) in expected {
      let name = before[id].name
      let result = try #require(actual[id], sourceLocation: sourceLocation)
      try #require(result.type == value.type, "\(name)", sourceLocation: sourceLocation)
      #expect(after[id].name == name, sourceLocation: sourceLocation)
      for (a, b) in zip(Self.doubles(value), Self.doubles(result)) {
        #expect(
          a == b || abs(a - b) <= tolerance * (1 + abs(a)), "\(name)",
          sourceLocation: sourceLocation)
      }
    }
    return after
  }

  private static func doubles(_ tensor: Tensor) -> [Double] {
    tensor.dtype == .float64
      ? tensor.elements(of: Double.self) : tensor.elements(of: Float.self).map(Double.init)
  }
}

extension Graph {
  /// The operators that are left, in order.
  var opTypes: [String] { nodes.map(\.op.opType) }
}

extension GraphBuilder {
  /// Adds a constant of seeded random elements.
  mutating func random(
    _ name: String, _ shape: Shape, in range: ClosedRange<Double> = -1...1
  ) -> ValueID {
    var seeded = SeededTensors(seed: UInt64(name.utf8.reduce(7) { $0 * 31 % 65_521 + Int($1) }))
    return constant(name, seeded.uniform(shape, in: range, of: Float.self))
  }
}
