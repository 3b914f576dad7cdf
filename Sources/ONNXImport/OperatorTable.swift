import Faults
import Graphs

/// Makes an operator from a node's attributes.
typealias OperatorBuilder = @Sendable (NodeAttributes) throws(Fault) -> any Operator

/// Every operator that can be imported, by ONNX name: one table a family, in `Ops/`.
let operatorTable: [String: OperatorBuilder] = [
  neuralNetworkOperators, arrayOperators, quantizationOperators,
].reduce(into: [:]) { table, family in table.merge(family) { first, _ in first } }
