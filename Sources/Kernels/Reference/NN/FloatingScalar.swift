import Glibc
import Tensors

/// The element types the floating-point kernels compute in.
protocol FloatingScalar: TensorElement, BinaryFloatingPoint {
  static func exp(_ x: Self) -> Self
  static func expm1(_ x: Self) -> Self
  static func log(_ x: Self) -> Self
  static func log1p(_ x: Self) -> Self
  static func tanh(_ x: Self) -> Self
  static func erf(_ x: Self) -> Self
  static func pow(_ x: Self, _ y: Self) -> Self

  static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Self,
    a: UnsafePointer<Self>, lda: Int, b: UnsafePointer<Self>, ldb: Int, beta: Self,
    c: UnsafeMutablePointer<Self>, ldc: Int)

  static func gemv(
    transpose: Bool, rows: Int, columns: Int, alpha: Self, a: UnsafePointer<Self>, lda: Int,
    x: UnsafePointer<Self>, incrementX: Int, y: UnsafeMutablePointer<Self>, incrementY: Int)
}

extension Float: FloatingScalar {
  static func exp(_ x: Float) -> Float { Glibc.expf(x) }
  static func expm1(_ x: Float) -> Float { Glibc.expm1f(x) }
  static func log(_ x: Float) -> Float { Glibc.logf(x) }
  static func log1p(_ x: Float) -> Float { Glibc.log1pf(x) }
  static func tanh(_ x: Float) -> Float { Glibc.tanhf(x) }
  static func erf(_ x: Float) -> Float { Glibc.erff(x) }
  static func pow(_ x: Float, _ y: Float) -> Float { Glibc.powf(x, y) }

  static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Float,
    a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int, beta: Float,
    c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    BLAS.gemm(
      transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: alpha, a: a,
      lda: lda, b: b, ldb: ldb, beta: beta, c: c, ldc: ldc)
  }

  static func gemv(
    transpose: Bool, rows: Int, columns: Int, alpha: Float, a: UnsafePointer<Float>, lda: Int,
    x: UnsafePointer<Float>, incrementX: Int, y: UnsafeMutablePointer<Float>, incrementY: Int
  ) {
    BLAS.gemv(
      transpose: transpose, rows: rows, columns: columns, alpha: alpha, a: a, lda: lda, x: x,
      incrementX: incrementX, y: y, incrementY: incrementY)
  }
}

extension Double: FloatingScalar {
  static func exp(_ x: Double) -> Double { Glibc.exp(x) }
  static func expm1(_ x: Double) -> Double { Glibc.expm1(x) }
  static func log(_ x: Double) -> Double { Glibc.log(x) }
  static func log1p(_ x: Double) -> Double { Glibc.log1p(x) }
  static func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
  static func erf(_ x: Double) -> Double { Glibc.erf(x) }
  static func pow(_ x: Double, _ y: Double) -> Double { Glibc.pow(x, y) }

  static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Double,
    a: UnsafePointer<Double>, lda: Int, b: UnsafePointer<Double>, ldb: Int, beta: Double,
    c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    BLAS.gemm(
      transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: alpha, a: a,
      lda: lda, b: b, ldb: ldb, beta: beta, c: c, ldc: ldc)
  }

  static func gemv(
    transpose: Bool, rows: Int, columns: Int, alpha: Double, a: UnsafePointer<Double>, lda: Int,
    x: UnsafePointer<Double>, incrementX: Int, y: UnsafeMutablePointer<Double>, incrementY: Int
  ) {
    BLAS.gemv(
      transpose: transpose, rows: rows, columns: columns, alpha: alpha, a: a, lda: lda, x: x,
      incrementX: incrementX, y: y, incrementY: incrementY)
  }
}
