import Tensors

/// Calls `body` with tensors of a type it can compute in.
///
/// Float16 inputs are given as float32 copies and float16 outputs are rounded once at the end; all
/// other tensors are passed as they are. The tensors live until `body` returns.
func computing(
  _ inputs: [Tensor?], into outputs: [Tensor],
  _ body: (_ inputs: [Tensor?], _ outputs: [Tensor]) -> Void
) {
  let wideInputs = inputs.map { input in input.map { $0.dtype == .float16 ? widened($0) : $0 } }
  let wideOutputs = outputs.map { output in
    output.dtype == .float16 ? Tensor(uninitialized: .float32, output.shape) : output
  }
  withExtendedLifetime((wideInputs, wideOutputs)) { body(wideInputs, wideOutputs) }
  for (output, wide) in zip(outputs, wideOutputs) where output.dtype == .float16 {
    round(wide, into: output)
  }
}

/// The float16 elements as float32.
private func widened(_ tensor: Tensor) -> Tensor {
  let result = Tensor(uninitialized: .float32, tensor.shape)
  tensor.withElements(of: Float16.self) { source in
    result.withMutableElements(of: Float.self) { target in
      for index in source.indices { target[index] = Float(source[index]) }
    }
  }
  return result
}

private func round(_ source: Tensor, into target: Tensor) {
  source.withElements(of: Float.self) { source in
    target.withMutableElements(of: Float16.self) { target in
      for index in source.indices { target[index] = Float16(source[index]) }
    }
  }
}

extension Tensor {
  /// The elements for reading or writing; valid as long as the caller holds the tensor.
  func pointer<T: TensorElement>(to type: T.Type) -> UnsafeMutablePointer<T> {
    precondition(T.dtype == dtype && isAligned)
    return base.assumingMemoryBound(to: T.self)
  }
}
