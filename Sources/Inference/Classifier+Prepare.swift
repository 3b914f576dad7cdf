import Digests
import Execution
public import Faults
public import Images
import Models
import Requests
import Tensors

extension Classifier {
  /// Validates, decodes, orients, scales and crops one image, or takes an array as it is.
  ///
  /// An `.npy` file holds either a model input, floating-point [C, H, W] or [1, C, H, W], channels
  /// last where the model's are (integers where it takes them), or an RGB image, uint8 [H, W, 3].
  /// - Parameters:
  ///   - declared: the type that the file name or the sender states.
  ///   - label: the class the sender says it shows, for the target `label`.
  /// - Throws: `Fault` as the contract's validation table has it.
  public func prepare(
    _ bytes: [UInt8], declared: MediaType? = nil, label: String? = nil
  ) throws(Fault) -> PreparedInput {
    let digest = bytes.withUnsafeBytes { SHA256.hex(of: $0) }
    let started = milliseconds()
    if bytes.withUnsafeBytes({ NPY.isNPY($0) }) {
      return try prepareArray(bytes, digest, label, started)
    }
    let decoded = try bytes.withUnsafeBytes { raw in
      Result { () throws(Fault) in
        try DecodedImage.decode(raw, declared: declared, options: request.decoding)
      }
    }.get()
    let header = decoded.header
    return try prepareImage(decoded.pixels, label, started) { resized in
      SourceFacts(
        sha256: digest, bytes: bytes.count, format: header.format.rawValue, width: header.width,
        height: header.height, orientation: header.orientation.rawValue, resized: resized,
        warnings: decoded.warnings, partial: decoded.partial)
    }
  }

  /// Scales and crops an upright picture.
  func prepareImage(
    _ pixels: PixelBuffer, _ label: String?, _ started: Double,
    facts: (PixelSize?) -> SourceFacts
  ) throws(Fault) -> PreparedInput {
    var upright = pixels
    var resized: PixelSize?
    if let side = request.resizeLongestSide {
      let size = upright.size.fitting(longestSide: side)
      if size != upright.size {
        upright = try upright.resized(to: size, filter: .bilinear)
        resized = size
      }
    }
    let decodedAt = milliseconds()
    let input = model.spec.input
    let geometry = try InputGeometry(
      upright: upright.size, input: PixelSize(width: input.width, height: input.height),
      resize: ResizeRule(input.resize.mode), crop: input.crop == .center ? .center : .none)
    let color = input.color == .gray ? try upright.gray() : upright
    let view = try color.modelView(geometry, filter: ResampleFilter(input.resize.filter))
    return PreparedInput(
      source: facts(resized), decodeMilliseconds: decodedAt - started,
      preprocessMilliseconds: milliseconds() - decodedAt,
      content: .image(
        view: view, geometry: geometry, upright: keepsUpright ? upright : nil),
      label: label)
  }

  /// Whether a heatmap is drawn over the image at its own size.
  private var keepsUpright: Bool {
    let options = request.gradCAM
    return options.enabled && options.overlay && options.resolution != .model
      && options.resolution != .cam && options.formats.contains(.png)
  }
}

extension ResizeRule {
  init(_ mode: ModelSpec.Resize.Mode) {
    switch mode {
    case .stretch: self = .stretch
    case .shortSide(let side): self = .shortSide(side)
    }
  }
}

extension ResampleFilter {
  init(_ filter: ModelSpec.Resize.Filter) {
    switch filter {
    case .nearest: self = .nearest
    case .bilinear: self = .bilinear
    case .bicubic: self = .bicubic
    case .lanczos: self = .lanczos
    }
  }
}
