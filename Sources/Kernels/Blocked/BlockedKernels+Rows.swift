internal import CKernels

extension BlockedKernels {
  /// Normalises each row: (x - mean) / sqrt(variance + epsilon) * scale + shift.
  ///
  /// - Parameter scale: one float per column; ones when nil. `shift` likewise, zeros when nil.
  public func layerNorm(
    _ input: RowsView, scale: UnsafePointer<Float>?, shift: UnsafePointer<Float>?, epsilon: Float,
    output: RowsView, share: Share = .whole
  ) {
    precondition(input.hasExtents(of: output))
    guard let input = input.rows(of: share), let output = output.rows(of: share) else { return }
    var (source, result) = (input.c, output.c)
    ic_rows_layer_norm(table, &source, scale, shift, epsilon, &result)
  }

  /// Takes the softmax of each row.
  public func softmax(_ input: RowsView, output: RowsView, share: Share = .whole) {
    precondition(input.hasExtents(of: output))
    guard let input = input.rows(of: share), let output = output.rows(of: share) else { return }
    var (source, result) = (input.c, output.c)
    ic_rows_softmax(table, &source, &result)
  }

  /// Applies an elementwise function.
  public func activate(
    _ activation: FusedActivation, _ input: RowsView, output: RowsView, share: Share = .whole
  ) {
    precondition(input.hasExtents(of: output))
    guard let input = input.rows(of: share), let output = output.rows(of: share) else { return }
    var epilogue = activation.c(beforeResidual: false)
    var (source, result) = (input.c, output.c)
    ic_rows_activation(table, &epilogue, &source, &result)
  }

  /// Computes `activation(a operation b)`, elementwise.
  public func binary(
    _ operation: BinaryOperation, _ a: RowsView, _ b: RowsView, output: RowsView,
    activation: FusedActivation = .none, share: Share = .whole
  ) {
    precondition(a.hasExtents(of: output) && b.hasExtents(of: output))
    guard let a = a.rows(of: share), let b = b.rows(of: share), let output = output.rows(of: share)
    else { return }
    var epilogue = activation.c(beforeResidual: false)
    var (left, right, result) = (a.c, b.c, output.c)
    ic_rows_binary(table, operation.c, &epilogue, &left, &right, &result)
  }

  /// Computes `activation(input * scale + shift)` with one scale and shift per column.
  public func affine(
    _ input: RowsView, scale: UnsafePointer<Float>? = nil, shift: UnsafePointer<Float>? = nil,
    output: RowsView, activation: FusedActivation = .none, share: Share = .whole
  ) {
    precondition(input.hasExtents(of: output))
    guard let input = input.rows(of: share), let output = output.rows(of: share) else { return }
    var epilogue = activation.c(beforeResidual: false)
    var (source, result) = (input.c, output.c)
    ic_rows_affine(table, &epilogue, &source, scale, shift, &result)
  }
}
