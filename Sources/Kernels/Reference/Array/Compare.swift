public import Faults
public import Tensors

/// A comparison of two elements; every comparison with NaN is false.
public enum ComparisonFunction: Sendable, Hashable, CaseIterable {
  case equal
  case greater
  case greaterOrEqual
  case less
  case lessOrEqual
}

/// Compares two operands, repeated up to the shape of `result`, which holds booleans.
public func compare(
  _ function: ComparisonFunction, _ a: Tensor, _ b: Tensor, into result: Tensor
) throws(Fault) {
  precondition(a.dtype == b.dtype && result.dtype == .bool)
  guard result.elementCount > 0 else { return }
  try dispatch(
    a.dtype,
    ComparisonBody(
      function: function, plan: BroadcastPlan(a.shape, b.shape, to: result.shape), a: a, b: b,
      result: result))
}

private struct ComparisonBody: ArrayBody {
  let function: ComparisonFunction
  let plan: BroadcastPlan
  let a: Tensor
  let b: Tensor
  let result: Tensor

  func run<T: ArrayElement>(_ type: T.Type) {
    let (a, b) = (a.pointer(as: T.self), b.pointer(as: T.self))
    let result = result.mutablePointer(as: Bool.self)
    switch function {
    case .equal: plan.map(a, b, result) { $0 == $1 }
    case .greater: plan.map(a, b, result) { $0 > $1 }
    case .greaterOrEqual: plan.map(a, b, result) { $0 >= $1 }
    case .less: plan.map(a, b, result) { $0 < $1 }
    case .lessOrEqual: plan.map(a, b, result) { $0 <= $1 }
    }
  }
}

/// Takes each element from `a` where `condition` holds, otherwise from `b`.
///
/// All three are repeated up to the shape of `result`.
public func select(
  _ condition: Tensor, _ a: Tensor, _ b: Tensor, into result: Tensor
) throws(Fault) {
  precondition(condition.dtype == .bool && a.dtype == result.dtype && b.dtype == result.dtype)
  guard result.elementCount > 0 else { return }
  try broadcast(b, into: result)
  try dispatchBits(
    result.dtype,
    SelectBody(
      plan: BroadcastPlan(condition.shape, a.shape, to: result.shape), condition: condition, a: a,
      result: result))
}

private struct SelectBody: BitsBody {
  let plan: BroadcastPlan
  let condition: Tensor
  let a: Tensor
  let result: Tensor

  func run<T: BitwiseCopyable>(_ type: T.Type) {
    let last = plan.extents.count - 1
    let count = plan.extents[last]
    let (conditionStride, stride) = (plan.firstStrides[last], plan.secondStrides[last])
    var row = result.mutablePointer(as: T.self)
    forEachOffset(
      Array(plan.extents[..<last]), Array(plan.firstStrides[..<last]),
      Array(plan.secondStrides[..<last])
    ) { conditionOffset, offset in
      let flags = condition.pointer(as: Bool.self) + conditionOffset
      let values = a.pointer(as: T.self) + offset
      for i in 0..<count where flags[i * conditionStride] { row[i] = values[i * stride] }
      row += count
    }
  }
}
