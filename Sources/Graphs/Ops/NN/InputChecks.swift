import Faults
import Tensors

/// The inputs of one node as its shape rule sees them, with the checks all rules share.
struct InputFacts {
  private let facts: [ValueFact?]

  /// - Throws: `Fault` with code `model.invalid` when there are more or fewer inputs than `counts`.
  init(_ facts: [ValueFact?], counts: ClosedRange<Int>) throws(Fault) {
    guard counts.contains(facts.count) else {
      throw Fault(
        .modelInvalid,
        "\(facts.count) inputs are given where \(counts.lowerBound) to "
          + "\(counts.upperBound) are possible")
    }
    for case .some(let fact) in facts { try Self.checkExtents(fact.shape) }
    self.facts = facts
  }

  /// Refuses extents whose products overflow, also where another extent is zero.
  private static func checkExtents(_ shape: Shape) throws(Fault) {
    _ = try Shape(shape.dimensions.map { $0 == 0 ? 1 : $0 }).checkedElementCount()
  }

  /// The input at `index`, which must be there.
  func required(_ index: Int, _ name: String) throws(Fault) -> ValueFact {
    guard let fact = optional(index) else {
      throw Fault(.modelInvalid, "input \(name) is missing")
    }
    return fact
  }

  func optional(_ index: Int) -> ValueFact? {
    index < facts.count ? facts[index] : nil
  }

  /// The input at `index`, which must be floating-point.
  func floating(_ index: Int, _ name: String) throws(Fault) -> ValueFact {
    let fact = try required(index, name)
    guard fact.dtype.isFloatingPoint else {
      throw Fault(.modelInvalid, "input \(name) is \(fact.dtype), not floating-point")
    }
    return fact
  }

  /// The input at `index`, which must have this type and, when one is given, this shape.
  func required(
    _ index: Int, _ name: String, dtype: DType, shape: Shape? = nil
  ) throws(Fault) -> ValueFact {
    let fact = try required(index, name)
    try check(fact, name, dtype: dtype, shape: shape)
    return fact
  }

  /// The input at `index`, or `nil`; checked like a required one.
  @discardableResult
  func optional(
    _ index: Int, _ name: String, dtype: DType, shape: Shape? = nil
  ) throws(Fault) -> ValueFact? {
    guard let fact = optional(index) else { return nil }
    try check(fact, name, dtype: dtype, shape: shape)
    return fact
  }

  private func check(
    _ fact: ValueFact, _ name: String, dtype: DType, shape: Shape?
  ) throws(Fault) {
    guard fact.dtype == dtype else {
      throw Fault(.modelInvalid, "input \(name) is \(fact.dtype) where \(dtype) is needed")
    }
    if let shape, fact.shape != shape {
      throw Fault(
        .modelInvalid, "input \(name) has the shape \(fact.shape) where \(shape) is needed")
    }
  }
}

extension [Tensor?] {
  /// The input at `index`, which the shape rule has found to be there.
  func present(_ index: Int) -> Tensor {
    guard let tensor = optional(index) else { preconditionFailure("input \(index) is missing") }
    return tensor
  }

  func optional(_ index: Int) -> Tensor? {
    index < count ? self[index] : nil
  }
}

extension BackwardPass {
  /// The gradients when only input `index` can have one, and only output 0 carries one.
  ///
  /// `rule` gets the gradient by output 0 and an undefined tensor of the type of the input.
  /// - Throws: `Fault` with code `explain.not_supported` when another input wants a gradient.
  func gradient(
    ofInput index: Int = 0, _ opType: String,
    _ rule: (_ dY: Tensor, _ dX: Tensor) throws(Fault) -> Void
  ) throws(Fault) -> [Tensor?] {
    var gradients = [Tensor?](repeating: nil, count: inputs.count)
    for (other, isWanted) in wanted.enumerated() where isWanted && other != index {
      throw Fault(
        .explainNotSupported,
        "\(opType) has no gradient by its input \(other): choose a layer after it",
        details: ["operator": .string(opType)])
    }
    guard wanted[index], let dY = try firstOutputGradient(opType) else { return gradients }
    let x = inputs.present(index)
    let dX = Tensor(uninitialized: x.dtype, x.shape)
    try rule(dY, dX)
    gradients[index] = dX
    return gradients
  }

  /// The gradient by output 0, refused when another output carries one too.
  func firstOutputGradient(_ opType: String) throws(Fault) -> Tensor? {
    for case .some in outputGradients.dropFirst() {
      throw Fault(
        .explainNotSupported,
        "\(opType) has a gradient rule for its first output only: choose a layer after it",
        details: ["operator": .string(opType)])
    }
    return outputGradients[0]
  }
}
