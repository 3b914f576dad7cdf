import Graphs
import Kernels
import Tensors

extension FusedActivation {
  /// The activation a node computes of its first input, when a kernel can apply it.
  init?(_ node: Node, in graph: Graph) {
    switch node.op {
    case is Relu: self = .relu
    case let op as LeakyRelu: self = .leakyRelu(alpha: op.alpha)
    case is Sigmoid: self = .sigmoid
    case let op as Swish where op.alpha == 1: self = .silu
    case let op as HardSigmoid: self = .hardSigmoid(alpha: op.alpha, beta: op.beta)
    case is HardSwish: self = .hardSwish
    case let op as Gelu: self = op.approximate == .none ? .gelu : .geluTanh
    case is Tanh: self = .tanh
    case let op as Elu: self = .elu(alpha: op.alpha)
    case let op as Clip:
      guard let bounds = op.bounds(of: node, in: graph) else { return nil }
      self = .clip(low: bounds.low, high: bounds.high)
    default: return nil
    }
  }
}

extension Clip {
  /// The constant bounds of a float32 Clip.
  fileprivate func bounds(of node: Node, in graph: Graph) -> (low: Float, high: Float)? {
    func bound(_ position: Int, _ attribute: Float?, _ missing: Float) -> Float? {
      guard node.inputs.count > position, let value = node.inputs[position] else {
        return attribute ?? missing
      }
      guard let tensor = graph.floats(value), tensor.elementCount == 1 else { return nil }
      return tensor.elements(of: Float.self)[0]
    }
    guard let low = bound(1, min, -.infinity),
      let high = bound(2, max, .infinity)
    else { return nil }
    return (low, high)
  }
}
