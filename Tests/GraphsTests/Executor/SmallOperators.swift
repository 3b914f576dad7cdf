import Faults
import Graphs
import Tensors

/// y = factor * x, over doubles.
struct Scale: Operator {
  var factor: Double

  func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    guard case .some(.some(let x)) = inputs.first else { throw Fault(.modelInvalid, "no input") }
    return [x.type]
  }

  func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    guard case .some(.some(let x)) = inputs.first else { return }
    outputs[0].withMutableElements(of: Double.self) { y in
      for (i, element) in x.elements(of: Double.self).enumerated() { y[i] = factor * element }
    }
  }

  func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard case .some(.some(let dY)) = pass.outputGradients.first else { return [nil] }
    return [Tensor(dY.elements(of: Double.self).map { $0 * factor }, shape: dY.shape)]
  }
}

/// y = a * b elementwise, over doubles.
struct Product: Operator {
  func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    guard case .some(.some(let x)) = inputs.first else { throw Fault(.modelInvalid, "no input") }
    return [x.type]
  }

  func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let factors = inputs.compactMap { $0?.elements(of: Double.self) }
    outputs[0].withMutableElements(of: Double.self) { y in
      for i in y.indices { y[i] = factors[0][i] * factors[1][i] }
    }
  }

  func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    let factors = pass.inputs.compactMap { $0?.elements(of: Double.self) }
    guard case .some(.some(let dY)) = pass.outputGradients.first else { return [nil, nil] }
    let g = dY.elements(of: Double.self)
    return (0..<2).map { side in
      pass.wanted[side]
        ? Tensor(zip(g, factors[1 - side]).map { $0 * $1 }, shape: dY.shape) : nil
    }
  }
}

/// The same elements as a row.
struct AsRow: Operator {
  var isView: Bool { true }

  func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    guard case .some(.some(let x)) = inputs.first else { throw Fault(.modelInvalid, "no input") }
    return [TensorType(x.dtype, [1, x.shape.elementCount])]
  }

  func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {}
}

/// A tensor as long as its constant input says, refused when the input is not constant.
struct Stretch: Operator {
  func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    guard case .some(.some(let length)) = inputs.first, let constant = length.constant else {
      throw Fault(.modelInvalid, "the length is not constant")
    }
    return [TensorType(.float64, [Int(constant.elements(of: Int64.self)[0])])]
  }

  func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    outputs[0].withMutableElements(of: Double.self) { $0.update(repeating: 1) }
  }
}
