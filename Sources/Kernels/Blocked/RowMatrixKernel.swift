internal import CKernels

/// A product of row-major activations with a packed constant matrix and a fused epilogue.
///
/// Serves fully connected layers of several images and the tokens of transformers; immutable, so
/// that threads share it. Each row's bits are independent of the number of rows.
public final class RowMatrixKernel: Sendable {
  /// K: columns of the input.
  public let inner: Int
  /// N: columns of the output.
  public let columns: Int
  public let activation: FusedActivation
  /// Whether the result is `activation(product + bias) + residual` instead.
  public let activationBeforeResidual: Bool
  /// Whether both sides are rounded to bf16 before they are multiplied.
  public let roundsToBF16: Bool
  private let kernels: BlockedKernels
  private let weights: AlignedFloats
  private let bias: AlignedFloats

  /// Whether there is a kernel of bf16 products for so many columns of input.
  public static func supportsBF16(inner: Int) -> Bool { ic_bf16_matrix_fits(inner) != 0 }

  /// Packs the weights.
  ///
  /// - Parameter weights: [K, N], or [N, K] when `transposed`; copied.
  /// - Parameter bias: [N], copied; zeros when nil.
  public init(
    inner: Int, columns: Int, weights: UnsafeBufferPointer<Float>, transposed: Bool,
    bias: UnsafeBufferPointer<Float>? = nil, activation: FusedActivation = .none,
    activationBeforeResidual: Bool = false, roundsToBF16: Bool = false,
    kernels: BlockedKernels = .best
  ) {
    precondition(inner > 0 && columns > 0 && weights.count == inner * columns)
    precondition(bias == nil || bias?.count == columns)
    self.inner = inner
    self.columns = columns
    self.activation = activation
    self.activationBeforeResidual = activationBeforeResidual
    self.roundsToBF16 = roundsToBF16
    self.kernels = kernels
    let (innerStride, columnStride) = transposed ? (1, inner) : (columns, 1)
    if roundsToBF16 {
      precondition(kernels.hasBF16 && Self.supportsBF16(inner: inner))
      self.weights = AlignedFloats(count: ic_bf16_matrix_packed_floats(inner, columns))
      ic_bf16_matrix_pack(
        inner, columns, weights.baseAddress, innerStride, columnStride, self.weights.base)
    } else {
      self.weights = AlignedFloats(count: ic_matrix_packed_floats(inner, columns))
      ic_matrix_pack(
        inner, columns, weights.baseAddress, innerStride, columnStride, self.weights.base)
    }
    self.bias = AlignedFloats(count: ic_matrix_bias_floats(columns))
    ic_matrix_pack_bias(columns, bias?.baseAddress, self.bias.base)
  }

  /// Bytes of packed weights.
  public var packedByteCount: Int { (weights.count + bias.count) * MemoryLayout<Float>.stride }

  /// Computes `activation(input * weights + bias + residual)`.
  ///
  /// Shapes: `input` is [rows, K], `output` and `residual` are [rows, N]; `residual` may be the
  /// output itself, unless it is added last.
  ///
  /// - Parameter share: the rows or columns of the output that are computed.
  public func run(
    input: RowsView, output: RowsView, residual: RowsView? = nil, share: Share = .whole
  ) {
    precondition(input.columns == inner && output.columns == columns && input.rows == output.rows)
    precondition(residual.map { $0.hasExtents(of: output) } ?? true)
    precondition(!activationBeforeResidual || residual?.base != output.base)
    if splitsColumns(share, rows: input.rows) {
      let range = share.range(of: columns, unit: Self.panel)
      guard !range.isEmpty else { return }
      multiply(
        input, range.lowerBound, output.columns(range), residual: residual?.columns(range))
    } else if let input = input.rows(of: share), let output = output.rows(of: share) {
      multiply(input, 0, output, residual: residual?.rows(of: share))
    }
  }

  /// Columns of one panel of packed weights.
  private static var panel: Int { Int(IC_PANEL) }

  /// Whether threads divide the columns: each reads its part of the weights, but all rows.
  private func splitsColumns(_ share: Share, rows: Int) -> Bool {
    guard share.count > 1 else { return false }
    let (byRows, byColumns) = (
      share.largest(of: max(rows, 1)), share.largest(of: columns, unit: Self.panel)
    )
    return columns > rows ? byColumns <= 1.15 * byRows : 1.15 * byColumns < byRows
  }

  /// Computes some columns, from the first of a panel on.
  private func multiply(
    _ input: RowsView, _ first: Int, _ output: RowsView, residual: RowsView?
  ) {
    var epilogue = activation.c(beforeResidual: activationBeforeResidual)
    var (operand, result) = (input.c, output.c)
    let bias = bias.base + first
    withOptionalPointer(to: residual?.c) { residual in
      if roundsToBF16 {
        ic_bf16_matrix_run(
          kernels.bf16Table, weights.base + ic_bf16_matrix_packed_floats(inner, first), bias,
          &epilogue, &operand, &result, residual)
      } else {
        ic_matrix_run(
          kernels.table, weights.base + ic_matrix_packed_floats(inner, first), bias, &epilogue,
          &operand, &result, residual)
      }
    }
  }
}
