public import Faults
public import Tensors

/// How several elements become one.
public enum ReductionFunction: Sendable, Hashable, CaseIterable {
  case sum
  case mean
  case product
  /// NaN where an element is NaN; the lowest value where there is no element.
  case maximum
  /// NaN where an element is NaN; the highest value where there is no element.
  case minimum
  case l1
  case l2
  case sumOfSquares
  case logSum
  case logSumExp
}

/// Reduces `x` along the axes where `result` has extent 1; both have the same rank.
///
/// Floats accumulate in Float64 and integers wrap around in 64 bits, always in the same order.
public func reduce(
  _ function: ReductionFunction, _ x: Tensor, into result: Tensor
) throws(Fault) {
  precondition(x.dtype == result.dtype && x.shape.rank == result.shape.rank)
  guard result.elementCount > 0 else { return }
  let plan = ReductionPlan(from: x.shape, to: result.shape)
  try dispatch(x.dtype, ReductionBody(function: function, plan: plan, x: x, result: result))
}

/// Returns `x` reduced along `axes`, which stay with extent 1.
public func reduced(
  _ function: ReductionFunction, _ x: Tensor, axes: [Int]
) throws(Fault) -> Tensor {
  var extents = x.shape.dimensions
  for axis in axes { extents[axis] = 1 }
  let result = Tensor(uninitialized: x.dtype, Shape(extents))
  try reduce(function, x, into: result)
  return result
}

/// Returns `gradient` summed over the axes along which an operand of shape `shape` was repeated.
public func unbroadcast(_ gradient: Tensor, to shape: Shape) throws(Fault) -> Tensor {
  guard gradient.shape != shape else { return gradient }
  let missing = [Int](repeating: 1, count: gradient.shape.rank - shape.rank)
  let result = Tensor(uninitialized: gradient.dtype, Shape(missing + shape.dimensions))
  try reduce(.sum, gradient, into: result)
  return result.reshaped(shape)
}

/// The axes of a reduction, joined where neighbours are both kept or both reduced.
private struct ReductionPlan {
  private(set) var extents: [Int] = []
  /// The stride in the result; 0 along reduced axes.
  private(set) var strides: [Int] = []
  /// How many elements become one.
  let reducedCount: Int

  init(from shape: Shape, to result: Shape) {
    let resultStrides = broadcastStrides(of: result, to: shape)
    reducedCount = shape.elementCount / result.elementCount
    for axis in 0..<shape.rank where shape[axis] != 1 {
      if let last = extents.indices.last, strides[last] == resultStrides[axis] * shape[axis] {
        extents[last] *= shape[axis]
        strides[last] = resultStrides[axis]
      } else {
        extents.append(shape[axis])
        strides.append(resultStrides[axis])
      }
    }
    if extents.isEmpty { (extents, strides) = ([1], [1]) }
  }
}

private struct ReductionBody: ArrayBody {
  let function: ReductionFunction
  let plan: ReductionPlan
  let x: Tensor
  let result: Tensor

  func run<T: ArrayElement>(_ type: T.Type) {
    typealias W = T.Wide
    let count = W(wrapping: Int64(plan.reducedCount))
    switch function {
    case .sum: total(T.self, of: { $0 }, finish: { $0.converted(to: T.self) })
    case .mean:
      total(
        T.self, of: { $0 }, finish: { (W.quotient($0, count) ?? W.zero).converted(to: T.self) })
    case .product:
      fold(
        T.self, from: W(wrapping: Int64(1)), lift: { x, _ in x.wide }, combine: W.product,
        finish: { $0.converted(to: T.self) })
    case .maximum: extreme(T.self, from: T.lowest, Self.larger)
    case .minimum: extreme(T.self, from: T.highest, Self.smaller)
    case .l1: total(T.self, of: W.magnitude, finish: { $0.converted(to: T.self) })
    case .l2:
      total(
        T.self, of: { W.product($0, $0) }, finish: { T(converting: $0.double.squareRoot()) })
    case .sumOfSquares:
      total(T.self, of: { W.product($0, $0) }, finish: { $0.converted(to: T.self) })
    case .logSum:
      total(T.self, of: { $0 }, finish: { T(converting: .logarithm($0.double)) })
    case .logSumExp: logSumExp(T.self)
    }
  }

  /// Subtracts the largest element of each group first, so that nothing overflows.
  private func logSumExp<T: ArrayElement>(_ type: T.Type) {
    let groups = result.elementCount
    let offsets = UnsafeMutablePointer<Double>.allocate(capacity: groups)
    defer { offsets.deallocate() }
    extreme(T.self, from: T.lowest, Self.larger)
    let largest = result.mutablePointer(as: T.self)
    for group in 0..<groups {
      offsets[group] = largest[group].double.isFinite ? largest[group].double : 0
    }
    var group = 0
    fold(
      T.self, from: 0.0, lift: { x, group in .exponential(x.double - offsets[group]) },
      combine: { $0 + $1 },
      finish: { sum in
        defer { group += 1 }
        return T(converting: .logarithm(sum) + offsets[group])
      })
  }

  @inline(__always)
  private func total<T: ArrayElement>(
    _ type: T.Type, of lift: (T.Wide) -> T.Wide, finish: (T.Wide) -> T
  ) {
    fold(
      T.self, from: T.Wide.zero, lift: { x, _ in lift(x.wide) }, combine: T.Wide.sum,
      finish: finish)
  }

  @inline(__always)
  private func extreme<T: ArrayElement>(
    _ type: T.Type, from identity: T, _ combine: (T, T) -> T
  ) {
    fold(T.self, from: identity, lift: { x, _ in x }, combine: combine, finish: { $0 })
  }

  @inline(__always)
  private static func larger<T: ArrayElement>(_ a: T, _ b: T) -> T {
    a > b || a.isNotANumber ? a : b
  }

  @inline(__always)
  private static func smaller<T: ArrayElement>(_ a: T, _ b: T) -> T {
    a < b || a.isNotANumber ? a : b
  }

  /// Combines the lifted elements of each group; rows that are reduced use four partial results.
  @inline(__always)
  private func fold<T: ArrayElement, A: BitwiseCopyable>(
    _ type: T.Type, from identity: A, lift: (T, Int) -> A, combine: (A, A) -> A,
    finish: (A) -> T
  ) {
    let groups = result.elementCount
    let partial = UnsafeMutablePointer<A>.allocate(capacity: groups)
    defer { partial.deallocate() }
    partial.initialize(repeating: identity, count: groups)
    let last = plan.extents.count - 1
    let (count, keepsLast) = (plan.extents[last], plan.strides[last] != 0)
    let outerStrides = Array(plan.strides[..<last])
    var row = x.pointer(as: T.self)
    forEachOffset(Array(plan.extents[..<last]), outerStrides, outerStrides) { group, _ in
      if keepsLast {
        for i in 0..<count {
          partial[group + i] = combine(partial[group + i], lift(row[i], group + i))
        }
      } else {
        var (a, b, c, d) = (identity, identity, identity, identity)
        var i = 0
        while i + 4 <= count {
          a = combine(a, lift(row[i], group))
          b = combine(b, lift(row[i + 1], group))
          c = combine(c, lift(row[i + 2], group))
          d = combine(d, lift(row[i + 3], group))
          i += 4
        }
        while i < count {
          a = combine(a, lift(row[i], group))
          i += 1
        }
        partial[group] = combine(partial[group], combine(combine(a, b), combine(c, d)))
      }
      row += count
    }
    let to = result.mutablePointer(as: T.self)
    for group in 0..<groups { to[group] = finish(partial[group]) }
  }
}
