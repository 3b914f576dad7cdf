import Faults
import Kernels
import Tensors

/// The inputs of one node, with faults whose details name the operator.
///
/// Before running they are what is known; while running every input counts as constant, so that
/// shape rules and computation read their parameters in the same way.
struct OperandFacts {
  let opType: String
  let facts: [ValueFact?]

  init(_ op: some Operator, _ facts: [ValueFact?]) {
    self.opType = op.opType
    self.facts = facts
  }

  init(_ op: some Operator, _ tensors: [Tensor?]) {
    self.init(op, tensors.map { $0.map { ValueFact($0.type, constant: $0) } })
  }

  func fault(_ message: String) -> Fault {
    Fault(.modelInvalid, message, details: ["operator": .string(opType)])
  }

  /// The input at `index`, or `nil` when it is left out.
  func optional(_ index: Int) -> ValueFact? {
    index < facts.count ? facts[index] : nil
  }

  subscript(index: Int) -> ValueFact {
    get throws(Fault) {
      guard let fact = optional(index) else {
        throw fault("input \(index) is missing: export the model again")
      }
      return fact
    }
  }

  /// The elements of an input that shapes depend on; `nil` when it is left out.
  /// - Throws: `Fault` with code `model.invalid` when they are not known before running.
  func constant(_ index: Int, _ name: String) throws(Fault) -> Tensor? {
    guard let fact = optional(index) else { return nil }
    guard let constant = fact.constant else {
      throw fault(
        "the shape depends on run-time values of \(name): export the model with static shapes")
    }
    return constant.aligned()
  }

  /// The elements of a constant input as integers; `nil` when it is left out.
  func integers(_ index: Int, _ name: String) throws(Fault) -> [Int]? {
    guard let tensor = try constant(index, name) else { return nil }
    do {
      return try tensor.integers()
    } catch {
      throw fault("\(name) holds \(tensor.dtype), not integers")
    }
  }

  /// The elements of a constant input as numbers; `nil` when it is left out.
  func numbers(_ index: Int, _ name: String) throws(Fault) -> [Double]? {
    guard let tensor = try constant(index, name) else { return nil }
    return try cast(tensor, to: .float64).elements(of: Double.self)
  }

  /// The one element of a constant input; `nil` when it is left out.
  func integer(_ index: Int, _ name: String) throws(Fault) -> Int? {
    guard let integers = try integers(index, name) else { return nil }
    guard integers.count == 1 else { throw fault("\(name) holds \(integers.count) numbers, not 1") }
    return integers[0]
  }

  /// The common element type of all inputs.
  func commonDType() throws(Fault) -> DType {
    let dtype = try self[0].dtype
    for case .some(let fact) in facts where fact.dtype != dtype {
      throw fault("the inputs mix \(dtype) and \(fact.dtype): insert a Cast")
    }
    return dtype
  }

  /// The shape to which all inputs are broadcast.
  func commonShape() throws(Fault) -> Shape {
    do {
      return try broadcastShape(facts.compactMap { $0?.shape })
    } catch {
      throw fault(error.message)
    }
  }

  /// The type of an output whose size may come from attributes or values: at most 2 GiB.
  func type(_ dtype: DType, _ extents: [Int]) throws(Fault) -> TensorType {
    let shape = Shape(extents)
    var count = 1
    for extent in extents {
      // An extent of 0 does not excuse others whose strides would overflow.
      let (product, overflow) = count.multipliedReportingOverflow(by: max(extent, 1))
      guard extent >= 0, !overflow, product <= (1 << 31) / dtype.byteSize else {
        throw fault("an output of shape \(shape) is impossible: check the model's dimensions")
      }
      count = product
    }
    return TensorType(dtype, shape)
  }

  /// `axis` counted from the front, within `rank` axes.
  func axis(_ axis: Int, rank: Int) throws(Fault) -> Int {
    let positive = axis < 0 ? axis + rank : axis
    guard positive >= 0, positive < rank else {
      throw fault("axis \(axis) is outside a rank of \(rank)")
    }
    return positive
  }

  /// The axes counted from the front, all different.
  func axes(_ axes: [Int], rank: Int) throws(Fault) -> [Int] {
    var result: [Int] = []
    for entry in axes {
      let positive = try axis(entry, rank: rank)
      guard !result.contains(positive) else { throw fault("axis \(entry) is given twice") }
      result.append(positive)
    }
    return result
  }
}

extension BackwardPass {
  /// The gradient by output 0, or `nil` when it is zero.
  var gradient: Tensor? { outputGradients.first ?? nil }

  /// The forward value of an input.
  func input(_ index: Int) throws(Fault) -> Tensor {
    guard index < inputs.count, let input = inputs[index] else {
      throw Fault(.internalError, "the forward value of input \(index) was not kept")
    }
    return input
  }

  /// Gradients that are all zero.
  var noGradients: [Tensor?] { [Tensor?](repeating: nil, count: inputs.count) }

  /// The gradient by input 0 alone.
  func first(_ gradient: Tensor?) -> [Tensor?] {
    var gradients = noGradients
    if !gradients.isEmpty { gradients[0] = gradient }
    return gradients
  }

  func wants(_ index: Int) -> Bool { index < wanted.count && wanted[index] }
}

extension [Tensor?] {
  /// The tensor at `index`; shape inference has already refused a node that lacks it.
  func operand(_ index: Int) throws(Fault) -> Tensor {
    guard index < count, let tensor = self[index] else {
      throw Fault(.modelInvalid, "input \(index) is missing: export the model again")
    }
    return tensor
  }
}
