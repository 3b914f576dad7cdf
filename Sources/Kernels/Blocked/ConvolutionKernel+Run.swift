internal import CKernels

extension ConvolutionKernel {
  /// Convolves `images` images; the halo of `output` is left alone.
  ///
  /// - Parameter input: a halo of at least `geometry.requiredHalo`, zeroed where padding is meant.
  /// - Parameter residual: extents as `output`; may be the output itself, unless it is added last.
  /// - Parameter scratch: `scratchFloatCount` floats that nothing else uses meanwhile.
  /// - Parameter share: the rows or channels of the output that are computed.
  public func run(
    input: BlockedView, output: BlockedView, residual: BlockedView? = nil, images: Int,
    scratch: UnsafeMutablePointer<Float>? = nil, share: Share = .whole
  ) {
    precondition(source == .blocked)
    run(
      Operands(input: input.c, layout: input.layout, output: output, residual: residual),
      images: images, scratch: scratch, share)
  }

  /// Convolves `images` planar images; the halo of `output` is left alone.
  public func run(
    input: PlanarView, output: BlockedView, residual: BlockedView? = nil, images: Int,
    share: Share = .whole
  ) {
    precondition(source == .planar)
    run(
      Operands(input: input.c, layout: input.layout, output: output, residual: residual),
      images: images, scratch: nil, share)
  }

  private struct Operands {
    var input: ic_view
    var layout: ActivationLayout
    var output: BlockedView
    var residual: BlockedView?
  }

  private func run(
    _ operands: Operands, images: Int, scratch: UnsafeMutablePointer<Float>?, _ share: Share
  ) {
    let (input, output) = (operands.layout, operands.output.layout)
    precondition(images >= 0 && input.channels == geometry.inputChannels)
    precondition(output.channels == geometry.outputChannels)
    precondition(
      input.halo.contains(
        geometry.requiredHalo(
          input: (input.height, input.width), output: (output.height, output.width))))
    precondition(operands.residual.map { $0.layout.hasExtents(of: output) } ?? true)
    precondition(!activationBeforeResidual || operands.residual?.base != operands.output.base)
    if share == .whole {
      compute(operands, geometry.c, firstChannel: 0, images, scratch)
    } else if splitsChannels(share, input, output) {
      let channels = share.range(of: output.channels, unit: channelUnit)
      if !channels.isEmpty { compute(operands, channels: channels, images, scratch) }
    } else {
      let rows = splitsRows(input, output) ? share : .whole
      let range = rows.range(of: output.height, unit: rowUnit)
      guard !range.isEmpty, rows.count > 1 || share.index == 0 else { return }
      compute(operands, rows: range, images, scratch)
    }
  }

  /// Rows that only one thread can compute.
  private var rowUnit: Int { algorithm == .winograd ? Int(IC_WINOGRAD_OUTPUTS) : 1 }

  /// Channels that only one thread can compute.
  private var channelUnit: Int { usesLanes ? ActivationLayout.block : Int(IC_PANEL) }

  /// Whether the last row of the output begins inside the image, so that any rows are a convolution
  /// of rows of the image.
  private func splitsRows(_ input: ActivationLayout, _ output: ActivationLayout) -> Bool {
    (output.height - 1) * geometry.strideHeight < input.height
  }

  /// Whether threads divide the channels: each reads its part of the weights, but the whole input.
  private func splitsChannels(
    _ share: Share, _ input: ActivationLayout, _ output: ActivationLayout
  ) -> Bool {
    guard geometry.groups == 1 || usesLanes else { return false }
    let byRows = splitsRows(input, output) ? share.largest(of: output.height, unit: rowUnit) : 1
    let byChannels = share.largest(of: output.channels, unit: channelUnit)
    return weights.count > input.blockedImageFloats
      ? byChannels <= 1.15 * byRows : 1.15 * byChannels < byRows
  }

  private func compute(
    _ operands: Operands, rows: Range<Int>, _ images: Int,
    _ scratch: UnsafeMutablePointer<Float>?
  ) {
    var part = operands
    let first = rows.lowerBound * geometry.strideHeight
    part.input.layout = operands.layout.rows(first..<operands.layout.height).c
    part.output = operands.output.rows(rows)
    part.residual = operands.residual?.rows(rows)
    compute(part, geometry.c, firstChannel: 0, images, scratch)
  }

  private func compute(
    _ operands: Operands, channels: Range<Int>, _ images: Int,
    _ scratch: UnsafeMutablePointer<Float>?
  ) {
    let (first, count) = (channels.lowerBound, channels.count)
    var (part, conv) = (operands, geometry.c)
    part.output = operands.output.channels(from: first, count: count)
    part.residual = operands.residual?.channels(from: first, count: count)
    conv.output_channels = count
    if usesLanes {
      conv.input_channels = count
      conv.groups = count / (geometry.inputChannels / geometry.groups)
      let planeFloats = operands.layout.blockedImageFloats / operands.layout.blockCount
      part.input.base = operands.input.base + first / ActivationLayout.block * planeFloats
      part.input.layout.channels = count
    }
    compute(part, conv, firstChannel: first, images, scratch)
  }

  /// Runs the kernel for the output channels of `conv`, the first of which begins a panel.
  private func compute(
    _ operands: Operands, _ conv: ic_convolution, firstChannel: Int, _ images: Int,
    _ scratch: UnsafeMutablePointer<Float>?
  ) {
    var conv = conv
    var epilogue = activation.c(beforeResidual: activationBeforeResidual)
    var (input, result) = (operands.input, operands.output.c)
    let weights = UnsafePointer(weights.base + packedFloats(before: firstChannel))
    let bias = UnsafePointer(bias.base + firstChannel)
    withOptionalPointer(to: operands.residual?.c) { residual in
      if algorithm == .winograd {
        guard let scratch, UInt(bitPattern: scratch) % 64 == 0 else {
          preconditionFailure("a Winograd convolution needs scratch memory")
        }
        ic_winograd_run(
          kernels.table, &conv, weights, bias, &epilogue, &input, &result, residual, images,
          scratch)
      } else if algorithm == .bf16 {
        ic_bf16_conv_run(
          kernels.bf16Table, &conv, weights, bias, &epilogue, &input, &result, residual, images)
      } else if usesLanes {
        ic_depthwise_run(
          kernels.table, &conv, weights, bias, &epilogue, &input, &result, residual, images)
      } else {
        ic_conv_run(
          kernels.table, &conv, source.c, weights, bias, &epilogue, &input, &result, residual,
          images)
      }
    }
  }

  /// Floats of the packed weights of the output channels before one that begins a panel.
  private func packedFloats(before channel: Int) -> Int {
    guard channel > 0 else { return 0 }
    var conv = geometry.c
    if usesLanes {
      let blocks = (geometry.outputChannels + ActivationLayout.block - 1) / ActivationLayout.block
      return ic_depthwise_packed_floats(&conv) / blocks * (channel / ActivationLayout.block)
    }
    conv.output_channels = channel
    return switch algorithm {
    case .winograd: ic_winograd_packed_floats(&conv)
    case .bf16: ic_bf16_conv_packed_floats(&conv)
    case .direct: ic_conv_packed_floats(&conv, source.c)
    }
  }
}
