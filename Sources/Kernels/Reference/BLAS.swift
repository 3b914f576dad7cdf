import COpenBLAS

/// Matrix products of OpenBLAS on row-major matrices, on the calling thread only.
///
/// The bits of a product depend on its extents and on the processor, never on other calls: whoever
/// needs a row to be independent of how many rows there are calls `gemv` once a row.
public enum BLAS {
  private static let configured: Void = openblas_set_num_threads(1)

  /// Restricts OpenBLAS to the calling thread; the products call it themselves.
  public static func configure() {
    _ = configured
  }

  /// The processor whose kernels OpenBLAS has chosen; another one gives other last bits.
  public static var coreName: String { String(cString: openblas_get_corename()) }

  /// The library and its version, such as `OpenBLAS 0.3.21`.
  public static var library: String {
    let words = String(cString: openblas_get_config()).split(separator: " ")
    return words.prefix(2).joined(separator: " ")
  }

  /// Computes C = alpha · op(A) · op(B) + beta · C.
  ///
  /// Shapes: op(A) is [m, k], op(B) is [k, n], C is [m, n]; `lda`, `ldb` and `ldc` are the row
  /// strides in elements as stored. C is not read when `beta` is zero.
  public static func gemm(
    transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int, k: Int, alpha: Float = 1,
    a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int, beta: Float = 0,
    c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    guard m > 0, n > 0 else { return }
    configure()
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
      transposeB ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), alpha, a, Int32(lda),
      b, Int32(ldb), beta, c, Int32(ldc))
  }

  /// Computes C = alpha · op(A) · op(B) + beta · C in Float64; see the Float32 function.
  public static func gemm(
    transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int, k: Int, alpha: Double = 1,
    a: UnsafePointer<Double>, lda: Int, b: UnsafePointer<Double>, ldb: Int, beta: Double = 0,
    c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    guard m > 0, n > 0 else { return }
    configure()
    cblas_dgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
      transposeB ? CblasTrans : CblasNoTrans, Int32(m), Int32(n), Int32(k), alpha, a, Int32(lda),
      b, Int32(ldb), beta, c, Int32(ldc))
  }

  /// Computes y += alpha · op(A) · x.
  ///
  /// Shapes: A is [rows, columns] as stored; `incrementX` and `incrementY` are in elements.
  public static func gemv(
    transpose: Bool = false, rows: Int, columns: Int, alpha: Float = 1, a: UnsafePointer<Float>,
    lda: Int, x: UnsafePointer<Float>, incrementX: Int = 1, y: UnsafeMutablePointer<Float>,
    incrementY: Int = 1
  ) {
    guard rows > 0, columns > 0 else { return }
    configure()
    cblas_sgemv(
      CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, Int32(rows), Int32(columns), alpha, a,
      Int32(lda), x, Int32(incrementX), 1, y, Int32(incrementY))
  }

  /// Computes y += alpha · op(A) · x in Float64; see the Float32 function.
  public static func gemv(
    transpose: Bool = false, rows: Int, columns: Int, alpha: Double = 1, a: UnsafePointer<Double>,
    lda: Int, x: UnsafePointer<Double>, incrementX: Int = 1, y: UnsafeMutablePointer<Double>,
    incrementY: Int = 1
  ) {
    guard rows > 0, columns > 0 else { return }
    configure()
    cblas_dgemv(
      CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, Int32(rows), Int32(columns), alpha, a,
      Int32(lda), x, Int32(incrementX), 1, y, Int32(incrementY))
  }
}
