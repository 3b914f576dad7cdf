import Graphs
import Tensors
import Testing

/// An operator with inputs at which its gradient rule is compared with central differences.
struct ArrayGradientCase: CustomTestStringConvertible, Sendable {
  let name: String
  let op: any Operator
  let inputs: [Tensor?]

  init(_ name: String, _ op: any Operator, _ inputs: [Tensor?]) {
    self.name = name
    self.op = op
    self.inputs = inputs
  }

  var testDescription: String { name }
}
