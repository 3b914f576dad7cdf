import Tensors

/// One product of row-major matrices: Y += alpha · op(A) · op(B).
///
/// Shapes: op(A) is [m, k], op(B) is [k, n], Y is [m, n].
struct MatrixProduct {
  var m: Int
  var n: Int
  var k: Int
  var transposeA = false
  var transposeB = false
  /// Whether the rows may be samples: each is then computed by itself, so that its bits do not
  /// depend on how many there are.
  var rowByRow: Bool

  func add<T: FloatingScalar>(
    alpha: T = 1, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, to y: UnsafeMutablePointer<T>
  ) {
    guard k > 0 else { return }
    let lda = transposeA ? m : k
    let ldb = transposeB ? k : n
    guard rowByRow else {
      return T.gemm(
        transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: alpha, a: a,
        lda: lda, b: b, ldb: ldb, beta: 1, c: y, ldc: n)
    }
    for row in 0..<m {
      T.gemv(
        transpose: !transposeB, rows: transposeB ? n : k, columns: ldb, alpha: alpha, a: b,
        lda: ldb, x: a + (transposeA ? row : row * k), incrementX: transposeA ? m : 1,
        y: y + row * n, incrementY: 1)
    }
  }
}
