public import Faults
public import Tensors

/// The extents and attributes of Y = alpha · op(A) · op(B) + beta · C.
public struct GemmGeometry: Sendable, Hashable {
  /// op(A) is [m, k], op(B) is [k, n], Y is [m, n].
  public let m: Int
  public let n: Int
  public let k: Int
  public let transposeA: Bool
  public let transposeB: Bool
  public let alpha: Float
  public let beta: Float

  /// - Throws: `Fault` with code `model.invalid` when A and B are not matrices that fit.
  public init(
    a: Shape, b: Shape, transposeA: Bool, transposeB: Bool, alpha: Float, beta: Float
  ) throws(Fault) {
    guard a.rank == 2, b.rank == 2 else {
      throw Fault(.modelInvalid, "A and B must be matrices, but are \(a) and \(b)")
    }
    guard a[transposeA ? 0 : 1] == b[transposeB ? 1 : 0] else {
      throw Fault(
        .modelInvalid,
        "A \(a)\(transposeA ? " transposed" : "") and B \(b)\(transposeB ? " transposed" : "") "
          + "have no inner extent in common")
    }
    self.m = a[transposeA ? 1 : 0]
    self.k = a[transposeA ? 0 : 1]
    self.n = b[transposeB ? 0 : 1]
    self.transposeA = transposeA
    self.transposeB = transposeB
    self.alpha = alpha
    self.beta = beta
  }

  public var output: Shape { [m, n] }
}

/// Computes Y = alpha · op(A) · op(B) + beta · C, each row by itself.
///
/// Shapes: as in `geometry`; `c` broadcasts to [m, n].
/// Source: ONNX Gemm-13.
public func gemm(_ a: Tensor, _ b: Tensor, _ c: Tensor?, geometry: GemmGeometry, into y: Tensor) {
  computing([a, b, c], into: [y]) { inputs, outputs in
    guard let a = inputs[0], let b = inputs[1] else { return }
    if outputs[0].dtype == .float64 {
      forward(Double.self, a, b, inputs[2], geometry, outputs[0])
    } else {
      forward(Float.self, a, b, inputs[2], geometry, outputs[0])
    }
  }
}

/// Computes the gradient of `gemm` by A.
public func gemmBackwardA(dY: Tensor, b: Tensor, geometry: GemmGeometry, into dA: Tensor) {
  computing([dY, b], into: [dA]) { inputs, outputs in
    guard let dY = inputs[0], let b = inputs[1] else { return }
    if outputs[0].dtype == .float64 {
      backwardA(Double.self, dY, b, geometry, outputs[0])
    } else {
      backwardA(Float.self, dY, b, geometry, outputs[0])
    }
  }
}

/// Computes the gradient of `gemm` by B.
public func gemmBackwardB(dY: Tensor, a: Tensor, geometry: GemmGeometry, into dB: Tensor) {
  computing([dY, a], into: [dB]) { inputs, outputs in
    guard let dY = inputs[0], let a = inputs[1] else { return }
    if outputs[0].dtype == .float64 {
      backwardB(Double.self, dY, a, geometry, outputs[0])
    } else {
      backwardB(Float.self, dY, a, geometry, outputs[0])
    }
  }
}

/// Computes the gradient of `gemm` by C: `dY` times beta, summed over the broadcast axes.
public func gemmBackwardC(dY: Tensor, geometry: GemmGeometry, into dC: Tensor) {
  computing([dY], into: [dC]) { inputs, outputs in
    guard let dY = inputs[0] else { return }
    if outputs[0].dtype == .float64 {
      backwardC(Double.self, dY, geometry, outputs[0])
    } else {
      backwardC(Float.self, dY, geometry, outputs[0])
    }
  }
}

private func forward<T: FloatingScalar>(
  _ type: T.Type, _ a: Tensor, _ b: Tensor, _ c: Tensor?, _ geometry: GemmGeometry, _ y: Tensor
) {
  let result = y.pointer(to: T.self)
  result.update(repeating: 0, count: y.elementCount)
  if let c {
    let beta = T(geometry.beta)
    withBroadcast(c, to: y.shape, of: T.self) { c in
      for index in 0..<y.elementCount { result[index] = beta * c[index] }
    }
  }
  let product = MatrixProduct(
    m: geometry.m, n: geometry.n, k: geometry.k, transposeA: geometry.transposeA,
    transposeB: geometry.transposeB, rowByRow: true)
  product.add(
    alpha: T(geometry.alpha), a.pointer(to: T.self), b.pointer(to: T.self), to: result)
}

private func backwardA<T: FloatingScalar>(
  _ type: T.Type, _ dY: Tensor, _ b: Tensor, _ geometry: GemmGeometry, _ dA: Tensor
) {
  let (m, n, k) = (geometry.m, geometry.n, geometry.k)
  let (dY, b, result) = (
    dY.pointer(to: T.self), b.pointer(to: T.self), dA.pointer(to: T.self)
  )
  result.update(repeating: 0, count: dA.elementCount)
  let alpha = T(geometry.alpha)
  if geometry.transposeA {
    let product = MatrixProduct(
      m: k, n: m, k: n, transposeA: geometry.transposeB, transposeB: true, rowByRow: false)
    product.add(alpha: alpha, b, dY, to: result)
  } else {
    let product = MatrixProduct(
      m: m, n: k, k: n, transposeB: !geometry.transposeB, rowByRow: true)
    product.add(alpha: alpha, dY, b, to: result)
  }
}

private func backwardB<T: FloatingScalar>(
  _ type: T.Type, _ dY: Tensor, _ a: Tensor, _ geometry: GemmGeometry, _ dB: Tensor
) {
  let (m, n, k) = (geometry.m, geometry.n, geometry.k)
  let (dY, a, result) = (
    dY.pointer(to: T.self), a.pointer(to: T.self), dB.pointer(to: T.self)
  )
  result.update(repeating: 0, count: dB.elementCount)
  let alpha = T(geometry.alpha)
  if geometry.transposeB {
    let product = MatrixProduct(
      m: n, n: k, k: m, transposeA: true, transposeB: geometry.transposeA, rowByRow: false)
    product.add(alpha: alpha, dY, a, to: result)
  } else {
    let product = MatrixProduct(
      m: k, n: n, k: m, transposeA: !geometry.transposeA, rowByRow: false)
    product.add(alpha: alpha, a, dY, to: result)
  }
}

private func backwardC<T: FloatingScalar>(
  _ type: T.Type, _ dY: Tensor, _ geometry: GemmGeometry, _ dC: Tensor
) {
  let dY = dY.pointer(to: T.self)
  let result = dC.pointer(to: T.self)
  result.update(repeating: 0, count: dC.elementCount)
  let beta = T(geometry.beta)
  let strides = repeatingStrides(dC.shape.dimensions, to: geometry.output.dimensions)
  forEachOffsetPair(geometry.output.dimensions, geometry.output.strides, strides) {
    source, target in
    result[target] += beta * dY[source]
  }
}
