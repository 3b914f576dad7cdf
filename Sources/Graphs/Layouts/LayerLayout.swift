public import Tensors

/// How the feature map of one image lies in a value: which axis holds the channels, and where the
/// cells of the grid are.
///
/// The value may be planes [N, C, H, W], cells [N, H, W, C], or a sequence [N, T, C] of cells, row by
/// row, between tokens that stand for no place (class token, registers).
public struct LayerLayout: Hashable, Sendable {
  /// The axes in order: C channels, H rows, W columns, T the cells row by row, N and 1 a single one.
  public let axes: String
  public let channels: Int
  /// Rows of the grid.
  public let height: Int
  /// Columns of the grid.
  public let width: Int
  /// The tokens before the cells; `nil` where there is no sequence of tokens.
  public let prefixTokens: Int?
  /// The tokens after the cells.
  public let suffixTokens: Int
  /// Elements before the first cell, and between neighbouring channels, rows and columns.
  let offset, channelStride, rowStride, columnStride: Int

  /// Planes [1, C, H, W].
  public init(planes shape: Shape) {
    precondition(shape.rank == 4 && shape[0] == 1)
    self.init(
      axes: "NCHW", channels: shape[1], height: shape[2], width: shape[3], prefixTokens: nil,
      suffixTokens: 0, offset: 0, channelStride: shape[2] * shape[3], rowStride: shape[3],
      columnStride: 1)
  }

  init(
    axes: String, channels: Int, height: Int, width: Int, prefixTokens: Int?, suffixTokens: Int,
    offset: Int, channelStride: Int, rowStride: Int, columnStride: Int
  ) {
    self.axes = axes
    self.channels = channels
    self.height = height
    self.width = width
    self.prefixTokens = prefixTokens
    self.suffixTokens = suffixTokens
    self.offset = offset
    self.channelStride = channelStride
    self.rowStride = rowStride
    self.columnStride = columnStride
  }

  /// The axes that the cells lie along.
  public var placeAxes: [Int] {
    axes.enumerated().filter { "HWT".contains($0.element) }.map(\.offset)
  }

  /// The feature map as planes [1, C, H, W], without the tokens beside it.
  /// - Parameter value: float32, of this layout.
  public func planes(of value: Tensor) -> Tensor {
    let shape: Shape = [1, channels, height, width]
    if offset == 0, columnStride == 1, rowStride == width, channelStride == height * width,
      value.elementCount == shape.elementCount
    {
      return value.reshaped(shape)
    }
    let planes = Tensor(uninitialized: .float32, shape)
    value.aligned().withElements(of: Float.self) { elements in
      planes.withMutableElements(of: Float.self) { result in
        var place = 0
        for channel in 0..<channels {
          for row in 0..<height {
            var source = offset + channel * channelStride + row * rowStride
            for _ in 0..<width {
              result[place] = elements[source]
              source += columnStride
              place += 1
            }
          }
        }
      }
    }
    return planes
  }
}
