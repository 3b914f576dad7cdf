public import Faults
public import Tensors

/// The gradient of a score by earlier values of a graph, walked backwards from a seed.
///
/// The score is a linear functional of the seed value; only nodes that lie between a target and the
/// seed are visited. The graph must be specialised.
public struct ReverseWalk: Sendable {
  private let graph: Graph
  private let seed: ValueID
  private let targets: [ValueID]
  /// The nodes between the targets and the seed, in topological order.
  private let nodes: [Int]
  /// Whether a value depends on a target, and the seed on it.
  private let isActive: [Bool]

  /// Plans the walk from `seed` back to `targets`.
  /// - Throws: `Fault` with code `explain.not_supported` when the seed does not depend on a target,
  ///   or through arithmetic of integers.
  public init(_ graph: Graph, from seed: ValueID, to targets: [ValueID]) throws(Fault) {
    var reachesSeed = [Bool](repeating: false, count: graph.values.count)
    reachesSeed[seed.index] = true
    for node in graph.nodes.reversed()
    where node.outputs.contains(where: { reachesSeed[$0.index] }) {
      for case .some(let input) in node.inputs { reachesSeed[input.index] = true }
    }
    var dependsOnTarget = [Bool](repeating: false, count: graph.values.count)
    for target in targets {
      guard reachesSeed[target.index] else {
        throw Fault(
          .explainNotSupported,
          "\(graph[seed].name) does not depend on \(graph[target].name): choose another layer",
          details: ["layer": .string(graph[target].name)])
      }
      dependsOnTarget[target.index] = true
    }
    var between: [Int] = []
    for (index, node) in graph.nodes.enumerated() {
      let depends = node.inputs.contains { $0.map { dependsOnTarget[$0.index] } ?? false }
      guard depends else { continue }
      for output in node.outputs { dependsOnTarget[output.index] = true }
      guard node.outputs.contains(where: { reachesSeed[$0.index] }) else { continue }
      // Behind these a Cast from integers would stop the walk with zeros.
      guard !node.op.isIntegerArithmetic else {
        throw Fault(
          .explainNotSupported,
          "node \(node.name) (\(node.op.opType)) has no gradient rule: choose a layer after it",
          details: ["node": .string(node.name), "operator": .string(node.op.opType)])
      }
      between.append(index)
    }
    self.graph = graph
    self.seed = seed
    self.targets = targets
    self.nodes = between
    self.isActive = zip(reachesSeed, dependsOnTarget).map { $0 && $1 }
  }

  /// The values the walk reads: the inputs and outputs of the visited nodes, without constants.
  public var forwardValues: Set<ValueID> {
    var values: Set<ValueID> = []
    for index in nodes {
      let node = graph.nodes[index]
      values.formUnion(node.inputs.compactMap { $0 }.filter { graph[$0].constant == nil })
      values.formUnion(node.outputs)
    }
    return values
  }

  /// The constants that the visited nodes read.
  public var constants: Set<ValueID> {
    Set(nodes.flatMap { graph.nodes[$0].inputs.compactMap(\.self) })
      .filter { graph[$0].constant != nil }
  }

  /// The last node of the walk whose operator has no gradient rule: `gradients` throws there.
  public var nodeWithoutRule: Node? {
    nodes.last { !graph.nodes[$0].op.hasGradientRule }.map { graph.nodes[$0] }
  }

  /// Returns the gradient by each target, of the target's shape and the seed's element type.
  /// - Parameters:
  ///   - seedGradient: The gradient of the score by the seed value, of the seed's type.
  ///   - forward: At least the values of `forwardValues`.
  /// - Throws: `Fault` with code `explain.not_supported` when an operator has no gradient rule; the
  ///   node is named.
  public func gradients(
    seedGradient: Tensor, forward: [ValueID: Tensor]
  ) throws(Fault) -> [ValueID: Tensor] {
    var gradients: [ValueID: Tensor] = [seed: seedGradient]
    for index in nodes.reversed() {
      let node = graph.nodes[index]
      let outputGradients = node.outputs.map { gradients[$0] }
      for output in node.outputs where !targets.contains(output) { gradients[output] = nil }
      guard outputGradients.contains(where: { $0 != nil }) else { continue }
      do throws(Fault) {
        try propagate(node, outputGradients, forward, into: &gradients)
      } catch {
        throw error.naming(node)
      }
    }
    var result: [ValueID: Tensor] = [:]
    for target in targets {
      let shape = forward[target]?.shape ?? graph[target].type?.shape ?? []
      result[target] = gradients[target] ?? Tensor(zeros: seedGradient.dtype, shape)
    }
    return result
  }

  private func propagate(
    _ node: Node, _ outputGradients: [Tensor?], _ forward: [ValueID: Tensor],
    into gradients: inout [ValueID: Tensor]
  ) throws(Fault) {
    let wanted = node.inputs.map { $0.map { isActive[$0.index] } ?? false }
    let pass = BackwardPass(
      inputs: try node.inputs.map { id throws(Fault) in
        try id.map { id throws(Fault) in try value(id, forward).aligned() }
      },
      outputs: try node.outputs.map { id throws(Fault) in try value(id, forward) },
      outputGradients: outputGradients, wanted: wanted)
    for (input, gradient) in zip(node.inputs, try inputGradients(node, pass)) {
      guard let input, let gradient, isActive[input.index] else { continue }
      gradients[input] = gradients[input].map { $0.sum(with: gradient) } ?? gradient
    }
  }

  private func inputGradients(_ node: Node, _ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    if node.op.isView, node.outputs.count == 1, case .some(.some(let input)) = pass.inputs.first,
      case .some(.some(let gradient)) = pass.outputGradients.first
    {
      return [gradient.reshaped(input.shape)]
    }
    return try node.op.backward(pass)
  }

  private func value(_ id: ValueID, _ forward: [ValueID: Tensor]) throws(Fault) -> Tensor {
    guard let value = forward[id] ?? graph[id].constant else {
      throw Fault(.internalError, "the forward value of \(graph[id].name) is missing")
    }
    return value
  }
}

extension Tensor {
  /// The elementwise sum of two gradients of one type.
  fileprivate func sum(with other: Tensor) -> Tensor {
    precondition(type == other.type)
    switch dtype {
    case .float64: return sum(with: other, as: Double.self)
    case .float16: return sum(with: other, as: Float16.self)
    default: return sum(with: other, as: Float.self)
    }
  }

  private func sum<T: TensorElement & FloatingPoint>(
    with other: Tensor, as type: T.Type
  ) -> Tensor {
    let result = Tensor(uninitialized: dtype, shape)
    withElements(of: T.self) { a in
      other.withElements(of: T.self) { b in
        result.withMutableElements(of: T.self) { sum in
          for i in sum.indices { sum[i] = a[i] + b[i] }
        }
      }
    }
    return result
  }
}
