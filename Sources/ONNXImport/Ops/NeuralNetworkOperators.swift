import Faults
import Graphs

/// Convolution, pooling, normalisation, matrix products, activations and softmax.
let neuralNetworkOperators: [String: OperatorBuilder] = [:]
