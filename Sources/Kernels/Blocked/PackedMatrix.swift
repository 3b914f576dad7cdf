internal import CKernels

/// A matrix packed into memory of the caller, for products whose both sides are activations.
///
/// Attention packs its keys and values this way; constant weights belong in a row matrix kernel.
public struct PackedMatrix {
  public let inner: Int
  public let columns: Int
  private let memory: UnsafeMutablePointer<Float>

  /// Floats of memory that packing an [inner, columns] matrix takes.
  public static func floatCount(inner: Int, columns: Int) -> Int {
    ic_matrix_packed_floats(inner, columns) + ic_matrix_bias_floats(columns)
  }

  /// Packs element (k, n) from `source[k * innerStride + n * columnStride]`.
  ///
  /// - Parameter memory: `floatCount` floats on a 64-byte boundary, kept by the caller for as long
  ///   as the matrix is used.
  public init(
    packing source: UnsafePointer<Float>, inner: Int, columns: Int, innerStride: Int,
    columnStride: Int, into memory: UnsafeMutablePointer<Float>
  ) {
    precondition(inner > 0 && columns > 0 && UInt(bitPattern: memory) % 64 == 0)
    self.inner = inner
    self.columns = columns
    self.memory = memory
    ic_matrix_pack(inner, columns, source, innerStride, columnStride, memory)
    ic_matrix_pack_bias(columns, nil, memory + ic_matrix_packed_floats(inner, columns))
  }

  var weights: UnsafePointer<Float> { UnsafePointer(memory) }
  var bias: UnsafePointer<Float> {
    UnsafePointer(memory + ic_matrix_packed_floats(inner, columns))
  }
}

extension BlockedKernels {
  /// Computes `activation(input * matrix + residual)`.
  ///
  /// Shapes: `input` is [rows, K], `output` and `residual` are [rows, N].
  public func multiply(
    _ input: RowsView, _ matrix: PackedMatrix, output: RowsView, residual: RowsView? = nil,
    activation: FusedActivation = .none
  ) {
    precondition(input.columns == matrix.inner && output.columns == matrix.columns)
    precondition(input.rows == output.rows)
    precondition(residual.map { $0.hasExtents(of: output) } ?? true)
    var epilogue = activation.c(beforeResidual: false)
    var (operand, result) = (input.c, output.c)
    withOptionalPointer(to: residual?.c) { residual in
      ic_matrix_run(
        table, matrix.weights, matrix.bias, &epilogue, &operand, &result, residual)
    }
  }
}
