internal import CKernels

/// An elementwise operation of two operands.
public enum BinaryOperation: Int, Sendable, CaseIterable {
  case add = 0
  case subtract = 1
  case multiply = 2
  case divide = 3
  case maximum = 4
  case minimum = 5

  var c: ic_binary_op { ic_binary_op(UInt32(rawValue)) }
}

/// One float per channel: the same for all images, or a row per image.
public struct ChannelVector {
  public var base: UnsafePointer<Float>
  /// Floats from one image's vector to the next; 0 shares one vector.
  public var imageStride: Int

  public init(base: UnsafePointer<Float>, imageStride: Int = 0) {
    self.base = base
    self.imageStride = imageStride
  }
}

extension BlockedKernels {
  /// Computes `activation(a operation b)`; any of the three may be the same view.
  public func binary(
    _ operation: BinaryOperation, _ a: BlockedView, _ b: BlockedView, output: BlockedView,
    activation: FusedActivation = .none, images: Int, share: Share = .whole
  ) {
    precondition(a.layout.hasExtents(of: output.layout) && b.layout.hasExtents(of: output.layout))
    guard let a = a.rows(of: share), let b = b.rows(of: share), let output = output.rows(of: share)
    else { return }
    var epilogue = activation.c(beforeResidual: false)
    var (left, right, result) = (a.c, b.c, output.c)
    ic_blocked_binary(table, operation.c, &epilogue, &left, &right, &result, images)
  }

  /// Computes `activation(input * scale[c] + shift[c])`, in place if wanted.
  ///
  /// Serves BatchNormalization, the product of squeeze-and-excitation, a per-channel addition,
  /// and a bare activation.
  public func affine(
    _ input: BlockedView, scale: ChannelVector? = nil, shift: ChannelVector? = nil,
    output: BlockedView, activation: FusedActivation = .none, images: Int, share: Share = .whole
  ) {
    precondition(input.layout.hasExtents(of: output.layout))
    guard let input = input.rows(of: share), let output = output.rows(of: share) else { return }
    var epilogue = activation.c(beforeResidual: false)
    var (source, result) = (input.c, output.c)
    ic_blocked_affine(
      table, &epilogue, &source, scale?.base, scale?.imageStride ?? 0, shift?.base,
      shift?.imageStride ?? 0, &result, images)
  }

  /// Copies `count` channels; the other channels of `output` keep their values.
  ///
  /// The parts of a concatenation and of a split are written with this, one call each.
  public func copyChannels(
    _ input: BlockedView, from: Int, to output: BlockedView, at: Int, count: Int, images: Int
  ) {
    precondition(from >= 0 && count > 0 && from + count <= input.layout.channels)
    precondition(at >= 0 && at + count <= output.layout.channels)
    precondition(
      input.layout.height == output.layout.height && input.layout.width == output.layout.width)
    var (source, result) = (input.c, output.c)
    ic_blocked_copy_channels(table, &source, from, &result, at, count, images)
  }

  /// Writes channel c of `output` from channel `channels[c]` of `input`, as a channel shuffle does.
  public func gatherChannels(
    _ input: BlockedView, channels: [Int32], output: BlockedView, images: Int,
    share: Share = .whole
  ) {
    precondition(channels.count == output.layout.channels)
    precondition(channels.allSatisfy { $0 >= 0 && $0 < input.layout.channels })
    precondition(
      input.layout.height == output.layout.height && input.layout.width == output.layout.width)
    guard let input = input.rows(of: share), let output = output.rows(of: share) else { return }
    var (source, result) = (input.c, output.c)
    ic_blocked_gather_channels(&source, channels, &result, images)
  }

  /// Writes zeros around every plane.
  public func zeroHalo(_ view: BlockedView, images: Int) {
    var view = view.c
    ic_blocked_zero_halo(&view, images)
  }
}
