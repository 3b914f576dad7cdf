public import Faults
public import Tensors

/// The extents of a product of stacks of matrices, as numpy broadcasts them.
///
/// Where B is a single matrix, all of A but its first axis is taken as one matrix: the first axis
/// may count samples, and the bits of one must not depend on how many there are.
public struct MatMulGeometry: Sendable, Hashable {
  /// The stack of products.
  public let batch: [Int]
  /// Each A is [m, k], each B is [k, n], each Y is [m, n].
  public let m: Int
  public let n: Int
  public let k: Int
  public let output: Shape
  /// The elements from one matrix of A and of B to the next along each axis of `batch`.
  let strideA: [Int]
  let strideB: [Int]
  /// Whether the rows of A may be samples, as there is no stack of A.
  let rowByRow: Bool

  /// - Throws: `Fault` with code `model.invalid` when A and B do not fit.
  public init(a: Shape, b: Shape) throws(Fault) {
    guard a.rank >= 1, b.rank >= 1 else {
      throw Fault(.modelInvalid, "A \(a) and B \(b) must have at least one axis")
    }
    let (left, right) = (a.dimensions.suffix(2), b.dimensions.suffix(2))
    let rows = left.dropLast()
    self.n = b.rank == 1 ? 1 : b[b.rank - 1]
    self.k = a[a.rank - 1]
    guard right.first == k else {
      throw Fault(.modelInvalid, "A \(a) and B \(b) have no inner extent in common")
    }
    let (stackA, stackB) = (Array(a.dimensions.dropLast(2)), Array(b.dimensions.dropLast(2)))
    let stack = try Self.broadcast(stackA, stackB)
    self.output = Shape(stack + rows + (b.rank == 1 ? [] : [n]))
    if stackB.isEmpty, let first = stackA.first {
      self.batch = [first]
      self.m = stackA.dropFirst().reduce(rows.reduce(1, *), *)
    } else {
      self.batch = stack
      self.m = rows.first ?? 1
    }
    let (countA, countB) = (m * k, k * n)
    let joined = stackB.isEmpty ? Array(stackA.prefix(1)) : stackA
    self.strideA = repeatingStrides(joined, to: batch).map { $0 * countA }
    self.strideB = repeatingStrides(stackB, to: batch).map { $0 * countB }
    self.rowByRow = a.rank <= 2
  }

  private static func broadcast(_ a: [Int], _ b: [Int]) throws(Fault) -> [Int] {
    let rank = max(a.count, b.count)
    let a = [Int](repeating: 1, count: rank - a.count) + a
    let b = [Int](repeating: 1, count: rank - b.count) + b
    for (extentA, extentB) in zip(a, b) where extentA != extentB && extentA != 1 && extentB != 1 {
      throw Fault(.modelInvalid, "the stacks of A \(a) and B \(b) do not broadcast")
    }
    return zip(a, b).map { $0 == 1 ? $1 : $0 }
  }
}

/// Multiplies stacks of matrices.
///
/// Types: float32, float64, float16, int32, int64, uint32 or uint64; integers wrap. When A is a
/// single matrix each of its rows is computed by itself, otherwise each matrix of the stack is.
/// Source: ONNX MatMul-13.
public func matMul(_ a: Tensor, _ b: Tensor, geometry: MatMulGeometry, into y: Tensor) {
  computing([a, b], into: [y]) { inputs, outputs in
    guard let a = inputs[0], let b = inputs[1] else { return }
    switch a.dtype {
    case .float32: forward(Float.self, a, b, geometry, outputs[0])
    case .float64: forward(Double.self, a, b, geometry, outputs[0])
    case .int32: multiplyIntegers(Int32.self, a, b, geometry, outputs[0])
    case .int64: multiplyIntegers(Int64.self, a, b, geometry, outputs[0])
    case .uint32: multiplyIntegers(UInt32.self, a, b, geometry, outputs[0])
    case .uint64: multiplyIntegers(UInt64.self, a, b, geometry, outputs[0])
    default: preconditionFailure("the shape rule admits no other type")
    }
  }
}

/// Computes the gradient of `matMul` by A, summed over what A is repeated along.
public func matMulBackwardA(dY: Tensor, b: Tensor, geometry: MatMulGeometry, into dA: Tensor) {
  computing([dY, b], into: [dA]) { inputs, outputs in
    guard let dY = inputs[0], let b = inputs[1] else { return }
    if outputs[0].dtype == .float64 {
      backwardA(Double.self, dY, b, geometry, outputs[0])
    } else {
      backwardA(Float.self, dY, b, geometry, outputs[0])
    }
  }
}

/// Computes the gradient of `matMul` by B, summed over what B is repeated along.
public func matMulBackwardB(dY: Tensor, a: Tensor, geometry: MatMulGeometry, into dB: Tensor) {
  computing([dY, a], into: [dB]) { inputs, outputs in
    guard let dY = inputs[0], let a = inputs[1] else { return }
    if outputs[0].dtype == .float64 {
      backwardB(Double.self, dY, a, geometry, outputs[0])
    } else {
      backwardB(Float.self, dY, a, geometry, outputs[0])
    }
  }
}

extension MatMulGeometry {
  /// Calls `body` with the offsets of the matrices of each product.
  fileprivate func forEachMatrix(_ body: (_ a: Int, _ b: Int, _ y: Int) -> Void) {
    var y = 0
    forEachOffsetPair(batch, strideA, strideB) { a, b in
      body(a, b, y)
      y += m * n
    }
  }
}

private func forward<T: FloatingScalar>(
  _ type: T.Type, _ a: Tensor, _ b: Tensor, _ geometry: MatMulGeometry, _ y: Tensor
) {
  let (left, right) = (a.pointer(to: T.self), b.pointer(to: T.self))
  let result = y.pointer(to: T.self)
  result.update(repeating: 0, count: y.elementCount)
  let product = MatrixProduct(
    m: geometry.m, n: geometry.n, k: geometry.k, rowByRow: geometry.rowByRow)
  geometry.forEachMatrix { a, b, y in product.add(left + a, right + b, to: result + y) }
}

private func backwardA<T: FloatingScalar>(
  _ type: T.Type, _ dY: Tensor, _ b: Tensor, _ geometry: MatMulGeometry, _ dA: Tensor
) {
  let (gradient, right) = (dY.pointer(to: T.self), b.pointer(to: T.self))
  let result = dA.pointer(to: T.self)
  result.update(repeating: 0, count: dA.elementCount)
  let product = MatrixProduct(
    m: geometry.m, n: geometry.k, k: geometry.n, transposeB: true, rowByRow: geometry.rowByRow)
  geometry.forEachMatrix { a, b, y in product.add(gradient + y, right + b, to: result + a) }
}

private func backwardB<T: FloatingScalar>(
  _ type: T.Type, _ dY: Tensor, _ a: Tensor, _ geometry: MatMulGeometry, _ dB: Tensor
) {
  let (gradient, left) = (dY.pointer(to: T.self), a.pointer(to: T.self))
  let result = dB.pointer(to: T.self)
  result.update(repeating: 0, count: dB.elementCount)
  let product = MatrixProduct(
    m: geometry.k, n: geometry.n, k: geometry.m, transposeA: true, rowByRow: false)
  geometry.forEachMatrix { a, b, y in product.add(left + a, gradient + y, to: result + b) }
}

private func multiplyIntegers<T: TensorElement & FixedWidthInteger>(
  _ type: T.Type, _ a: Tensor, _ b: Tensor, _ geometry: MatMulGeometry, _ y: Tensor
) {
  let (left, right) = (a.pointer(to: T.self), b.pointer(to: T.self))
  let result = y.pointer(to: T.self)
  result.update(repeating: 0, count: y.elementCount)
  geometry.forEachMatrix { a, b, y in
    for row in 0..<geometry.m {
      let target = result + y + row * geometry.n
      for inner in 0..<geometry.k {
        let factor = left[a + row * geometry.k + inner]
        let source = right + b + inner * geometry.n
        for column in 0..<geometry.n { target[column] &+= factor &* source[column] }
      }
    }
  }
}
