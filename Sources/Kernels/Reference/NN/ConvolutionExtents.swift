public import Tensors

/// The extents of a convolution, with everything resolved.
///
/// Shapes: `input` is [N, C, spatial...], `weight` is [M, C / group, kernel...], `output` is
/// [N, M, spatial...]. A transposed convolution is described by the convolution it reverses: its
/// input is `output` here.
public struct ConvolutionExtents: Sendable, Hashable {
  public let batch: Int
  public let inputChannels: Int
  public let outputChannels: Int
  public let group: Int
  public let window: WindowGeometry

  public init(
    batch: Int, inputChannels: Int, outputChannels: Int, group: Int, window: WindowGeometry
  ) {
    self.batch = batch
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.group = group
    self.window = window
  }

  public var input: Shape { Shape([batch, inputChannels] + window.axes.map(\.input)) }
  public var output: Shape { Shape([batch, outputChannels] + window.axes.map(\.output)) }
  /// Channels of the input that one filter sees.
  public var inputChannelsPerGroup: Int { inputChannels / group }
  public var outputChannelsPerGroup: Int { outputChannels / group }
  /// Whether every channel is convolved on its own.
  public var isDepthwise: Bool { group == inputChannels && group > 1 }
}
