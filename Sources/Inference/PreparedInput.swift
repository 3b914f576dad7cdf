import Execution
public import Images
import Tensors

/// What a result says about where it comes from.
public struct SourceFacts: Sendable, Hashable {
  /// The SHA-256 of the file's bytes in hexadecimal.
  public let sha256: String
  /// The size of the file.
  public let bytes: Int
  /// `jpeg`, `png`, `tiff`, `bmp` or `npy`.
  public let format: String
  /// Stored width in pixels, before the orientation is applied; `nil` for a tensor.
  public let width: Int?
  /// Stored height in pixels, before the orientation is applied; `nil` for a tensor.
  public let height: Int?
  /// The EXIF orientation, 1 to 8; `nil` for a tensor.
  public let orientation: Int?
  /// The size that `resize` scaled the upright image to, when it did.
  public let resized: PixelSize?
  /// The fraction 1 / 2, 1 / 4 or 1 / 8 of its size that a JPEG was decoded at; 1 for all of it.
  public let shrink: Int
  /// Notes such as `trailing_bytes:12`.
  public let warnings: [String]
  /// Whether damage was tolerated.
  public let partial: Bool
}

/// One image ready for the network.
public struct PreparedInput: Sendable {
  public let source: SourceFacts
  /// Milliseconds from bytes to upright pixels, or to the model's view where both are one pass.
  public let decodeMilliseconds: Double
  /// Milliseconds from upright pixels to the model's view.
  public let preprocessMilliseconds: Double
  let content: Content
  /// The class the sender says it shows: an id, a label or an index.
  let label: String?

  enum Content: Sendable {
    /// The model's view of an image, and the upright image where a heatmap needs it.
    case image(view: PixelBuffer, geometry: InputGeometry, upright: PixelBuffer?)
    /// A model input [1, C, H, W] that needs no preprocessing.
    case tensor(Tensor)
  }

  /// Bytes that the input holds until it is released.
  public var byteCount: Int {
    switch content {
    case .image(let view, _, let upright): view.byteCount + (upright?.byteCount ?? 0)
    case .tensor(let tensor): tensor.byteCount
    }
  }

  /// Writes the input of an image into the memory of a network.
  func write(
    _ normalization: Normalization, isChannelsLast: Bool, to workspace: Workspace, image: Int
  ) {
    switch content {
    case .image(let view, _, _):
      let target = workspace.inputTarget(image: image)
      let channels = normalization.order.channels
      normalization.write(
        view, to: target.base, planeStride: isChannelsLast ? 1 : target.planeStride,
        rowStride: isChannelsLast ? view.width * channels : target.rowStride,
        pixelStride: isChannelsLast ? channels : 1)
    case .tensor(let tensor):
      workspace.setInput(tensor, image: image)
    }
  }
}
