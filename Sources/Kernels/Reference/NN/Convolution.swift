public import Tensors

/// Convolves each image with a bank of filters.
///
/// Shapes: as in `geometry`; `bias` is [M]. Types: float32, float64 or float16, all the same.
/// Every image is computed by products of the same extents, so its bits do not depend on the batch.
/// Source: ONNX Conv-22.
public func convolution(
  _ x: Tensor, weight: Tensor, bias: Tensor?, geometry: ConvolutionExtents, into y: Tensor
) {
  computing([x, weight, bias], into: [y]) { inputs, outputs in
    guard let x = inputs[0], let weight = inputs[1] else { return }
    if outputs[0].dtype == .float64 {
      forward(Double.self, x, weight, inputs[2], geometry, outputs[0])
    } else {
      forward(Float.self, x, weight, inputs[2], geometry, outputs[0])
    }
  }
}

/// Computes the gradient of a convolution by its input.
///
/// Shapes: `dY` is `geometry.output`, `dX` is `geometry.input`.
public func convolutionBackward(
  dY: Tensor, weight: Tensor, geometry: ConvolutionExtents, into dX: Tensor
) {
  convolutionTranspose(dY, weight: weight, bias: nil, geometry: geometry, into: dX)
}

/// Applies the transpose of a convolution, which spreads each element over a window.
///
/// Shapes: `x` is `geometry.output`, `y` is `geometry.input`, `weight` is that of the convolution
/// and `bias` is [channels of y].
/// Source: ONNX ConvTranspose-22.
public func convolutionTranspose(
  _ x: Tensor, weight: Tensor, bias: Tensor?, geometry: ConvolutionExtents, into y: Tensor
) {
  computing([x, weight, bias], into: [y]) { inputs, outputs in
    guard let x = inputs[0], let weight = inputs[1] else { return }
    if outputs[0].dtype == .float64 {
      transpose(Double.self, x, weight, inputs[2], geometry, outputs[0])
    } else {
      transpose(Float.self, x, weight, inputs[2], geometry, outputs[0])
    }
  }
}

private func forward<T: FloatingScalar>(
  _ type: T.Type, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ geometry: ConvolutionExtents,
  _ y: Tensor
) {
  let convolution = GroupConvolution<T>(geometry, weight: weight)
  fill(T.self, y, planeCount: convolution.plan.outputCount, bias)
  let x = x.pointer(to: T.self)
  let y = y.pointer(to: T.self)
  for part in 0..<geometry.batch * geometry.group {
    convolution.forward(
      x + part * convolution.inputCount, group: part % geometry.group,
      into: y + part * convolution.outputCount)
  }
}

private func transpose<T: FloatingScalar>(
  _ type: T.Type, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ geometry: ConvolutionExtents,
  _ y: Tensor
) {
  let convolution = GroupConvolution<T>(geometry, weight: weight)
  fill(T.self, y, planeCount: convolution.plan.inputCount, bias)
  let x = x.pointer(to: T.self)
  let y = y.pointer(to: T.self)
  for part in 0..<geometry.batch * geometry.group {
    convolution.transpose(
      x + part * convolution.outputCount, group: part % geometry.group,
      into: y + part * convolution.inputCount)
  }
}

/// Sets every plane of `y` (N, C, plane) to the bias of its channel, or to zero.
private func fill<T: FloatingScalar>(_ type: T.Type, _ y: Tensor, planeCount: Int, _ bias: Tensor?)
{
  let elements = y.pointer(to: T.self)
  guard let bias else { return elements.update(repeating: 0, count: y.elementCount) }
  let values = bias.pointer(to: T.self)
  for (plane, start) in stride(from: 0, to: y.elementCount, by: planeCount).enumerated() {
    (elements + start).update(repeating: values[plane % bias.elementCount], count: planeCount)
  }
}

/// The convolution of one image's channels of one group.
private struct GroupConvolution<T: FloatingScalar> {
  let plan: WindowPlan
  let isIdentity: Bool
  let isGrouped: Bool
  /// Channels of the input and of the output in one group.
  let channels: Int
  let filters: Int
  let weight: UnsafeMutablePointer<T>

  init(_ geometry: ConvolutionExtents, weight: Tensor) {
    plan = WindowPlan(geometry.window)
    isIdentity = geometry.window.isIdentity
    isGrouped = geometry.group > 1
    channels = geometry.inputChannelsPerGroup
    filters = geometry.outputChannelsPerGroup
    self.weight = weight.pointer(to: T.self)
  }

  var inputCount: Int { channels * plan.inputCount }
  var outputCount: Int { filters * plan.outputCount }
  /// The length of one filter.
  var filterCount: Int { channels * plan.tapCount }

  /// Whether a group has too few filters to be worth gathering its input for a matrix product.
  var isDirect: Bool { isGrouped && filters < 8 }

  /// Outputs gathered at a time, to bound the buffer of columns.
  var blockCount: Int { max(1, min(plan.outputCount, (1 << 20) / max(filterCount, 1))) }

  /// Adds the convolution of `x` (channels, D, H, W) to `y` (filters, oD, oH, oW).
  func forward(_ x: UnsafePointer<T>, group: Int, into y: UnsafeMutablePointer<T>) {
    let weight = UnsafePointer(weight + group * filters * filterCount)
    if isDirect { return forwardDirect(x, weight, into: y) }
    if isIdentity {
      return T.gemm(
        transposeA: false, transposeB: false, m: filters, n: plan.outputCount, k: channels,
        alpha: 1, a: weight, lda: channels, b: x, ldb: plan.outputCount, beta: 1, c: y,
        ldc: plan.outputCount)
    }
    forEachBlock { block, columns in
      gather(x, block, into: columns)
      T.gemm(
        transposeA: false, transposeB: false, m: filters, n: block.count, k: filterCount,
        alpha: 1, a: weight, lda: filterCount, b: columns, ldb: block.count, beta: 1,
        c: y + block.lowerBound, ldc: plan.outputCount)
    }
  }

  /// Adds the transposed convolution of `x` (filters, oD, oH, oW) to `y` (channels, D, H, W).
  func transpose(_ x: UnsafePointer<T>, group: Int, into y: UnsafeMutablePointer<T>) {
    let weight = UnsafePointer(weight + group * filters * filterCount)
    if isDirect { return transposeDirect(x, weight, into: y) }
    if isIdentity {
      return T.gemm(
        transposeA: true, transposeB: false, m: channels, n: plan.outputCount, k: filters,
        alpha: 1, a: weight, lda: channels, b: x, ldb: plan.outputCount, beta: 1, c: y,
        ldc: plan.outputCount)
    }
    forEachBlock { block, columns in
      T.gemm(
        transposeA: true, transposeB: false, m: filterCount, n: block.count, k: filters, alpha: 1,
        a: weight, lda: filterCount, b: x + block.lowerBound, ldb: plan.outputCount, beta: 0,
        c: columns, ldc: block.count)
      scatter(columns, block, into: y)
    }
  }

  private func forEachBlock(_ body: (_ block: Range<Int>, UnsafeMutablePointer<T>) -> Void) {
    let columns = UnsafeMutablePointer<T>.allocate(capacity: filterCount * blockCount)
    defer { columns.deallocate() }
    for start in stride(from: 0, to: plan.outputCount, by: blockCount) {
      body(start..<min(start + blockCount, plan.outputCount), columns)
    }
  }

  /// Writes what each output of `block` sees as a column (channels · taps, block).
  private func gather(
    _ x: UnsafePointer<T>, _ block: Range<Int>, into columns: UnsafeMutablePointer<T>
  ) {
    if plan.hasPads { columns.update(repeating: 0, count: filterCount * block.count) }
    let step = plan.step
    for row in 0..<filterCount {
      let x = x + row / plan.tapCount * plan.inputCount
      let columns = columns + row * block.count - block.lowerBound
      plan.forEachRun(tap: row % plan.tapCount, in: block) { output, input, count in
        let target = columns + output
        let source = x + input
        if step == 1 {
          target.update(from: source, count: count)
        } else {
          for index in 0..<count { target[index] = source[index * step] }
        }
      }
    }
  }

  /// Adds each column (channels · taps, block) to the inputs its output sees.
  private func scatter(
    _ columns: UnsafePointer<T>, _ block: Range<Int>, into y: UnsafeMutablePointer<T>
  ) {
    let step = plan.step
    for row in 0..<filterCount {
      let y = y + row / plan.tapCount * plan.inputCount
      let columns = columns + row * block.count - block.lowerBound
      plan.forEachRun(tap: row % plan.tapCount, in: block) { output, input, count in
        let source = columns + output
        let target = y + input
        if step == 1 {
          for index in 0..<count { target[index] += source[index] }
        } else {
          for index in 0..<count { target[index * step] += source[index] }
        }
      }
    }
  }

  private func forwardDirect(
    _ x: UnsafePointer<T>, _ weight: UnsafePointer<T>, into y: UnsafeMutablePointer<T>
  ) {
    let step = plan.step
    for row in 0..<filters * filterCount {
      let w = weight[row]
      let x = x + row % filterCount / plan.tapCount * plan.inputCount
      let y = y + row / filterCount * plan.outputCount
      plan.forEachRun(tap: row % plan.tapCount, in: 0..<plan.outputCount) { output, input, count in
        let target = y + output
        let source = x + input
        if step == 1 {
          for index in 0..<count { target[index] += w * source[index] }
        } else {
          for index in 0..<count { target[index] += w * source[index * step] }
        }
      }
    }
  }

  private func transposeDirect(
    _ x: UnsafePointer<T>, _ weight: UnsafePointer<T>, into y: UnsafeMutablePointer<T>
  ) {
    let step = plan.step
    for row in 0..<filters * filterCount {
      let w = weight[row]
      let x = x + row / filterCount * plan.outputCount
      let y = y + row % filterCount / plan.tapCount * plan.inputCount
      plan.forEachRun(tap: row % plan.tapCount, in: 0..<plan.outputCount) { output, input, count in
        let source = x + output
        let target = y + input
        if step == 1 {
          for index in 0..<count { target[index] += w * source[index] }
        } else {
          for index in 0..<count { target[index * step] += w * source[index] }
        }
      }
    }
  }
}
